"""Salesforce's values as ours, and ours as Salesforce's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Description, Record, RemoteKind
from crmapp.i18n import N_, Text

NUMBERS = frozenset({RemoteKind.NUMBER, RemoteKind.MONEY, RemoteKind.PERCENT})
_READ = NUMBERS | {RemoteKind.INTEGER, RemoteKind.DATE, RemoteKind.DATE_TIME}
"""The kinds whose texts mean something else; any other text is taken as it is."""
NOTHING = "#N/A"
"""What empties a field in a file of the Bulk API; an empty cell leaves it alone."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_ADDRESS = ("street", "postalCode", "city", "state", "country")


def named(name: str) -> str:
    """Return a name that may stand in a question or a path.

    Raises:
        ConfigBroken: no field or object can be called so.
    """
    if not _NAME.fullmatch(name):
        raise ConfigBroken(
            Text(N_("Salesforce has nothing that is called %(field)s."), {"field": name}),
            field=name,
        )
    return name


def quoted(text: str) -> str:
    """Return a text as a literal of SOQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f"'{escaped}'"


def stamp(moment: datetime) -> str:
    """Return a moment as SOQL and the interface write it."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


Kinds = Mapping[str, RemoteKind]


def kinds_of(described: Description, names: Iterable[str]) -> Kinds:
    """Return the kinds of the fields that are read, by name, for :func:`record`."""
    by_name = {field.name: field.kind for field in described.fields}
    return {name: by_name.get(name, RemoteKind.OTHER) for name in names}


def record(row: Mapping[str, Any], kinds: Kinds) -> Record:
    """Return a row of an answer as a record of the fields that were asked for.

    What lies behind a reference has a dotted name; it is None if the reference is empty.
    """
    found = {}
    for name, kind in kinds.items():
        raw = _behind(row, name) if "." in name else row.get(name)
        is_plain = raw is None or (raw.__class__ is str and kind not in _READ)
        found[name] = raw if is_plain else _value(raw, kind)
    return found


def _behind(row: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(row, dict):
            return None
        row = row.get(part)
    return row


def _value(raw: Any, kind: RemoteKind) -> Any:
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, dict):
        return _compound(raw)
    if kind in NUMBERS:
        return Decimal(str(raw))
    if kind is RemoteKind.INTEGER:
        return int(raw)
    if kind is RemoteKind.DATE:
        return date.fromisoformat(str(raw)[:10])
    if kind is RemoteKind.DATE_TIME:
        return moment(str(raw))
    return raw if isinstance(raw, int | Decimal) else str(raw)


def moment(text: str) -> datetime:
    """Return a moment written like ``2026-11-01T10:00:00.000+0000``."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is UTC else read.astimezone(UTC)


def _compound(raw: Mapping[str, Any]) -> str | None:
    """Return an address as its lines, a location as its two numbers."""
    if "city" not in raw and "latitude" in raw:
        parts = [str(raw[name]) for name in ("latitude", "longitude") if raw.get(name) is not None]
        return ", ".join(parts) or None
    street, code, city, state, country = (str(raw.get(name) or "").strip() for name in _ADDRESS)
    lines = [street, f"{code} {city}".strip(), state, country]
    return "\n".join(line for line in lines if line) or None


def to_json(value: Any) -> Any:
    """Return a value as the interface takes it in JSON; no text is no value."""
    if value == "":
        return None
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        near = float(value)
        # More digits than a float holds go as text, which Salesforce reads as the number it is.
        return near if Decimal(repr(near)) == value else format(value, "f")
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def to_csv(value: Any) -> str:
    """Return a value as the Bulk API takes it in a file."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(to_json(value))
