"""New fields and objects, cut from recorded ones so that none of their keys is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from crmapp.connectors.sandbox.salesforce.schema import Field, Raw, SObject

_FOLDER = Path(__file__).with_name("described")
# A recorded field of each type to cut new ones from.
_PATTERNS = {
    "string": ("Account", "Site"),
    "picklist": ("Account", "Industry"),
    "multipicklist": ("Account", "Industry"),
    "textarea": ("Account", "Description"),
    "richtext": ("Account", "Description"),
    "reference": ("Account", "ParentId"),
    "boolean": ("Account", "IsDeleted"),
    "double": ("Account", "BillingLatitude"),
    "currency": ("Account", "AnnualRevenue"),
    "percent": ("Opportunity", "Probability"),
    "int": ("Account", "NumberOfEmployees"),
    "date": ("Account", "LastActivityDate"),
    "datetime": ("Account", "SystemModstamp"),
    "time": ("Account", "LastActivityDate"),
    "phone": ("Account", "Fax"),
    "url": ("Account", "Website"),
    "email": ("Contact", "Email"),
    "id": ("Account", "Id"),
    "location": ("Account", "BillingAddress"),
}
_CHANGES: dict[str, dict[str, Any]] = {
    "multipicklist": {
        "type": "multipicklist", "length": 4099, "byteLength": 12297, "precision": 4,
        "groupable": False, "sortable": False, "aggregatable": False,
    },
    "richtext": {
        "type": "textarea", "length": 32768, "byteLength": 98304, "htmlFormatted": True,
        "extraTypeInfo": "richtextarea",
    },
    "boolean": {"defaultValue": False, "nillable": False, "defaultedOnCreate": True},
    "datetime": {"defaultedOnCreate": False},
    "time": {"type": "time", "soapType": "xsd:time"},
    "double": {"precision": 18, "scale": 0, "compoundFieldName": None},
    "location": {"type": "location", "soapType": "urn:location"},
}  # fmt: skip
_ABLE = (
    "createable", "updateable", "deletable", "queryable", "retrieveable", "replicateable",
    "searchable", "undeletable", "custom",
)  # fmt: skip
_OPEN = {"createable": True, "updateable": True, "permissionable": True, "nillable": True}


@cache
def recorded(name: str) -> Any:
    """Return a recorded describe; it must not be changed."""
    return json.loads((_FOLDER / f"{name}.json").read_text())


def cut(name: str, type: str, label: str, **changes: Any) -> Field:
    """Make a field of the org itself, like a recorded one of the same type.

    ``values`` are those of a pick list, ``formula`` the SQL of a calculated field.
    """
    formula = changes.pop("formula", None)
    values = changes.pop("values", None)
    raw: Raw = {**_pattern(type), **_OPEN, **_CHANGES.get(type, {})}
    raw |= {"name": name, "label": label, "custom": name.endswith(("__c", "__s"))}
    if values is not None:
        raw["picklistValues"] = pick_list(values)
    if type == "reference":
        raw["relationshipName"] = name.replace("__c", "__r").removesuffix("Id")
    if "length" in changes:
        raw["byteLength"] = changes["length"] * 3
    if formula:
        raw |= {"calculated": True, "createable": False, "updateable": False}
    if changes.get("externalId"):
        raw["idLookup"] = True
    return Field({**raw, **changes}, formula)


def pick_list(values: Sequence[str]) -> list[Raw]:
    return [
        {"active": True, "defaultValue": False, "label": each, "validFor": None, "value": each}
        for each in values
    ]


def borrowed(object: str, *names: str) -> list[Field]:
    """Return recorded fields as they are."""
    found = {each["name"]: each for each in recorded(object)["fields"]}
    return [Field(found[name]) for name in names]


def system_fields() -> list[Field]:
    """Return what every record has, but its id."""
    return borrowed(
        "Account", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById",
        "SystemModstamp",
    )  # fmt: skip


def extended(base: SObject, more: Sequence[Field]) -> SObject:
    """Return an object with more fields; one of the same name takes the other's place."""
    return SObject(base.raw, {**base.fields, **{each.name.lower(): each for each in more}})


def custom_object(
    name: str, label: str, plural: str, prefix: str, fields: Sequence[Field], **changes: Any
) -> SObject:
    """Make an object like the recorded custom one."""
    text = json.dumps({key: v for key, v in recorded("Custom__c").items() if key != "fields"})
    raw: Raw = json.loads(text.replace("Custom__c", name))
    raw |= {"name": name, "label": label, "labelPlural": plural, "keyPrefix": prefix}
    raw |= dict.fromkeys(_ABLE, True)
    return SObject({**raw, **changes}, {each.name.lower(): each for each in fields})


def _pattern(type: str) -> Mapping[str, Any]:
    object, name = _PATTERNS[type]
    fields: list[Raw] = recorded(object)["fields"]
    return next(each for each in fields if each["name"] == name)
