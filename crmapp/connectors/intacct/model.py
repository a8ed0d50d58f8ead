"""What the model service of REST says of an object, in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue

FORMATS = {
    "date": RemoteKind.DATE,
    "date-time": RemoteKind.DATE_TIME,
    "time": RemoteKind.TIME,
    "email": RemoteKind.EMAIL,
    "uri": RemoteKind.URL,
}
TYPES = {
    "boolean": RemoteKind.YES_NO,
    "integer": RemoteKind.INTEGER,
    "number": RemoteKind.NUMBER,
    "array": RemoteKind.MULTI_PICK_LIST,
    "string": RemoteKind.TEXT,
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF_REFERENCES = ("key", "id", "href", "name")


def description(object: str, model: Mapping[str, Any]) -> Description:
    """Return the result of ``/services/core/model`` as a description, with dotted names."""
    return Description(object, _label(object.rpartition("/")[2]), tuple(_fields(model, "")))


def _fields(part: Mapping[str, Any], prefix: str) -> Iterator[RemoteField]:
    for name, each in _items(part, "fields"):
        if name != "href":
            yield _field(f"{prefix}{name}", each)
    for name, group in _items(part, "groups"):
        yield from _fields(group, f"{prefix}{name}.")
    for name, reference in _items(part, "refs"):
        yield from _reference(f"{prefix}{name}", reference)


def _items(part: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give out what is called ``name``; where there is none, it is an empty list."""
    found = part.get(name)
    if isinstance(found, Mapping):
        yield from found.items()


def _reference(path: str, reference: Mapping[str, Any]) -> Iterator[RemoteField]:
    """Give out the id of what is referred to, and what of it can be written along."""
    fields = dict(_items(reference, "fields"))
    target = str(reference.get("apiObject") or "")
    if "id" in fields:
        name = f"{path}.name" if "name" in fields else None
        yield _field(f"{path}.id", fields["id"], target, name)
    rest = {name: each for name, each in fields.items() if name not in _OF_REFERENCES}
    yield from _fields({**reference, "fields": rest}, f"{path}.")


def _field(
    name: str, each: Mapping[str, Any], refers_to: str = "", name_path: str | None = None
) -> RemoteField:
    readonly = bool(each.get("readOnly"))
    choices = each.get("enum") or (each.get("items") or {}).get("enum") or ()
    type, format = str(each.get("type") or "string"), str(each.get("format") or "")
    folder, _dot, leaf = name.rpartition(".")
    label = each.get("label")
    return RemoteField(
        name=name,
        label=str(label) if label else _label(folder if refers_to else name),
        kind=RemoteKind.REFERENCE if refers_to else _kind(name, type, format, bool(choices)),
        type=f"{type} {format}".strip(),
        custom="::" in name,
        required=bool(each.get("required")) and not readonly,
        creatable=not readonly and name != "key",
        updatable=not readonly and bool(each.get("mutable", True)) and name != "key",
        unique=name in ("key", "id"),
        external_id=name in ("key", "id"),
        length=each.get("maxLength"),
        values=tuple(RemoteValue(str(one), str(one)) for one in choices if one is not None),
        refers_to=(refers_to,) if refers_to else (),
        name_path=name_path,
        part_of=folder if folder and not refers_to and leaf != "id" else None,
    )


def _kind(name: str, type: str, format: str, has_choices: bool) -> RemoteKind:
    if name == "key":
        return RemoteKind.ID
    if format.startswith("decimal-precision"):
        return RemoteKind.MONEY if format.endswith("-2") else RemoteKind.NUMBER
    if has_choices and type == "string":
        return RemoteKind.PICK_LIST
    return FORMATS.get(format) or TYPES.get(type, RemoteKind.OTHER)


def _label(path: str) -> str:
    """Return words for a path: ``contacts.default.printAs`` is *Contacts: default: print as*."""
    parts = [
        _HUMP.sub(" ", part).replace("-", " ").replace("_", " ").lower()
        for part in path.replace("nsp::", "").split(".")
    ]
    words = ": ".join(parts)
    return words[:1].upper() + words[1:]
