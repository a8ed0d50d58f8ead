"""Salesforce's description of an object, in our words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue

KINDS = {
    "string": RemoteKind.TEXT,
    "encryptedstring": RemoteKind.TEXT,
    "textarea": RemoteKind.LONG_TEXT,
    "picklist": RemoteKind.PICK_LIST,
    "combobox": RemoteKind.PICK_LIST,
    "multipicklist": RemoteKind.MULTI_PICK_LIST,
    "reference": RemoteKind.REFERENCE,
    "boolean": RemoteKind.YES_NO,
    "int": RemoteKind.INTEGER,
    "long": RemoteKind.INTEGER,
    "double": RemoteKind.NUMBER,
    "currency": RemoteKind.MONEY,
    "percent": RemoteKind.PERCENT,
    "date": RemoteKind.DATE,
    "datetime": RemoteKind.DATE_TIME,
    "time": RemoteKind.TIME,
    "phone": RemoteKind.PHONE,
    "email": RemoteKind.EMAIL,
    "url": RemoteKind.URL,
    "id": RemoteKind.ID,
    "address": RemoteKind.ADDRESS,
    "location": RemoteKind.LOCATION,
}
# Objects whose records have no field that is called Name.
NAMES = {
    "Case": "CaseNumber",
    "Contract": "ContractNumber",
    "Event": "Subject",
    "Order": "OrderNumber",
    "Solution": "SolutionName",
    "Task": "Subject",
}


def description(
    described: Mapping[str, Any], visible: Collection[str] | None = None
) -> Description:
    """Return the answer of ``/sobjects/…/describe`` as a description.

    ``visible`` are the objects that the user may read, if that is known: behind a reference to
    any other one no name can be read.
    """
    return Description(
        object=str(described["name"]),
        label=str(described["label"]),
        fields=tuple(_field(each, visible) for each in described["fields"]),
    )


def refers(described: Mapping[str, Any]) -> bool:
    """Say whether an answer of ``/sobjects/…/describe`` has a reference with a name behind it."""
    return any(_name_path(each, None) for each in described["fields"])


def queryable(listed: Mapping[str, Any]) -> frozenset[str]:
    """Return the objects in the answer of ``/sobjects`` whose records the user may read."""
    return frozenset(each["name"] for each in listed["sobjects"] if each.get("queryable"))


def _field(each: Mapping[str, Any], visible: Collection[str] | None) -> RemoteField:
    compound = each.get("compoundFieldName")
    return RemoteField(
        name=each["name"],
        label=each["label"],
        kind=_kind(each),
        type=each["type"],
        custom=bool(each.get("custom")),
        required=_required(each),
        creatable=bool(each.get("createable")),
        updatable=bool(each.get("updateable")),
        calculated=bool(each.get("calculated")),
        external_id=bool(each.get("externalId")),
        unique=bool(each.get("unique")),
        length=each.get("length") or None,
        precision=each.get("precision") or each.get("digits") or None,
        scale=each.get("scale") if each.get("precision") else None,
        values=tuple(
            RemoteValue(str(one["value"]), str(one["label"]), bool(one["active"]))
            for one in each.get("picklistValues") or ()
        ),
        refers_to=tuple(each.get("referenceTo") or ()),
        name_path=_name_path(each, visible),
        part_of=compound if compound != each["name"] else None,
        help=each.get("inlineHelpText") or "",
    )


def _kind(each: Mapping[str, Any]) -> RemoteKind:
    if each.get("htmlFormatted") or each.get("extraTypeInfo") == "richtextarea":
        return RemoteKind.RICH_TEXT
    return KINDS.get(each["type"], RemoteKind.OTHER)


def _required(each: Mapping[str, Any]) -> bool:
    """Say whether a new record needs a value; a check box that is not given is unticked."""
    return bool(
        each.get("createable")
        and not each.get("nillable")
        and not each.get("defaultedOnCreate")
        and each["type"] != "boolean"
    )


def _name_path(each: Mapping[str, Any], visible: Collection[str] | None) -> str | None:
    relation, targets = each.get("relationshipName"), each.get("referenceTo") or ()
    if each["type"] != "reference" or not relation or not targets:
        return None
    if visible is not None and not any(target in visible for target in targets):
        return None
    name = NAMES.get(targets[0], "Name") if len(targets) == 1 else "Name"
    return f"{relation}.{name}"
