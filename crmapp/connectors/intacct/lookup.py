"""What ``lookup`` says of an object, in our words."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue

KINDS = {
    "TEXT": RemoteKind.TEXT,
    "SEQUENCE": RemoteKind.TEXT,
    "TEXTAREA": RemoteKind.LONG_TEXT,
    "INTEGER": RemoteKind.INTEGER,
    "DECIMAL": RemoteKind.NUMBER,
    "NUMBER": RemoteKind.NUMBER,
    "CURRENCY": RemoteKind.MONEY,
    "PERCENT": RemoteKind.PERCENT,
    "BOOLEAN": RemoteKind.YES_NO,
    "DATE": RemoteKind.DATE,
    "TIMESTAMP": RemoteKind.DATE_TIME,
    "ENUM": RemoteKind.PICK_LIST,
    "PICKLIST": RemoteKind.PICK_LIST,
    "MULTIPICKLIST": RemoteKind.MULTI_PICK_LIST,
    "EMAIL": RemoteKind.EMAIL,
    "PHONE": RemoteKind.PHONE,
    "URL": RemoteKind.URL,
}


def description(object: str, data: Element, key: str) -> Description:
    """Return the data of a ``lookup`` as a description; ``key`` is the field that never changes."""
    type = data.find("Type")
    whole = data if type is None else type
    relations = {
        (each.findtext("RELATEDBY") or "").strip(): (each.findtext("OBJECTNAME") or "").strip()
        for each in whole.findall("Relationships/Relationship")
    }
    fields = tuple(_field(each, relations, key) for each in whole.findall("Fields/Field"))
    return Description(object, object.capitalize(), fields)


def _field(each: Element, relations: dict[str, str], key: str) -> RemoteField:
    name = _text(each, "ID")
    type = _text(each, "DATATYPE").upper()
    values = tuple(
        RemoteValue(text, text)
        for text in ((one.text or "").strip() for one in each.findall("VALIDVALUES/VALIDVALUE"))
        if text
    )
    readonly = _text(each, "READONLY") == "true"
    label, help = _text(each, "LABEL"), _text(each, "DESCRIPTION")
    prefix, _dot, _rest = name.rpartition(".")
    return RemoteField(
        name=name,
        label=label or name,
        kind=_kind(name, type, bool(values), name in relations, key),
        type=type,
        custom=_text(each, "ISCUSTOM") == "true",
        required=_text(each, "REQUIRED") == "true" and not readonly,
        creatable=not readonly,
        updatable=not readonly and name != key,
        unique=name == key,
        external_id=name == key,
        values=values,
        refers_to=(relations[name],) if name in relations else (),
        part_of=prefix or None,
        help=help if help != label else "",
    )


def _kind(name: str, type: str, has_values: bool, refers: bool, key: str) -> RemoteKind:
    if name == key:
        return RemoteKind.ID
    if refers and type in ("TEXT", "SEQUENCE"):
        return RemoteKind.REFERENCE
    if has_values and type == "TEXT":
        return RemoteKind.PICK_LIST
    return KINDS.get(type, RemoteKind.OTHER)


def _text(each: Element, name: str) -> str:
    return (each.findtext(name) or "").strip()
