"""A database's values as ours, and the places of a reading as the database compares them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import types

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import RemoteKind
from crmapp.i18n import N_, Text

_NEVER = "0000-00-00"
"""How MySQL and MariaDB begin a date that is none."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?")
"""How texts of moments are written if they can be put in an order."""
_NUMBERS = (RemoteKind.NUMBER, RemoteKind.MONEY)
_READ = (RemoteKind.DATE, RemoteKind.DATE_TIME, *_NUMBERS)
"""Kinds whose texts mean something else."""
_TYPES: tuple[tuple[type[types.TypeEngine[Any]], RemoteKind], ...] = (
    (types.Boolean, RemoteKind.YES_NO),
    (types.Enum, RemoteKind.PICK_LIST),
    (types.DateTime, RemoteKind.DATE_TIME),
    (types.Date, RemoteKind.DATE),
    (types.Time, RemoteKind.TIME),
    (types.Integer, RemoteKind.INTEGER),
    (types.Numeric, RemoteKind.NUMBER),
    (types.Text, RemoteKind.LONG_TEXT),
    (types.String, RemoteKind.TEXT),
    (types.Uuid, RemoteKind.TEXT),
)
_VALUES: tuple[tuple[type, RemoteKind], ...] = (
    (bool, RemoteKind.YES_NO),
    (int, RemoteKind.INTEGER),
    (float, RemoteKind.NUMBER),
    (Decimal, RemoteKind.NUMBER),
    (datetime, RemoteKind.DATE_TIME),
    (date, RemoteKind.DATE),
    (time, RemoteKind.TIME),
    (str, RemoteKind.TEXT),
)


def kind_of_type(type: types.TypeEngine[Any]) -> RemoteKind:
    """Return the kind of a column by its type."""
    if getattr(type, "display_width", None) == 1 and type.__visit_name__ == "TINYINT":
        return RemoteKind.YES_NO  # so MySQL and MariaDB write BOOLEAN
    return next((kind for each, kind in _TYPES if isinstance(type, each)), RemoteKind.OTHER)


def kind_of_value(value: Any) -> RemoteKind:
    """Return the kind of a column by one of its values."""
    return next((kind for each, kind in _VALUES if isinstance(value, each)), RemoteKind.OTHER)


def column_from_sql(values: Sequence[Any], kind: RemoteKind, zone: tzinfo) -> Sequence[Any]:
    """Return what :func:`from_sql` does of each value of a column; most are texts as they are."""
    if kind in _READ:
        return [from_sql(value, kind, zone) for value in values]
    return [
        value
        if value.__class__ is str and not value.startswith(_NEVER)
        else from_sql(value, kind, zone)
        for value in values
    ]


def from_sql(value: Any, kind: RemoteKind, zone: tzinfo) -> Any:
    """Return a value of a row; what cannot be read as its column's kind stays the text it is."""
    if value is None or (isinstance(value, str) and value.startswith(_NEVER)):
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, float | Decimal):
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        return number if number.is_finite() else None
    if kind is RemoteKind.YES_NO and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        return _from_text(value, kind, zone)
    if isinstance(value, int | date):
        return value
    return _as_text(value)


def _from_text(text: str, kind: RemoteKind, zone: tzinfo) -> Any:
    """Read a text of SQLite, which has no type of its own for a day, a moment or a decimal."""
    with suppress(ValueError, InvalidOperation):
        if kind is RemoteKind.DATE:
            return datetime.fromisoformat(text).date()
        if kind is RemoteKind.DATE_TIME:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if kind in _NUMBERS and (number := Decimal(text)).is_finite():
            return number
    return text


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)
    return value.isoformat() if isinstance(value, time) else str(value)


def key_of(value: Any) -> str | None:
    """Return what a row is known by, None if it has no key; padding is none of it."""
    if value is None:
        return None
    if value.__class__ is str:
        return value.strip() or None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = f"{value:f}" if isinstance(value, Decimal) else _as_text(value)
    return text.strip() or None


def kept(value: Any) -> Any:
    """Return a key or a stamp as a cursor keeps it: JSON from which :func:`found` finds it."""
    for name, type in _KEPT.items():
        if isinstance(value, type):
            return {name: value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).hex()}
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)  # such as a UUID, which databases read from a text


_KEPT: dict[str, type[datetime] | type[date] | type[time]] = {
    "datetime": datetime,
    "date": date,
    "time": time,
}


def found(kept: Any) -> Any:
    """Return what a cursor keeps as the database compares it."""
    if not isinstance(kept, dict):
        return kept
    ((name, text),) = kept.items()
    if name == "bytes":
        return bytes.fromhex(text)
    return Decimal(text) if name == "decimal" else _KEPT[name].fromisoformat(text)


def earlier(stamp: Any, by: timedelta, column: str) -> Any:
    """Return a stamp ``by`` less, as the column holds it.

    Raises:
        ConfigBroken: it is no moment.
    """
    if isinstance(stamp, datetime):
        return stamp - by
    if isinstance(stamp, date):
        return stamp - max(by, timedelta(days=1))
    if isinstance(stamp, str) and _MOMENT.fullmatch(stamp):
        with suppress(ValueError):
            moment = datetime.fromisoformat(stamp)
            if len(stamp) == 10:
                return (moment.date() - max(by, timedelta(days=1))).isoformat()
            # Less than the text of any moment within its second, whatever follows the seconds.
            return (moment - by).replace(microsecond=0, tzinfo=None).isoformat(stamp[10])
    raise ConfigBroken(
        Text(
            N_("%(field)s holds no dates or times. Choose another column of the last change."),
            {"field": column},
        ),
        field=column,
    )


def not_after(stamp: Any, moment: datetime, zone: tzinfo) -> Any:
    """Return ``stamp``, or ``moment`` as the column would hold it if that is earlier.

    A row that says it was changed in a year from now would hide for a year what changes.
    """
    there = moment.astimezone(zone).replace(tzinfo=None)
    if isinstance(stamp, datetime):
        return min(stamp, moment if stamp.tzinfo else there)
    if isinstance(stamp, date):
        return min(stamp, there.date())
    if isinstance(stamp, str) and _MOMENT.fullmatch(stamp):
        with suppress(ValueError):
            told = datetime.fromisoformat(stamp)
            latest = moment.astimezone(told.tzinfo or zone)
            if told.replace(tzinfo=told.tzinfo or zone) > latest:
                if len(stamp) == 10:
                    return latest.date().isoformat()
                return latest.replace(tzinfo=None).isoformat(stamp[10], "seconds")
    return stamp
