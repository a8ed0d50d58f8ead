"""What an org consists of: objects and fields, each with all that a describe says of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Raw = dict[str, Any]
COMPOUND = ("address", "location")
NUMBERS = ("double", "currency", "percent")
_PARTS = {
    "street": "Street",
    "city": "City",
    "state": "State",
    "postalCode": "PostalCode",
    "country": "Country",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "geocodeAccuracy": "GeocodeAccuracy",
}


@dataclass(frozen=True)
class Field:
    """One field: ``raw`` is its describe, ``formula`` the SQL of one that is calculated."""

    raw: Raw
    formula: str | None = None

    @property
    def name(self) -> str:
        return str(self.raw["name"])

    @property
    def label(self) -> str:
        return str(self.raw["label"])

    @property
    def type(self) -> str:
        return str(self.raw["type"])

    @property
    def column(self) -> str:
        return f'"{self.name}"'

    @property
    def is_stored(self) -> bool:
        return self.type not in COMPOUND

    @property
    def refers_to(self) -> list[str]:
        return list(self.raw["referenceTo"])

    @property
    def is_required(self) -> bool:
        """Whether a record cannot be made without a value."""
        raw = self.raw
        return (
            raw["createable"]
            and not raw["nillable"]
            and not raw["defaultedOnCreate"]
            and self.type != "boolean"
        )

    @property
    def is_key(self) -> bool:
        """Whether records can be upserted by it."""
        return bool(self.raw["externalId"] or self.raw["idLookup"])

    @cached_property
    def values(self) -> dict[str, Raw]:
        """The values of a pick list by their lower case."""
        return {str(each["value"]).lower(): each for each in self.raw["picklistValues"]}

    def declaration(self) -> str:
        """Return the column of a table that holds it."""
        kind = "TEXT COLLATE NOCASE"
        if self.type in ("boolean", "int"):
            kind = "INTEGER"
        elif self.type in NUMBERS:
            kind = "REAL"
        elif self.type in ("id", "reference", "date", "datetime", "time"):
            kind = "TEXT"
        made = f" GENERATED ALWAYS AS ({self.formula}) VIRTUAL" if self.formula else ""
        return f"{self.column} {kind}{made}"


@dataclass(frozen=True)
class SObject:
    """One object; fields by name in lower case, in the order of its describe."""

    raw: Raw
    fields: Mapping[str, Field]

    @property
    def name(self) -> str:
        return str(self.raw["name"])

    @property
    def label(self) -> str:
        return str(self.raw["label"])

    @property
    def prefix(self) -> str:
        return str(self.raw["keyPrefix"])

    @property
    def table(self) -> str:
        return f'"{self.name}"'

    @cached_property
    def relationships(self) -> dict[str, Field]:
        """The references by the name of their relationship in lower case."""
        return {
            str(each.raw["relationshipName"]).lower(): each
            for each in self.fields.values()
            if each.raw["relationshipName"] and each.refers_to
        }

    @cached_property
    def stored(self) -> list[Field]:
        return [each for each in self.fields.values() if each.is_stored]

    @cached_property
    def required(self) -> list[str]:
        """The names of the fields that a record cannot be made without."""
        return [each.name for each in self.fields.values() if each.is_required]

    @cached_property
    def defaults(self) -> dict[str, str | int | None]:
        """What a new record has in fields that nothing was said of."""
        found: dict[str, str | int | None] = {}
        for each in self.stored:
            if each.type == "boolean":
                found[each.name] = int(bool(each.raw["defaultValue"]))
            for value in each.values.values():
                if value["defaultValue"]:
                    found[each.name] = str(value["value"])
        return found

    @cached_property
    def name_field(self) -> Field | None:
        return next((each for each in self.fields.values() if each.raw["nameField"]), None)

    def parts(self, compound: Field) -> dict[str, Field]:
        """Return the fields that a compound field is made of, by their names in its value."""
        if compound.type == "location":
            stem = compound.name.removesuffix("__c")
            wanted = {name: f"{stem}__{name.title()}__s" for name in ("latitude", "longitude")}
        else:
            stem = compound.name.removesuffix("Address")
            wanted = {name: f"{stem}{part}" for name, part in _PARTS.items()}
        found = {name: self.fields.get(field.lower()) for name, field in wanted.items()}
        return {name: field for name, field in found.items() if field is not None}

    def without(self, hidden: Iterable[str]) -> SObject:
        """Return it as somebody sees it from whom the fields ``hidden`` are hidden."""
        lost = set(hidden)
        if not lost:
            return self
        return SObject(
            self.raw, {key: each for key, each in self.fields.items() if key not in lost}
        )

    def described(self, version: str, host: str) -> bytes:
        """Return its describe."""
        whole = {**self.raw, "fields": [each.raw for each in self.fields.values()]}
        return placed(json.dumps(whole, ensure_ascii=False), version, host).encode()

    def summary(self) -> Raw:
        """Return what the list of all objects says of it."""
        return {key: self.raw.get(key) for key in SUMMARY} | {
            "urls": {key: url for key, url in self.raw["urls"].items() if key in SUMMARY_URLS}
        }


SUMMARY = (
    "activateable", "associateEntityType", "associateParentEntity", "createable", "custom",
    "customSetting", "deepCloneable", "deletable", "deprecatedAndHidden", "feedEnabled",
    "hasSubtypes", "isInterface", "isSubtype", "keyPrefix", "label", "labelPlural", "layoutable",
    "mergeable", "mruEnabled", "name", "queryable", "replicateable", "retrieveable", "searchable",
    "triggerable", "undeletable", "updateable",
)  # fmt: skip
SUMMARY_URLS = (
    "compactLayouts", "rowTemplate", "approvalLayouts", "listviews", "describe", "quickActions",
    "layouts", "sobject",
)  # fmt: skip


def placed(text: str, version: str, host: str) -> str:
    """Put the version that is spoken, and our own address, into a recorded text."""
    return text.replace("/vxx.0/", f"/v{version}/").replace("https://orgname.example", host)


def sobject(raw: Raw, change: Callable[[Field], Field] = lambda field: field) -> SObject:
    """Make an object of its describe."""
    fields = [change(Field(each)) for each in raw["fields"]]
    rest = {key: value for key, value in raw.items() if key != "fields"}
    return SObject(rest, {each.name.lower(): each for each in fields})
