"""The model service: ``GET /services/core/model``, all objects or what one consists of."""

from __future__ import annotations

from typing import Any

from crmapp.connectors.sandbox.intacct.catalogue import Field, Kind, Object, Relationship
from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from crmapp.connectors.sandbox.intacct.values import NAMES

_METHODS = "OPTIONS,GET,POST,DELETE,PATCH"
_FORMATS = {
    Kind.DATE: "date", Kind.TIMESTAMP: "date-time", Kind.EMAIL: "email", Kind.URL: "uri",
    Kind.CURRENCY: "decimal-precision-2",
}  # fmt: skip
_TYPES = {
    Kind.BOOLEAN: "boolean", Kind.DECIMAL: "number", Kind.PERCENT: "number",
    Kind.MULTIPLE: "array",
}  # fmt: skip


def listed() -> list[dict[str, Any]]:
    """List the objects."""
    return [
        {
            "apiObject": f"objects/{each.rest}",
            "type": "rootObject",
            "httpMethods": _METHODS,
            "href": f"/services/core/model?version=v1&name=objects/{each.rest}",
        }
        for each in OBJECTS.values()
    ]


def dimensions() -> list[dict[str, Any]]:
    """List the dimensions, as ``GET /services/company-config/dimensions/list`` does."""
    return [
        {
            "dimensionName": each.rest.partition("::")[2] or each.name,
            "dimensionLabel": each.label,
            "termName": each.label,
            "isUserDefinedDimension": each.custom,
            "isEnabledInGL": True,
            "dimensionEndpoint": f"/objects/{each.rest}",
        }
        for each in OBJECTS.values()
        if each.dimension
    ]


def described(object: Object) -> dict[str, Any]:
    """Describe an object: its own fields, groups of fields, and what it refers to."""
    made: dict[str, Any] = {"fields": {}, "groups": {}}
    refs = {way.rest: way for way in object.relationships}
    for field in object.fields:
        folder, _dot, name = field.rest.rpartition(".")
        if not field.rest or folder in refs:
            continue
        _place(made, folder)[name] = _field(field)
    made["fields"]["href"] = _text(readonly=True)
    made["refs"] = {}
    for path, way in refs.items():
        group, _dot, name = path.rpartition(".")
        holder = made["groups"].setdefault(group, {"fields": {}}) if group else made
        holder.setdefault("refs", {})[name] = _reference(way)
    return made | {
        "apiObject": object.rest,
        "type": "rootObject",
        "httpMethods": _METHODS,
        "lists": [],
        "idempotenceSupported": True,
    }


def _place(made: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return where the fields of a group are kept: groups lie in groups."""
    for name in filter(None, folder.split(".")):
        made = made.setdefault("groups", {}).setdefault(name, {"fields": {}})
    fields: dict[str, Any] = made["fields"]
    return fields


def _field(field: Field) -> dict[str, Any]:
    whole = field.kind is Kind.INTEGER and field.rest not in ("key", *NAMES)
    made = _text(readonly=field.readonly, required=field.required)
    made["type"] = "integer" if whole else _TYPES.get(field.kind, "string")
    made["nullable"] = not field.required
    made["mutable"] = not field.readonly and field.rest != "id"
    if field.kind in _FORMATS:
        made["format"] = _FORMATS[field.kind]
    if field.length is not None:
        made["maxLength"] = field.length
    choices = [field.to_rest(each) for each in field.values]
    if field.kind is Kind.MULTIPLE:
        made["items"] = {"type": "string", "enum": choices}
    elif choices:
        made["enum"] = choices
    if field.custom:
        made["label"] = field.label
    return made


def _reference(way: Relationship) -> dict[str, Any]:
    other = OBJECTS[way.object]
    fields = {"key": _text(), "id": _text(), "href": _text(readonly=True)}
    if other.title != other.key:
        fields["name"] = _text(readonly=True)
    return {"apiObject": other.rest, "fields": fields}


def _text(*, readonly: bool = False, required: bool = False) -> dict[str, Any]:
    return {
        "type": "string",
        "readOnly": readonly,
        "writeOnly": False,
        "required": required,
        "nullable": True,
        "mutable": not readonly,
    }
