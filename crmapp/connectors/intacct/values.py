"""Intacct's values as ours, and ours as Intacct's, for both of its interfaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Description, Record, RemoteKind
from crmapp.i18n import N_, Text

NUMBERS = frozenset({RemoteKind.NUMBER, RemoteKind.MONEY, RemoteKind.PERCENT})
_READ = NUMBERS | {RemoteKind.INTEGER, RemoteKind.DATE, RemoteKind.DATE_TIME}
"""The kinds whose texts mean something else; any other text is taken as it is."""
DAY, MOMENT = "%m/%d/%Y", "%m/%d/%Y %H:%M:%S"
SEPARATOR = "#~#"
"""What stands between the values of a multi pick list in XML."""
_NAME = re.compile(r"[A-Za-z_][\w:-]*(\.[A-Za-z_][\w:-]*)*")
_PATH = re.compile(r"[A-Za-z][\w-]*(/[A-Za-z][\w:-]*)+")


def named(name: str) -> str:
    """Return the name of a field that may stand in a question.

    Raises:
        ConfigBroken: no field can be called so.
    """
    if not _NAME.fullmatch(name):
        raise _unknown(name)
    return name


def path_of(object: str) -> str:
    """Return an object as REST names it (``accounts-receivable/customer``)."""
    if not _PATH.fullmatch(object):
        raise _unknown(object)
    return object


def is_key(id: str) -> bool:
    """Say whether a record can have this number."""
    return id.isascii() and id.isdigit()


def key_of(value: object) -> str:
    """Return what a record is matched by as Intacct compares it."""
    return "" if value is None else str(value).strip()


def _unknown(name: str) -> ConfigBroken:
    return ConfigBroken(
        Text(N_("Intacct has nothing that is called %(field)s."), {"field": name}), field=name
    )


Kinds = Mapping[str, RemoteKind]


def kinds_of(described: Description, names: Iterable[str]) -> Kinds:
    """Return the kinds of the fields that are read, by name."""
    by_name = {field.name: field.kind for field in described.fields}
    return {name: by_name.get(name, RemoteKind.OTHER) for name in names}


def from_xml(text: str | None, kind: RemoteKind) -> Any:
    """Return a value of XML; what cannot be read as its field's type stays the text it is."""
    if not text or not (text := text.strip()):
        return None
    if kind not in _READ and kind is not RemoteKind.YES_NO:
        return text
    with suppress(ValueError, InvalidOperation):
        if kind is RemoteKind.INTEGER:
            return int(text)
        if kind in NUMBERS:
            return Decimal(text)
        if kind is RemoteKind.YES_NO:
            return text.lower() in ("true", "t", "yes", "1")
        if kind is RemoteKind.DATE:
            return date.fromisoformat(_iso(text))
        if kind is RemoteKind.DATE_TIME:
            return datetime.fromisoformat(f"{_iso(text)}T{text[11:] or '00:00:00'}+00:00")
    return text


def _iso(text: str) -> str:
    """Return the day of ``MM/DD/YYYY`` as ISO has it, faster than by a format."""
    return f"{text[6:10]}-{text[:2]}-{text[3:5]}"


def record_of_xml(row: Element, kinds: Kinds) -> Record:
    """Return an element as a record of the fields that were asked for."""
    texts = {each.tag: each.text for each in row}
    return {name: from_xml(texts.get(name), kind) for name, kind in kinds.items()}


def to_xml(value: Any) -> str:
    """Return a value as XML writes it; nothing is an empty text, which empties a field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(MOMENT)
    if isinstance(value, date):
        return value.strftime(DAY)
    # What XML cannot hold at all would make the whole request unreadable.
    return "".join(each for each in str(value) if each in "\t\n\r" or ord(each) >= 32)


def element(object: str, row: Record) -> Element:
    """Return a row as the element that is created or updated; dotted names lie in one another."""
    root = Element(object)
    for name, value in row.items():
        *folders, leaf = named(name).split(".")
        parent = root
        for folder in folders:
            found = parent.find(folder)
            parent = SubElement(parent, folder) if found is None else found
        SubElement(parent, leaf).text = to_xml(value)
    return root


def from_json(raw: Any, kind: RemoteKind) -> Any:
    """Return a value of REST."""
    if raw is None or raw == "" or isinstance(raw, bool):
        return None if raw == "" else raw
    if isinstance(raw, list):
        return SEPARATOR.join(map(str, raw)) or None
    with suppress(ValueError, InvalidOperation):
        if kind is RemoteKind.INTEGER:
            return int(raw)
        if kind in NUMBERS:
            return Decimal(str(raw))
        if kind is RemoteKind.DATE:
            return date.fromisoformat(str(raw)[:10])
        if kind is RemoteKind.DATE_TIME:
            moment = datetime.fromisoformat(str(raw))
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return raw if isinstance(raw, int | Decimal) else str(raw)


def record_of_json(row: Mapping[str, Any], kinds: Kinds) -> Record:
    """Return an object of JSON as a record of the fields that were asked for."""
    found = {}
    for name, kind in kinds.items():
        raw = row.get(name)
        is_plain = raw.__class__ is str and raw and kind not in _READ
        found[name] = raw if is_plain else from_json(raw, kind)
    return found


def to_json(value: Any) -> Any:
    """Return a value as REST takes it: amounts as texts, moments in UTC; no text is no value."""
    if value == "":
        return None
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value


def nested(row: Record) -> Mapping[str, Any]:
    """Return a row as REST takes it: ``term.id`` lies in ``term``."""
    root: dict[str, Any] = {}
    for name, value in row.items():
        *folders, leaf = named(name).split(".")
        parent = root
        for folder in folders:
            parent = parent.setdefault(folder, {})
        parent[leaf] = to_json(value)
    return root
