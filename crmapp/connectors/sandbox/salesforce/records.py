"""Records made, changed and deleted, checked as the real ones are."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.database import USER_ID, Database
from crmapp.connectors.sandbox.salesforce.errors import ApiError, no_such_column
from crmapp.connectors.sandbox.salesforce.schema import Field, SObject
from crmapp.connectors.sandbox.salesforce.values import Stored, stamp, stored

Given = Mapping[str, Any]
_LOCATIONS = "The number of locations cannot be negative."


class Ambiguous(Exception):
    """More than one record has the external id; ``ids`` are theirs."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        super().__init__(", ".join(ids))


@dataclass
class Writer:
    """Writes records of one object within a transaction that somebody else keeps.

    ``duplicate_rule`` is not empty if a new account may not have the name of another one.
    """

    database: Database
    connection: sqlite3.Connection
    object: SObject
    now: datetime
    user: str = USER_ID
    duplicate_rule: str = ""
    _known: set[tuple[str, str]] = field(default_factory=set)

    def insert(self, given: Given) -> str:
        """Make a record and return its id.

        Raises:
            ApiError: it is refused.
        """
        if not self.object.raw["createable"]:
            raise _not_allowed(self.object, "create")
        values = self._values(given, "createable")
        missing = [name for name in self.object.required if values.get(name) is None]
        if missing:
            raise _required(missing)
        if self.duplicate_rule and self.object.name == "Account":
            self._check_duplicates(str(values["Name"]))
        return self._insert(values)

    def put(self, values: Mapping[str, Stored], id: str | None = None) -> str:
        """Make a record of values that are known to be well, also of fields nobody may write."""
        return self._insert(dict(values), id)

    def update(self, id: str, given: Given) -> None:
        """Change a record.

        Raises:
            ApiError: it is refused, or there is no such record.
        """
        if not self.object.raw["updateable"]:
            raise _not_allowed(self.object, "update")
        before = self._existing(id)
        values = self._values(given, "updateable")
        emptied = [
            name
            for name, value in values.items()
            if value is None and self.object.fields[name.lower()].is_required
        ]
        if emptied:
            raise _required(emptied)
        values |= {"LastModifiedDate": stamp(self.now), "LastModifiedById": self.user}
        values["SystemModstamp"] = values["LastModifiedDate"]
        _name_person(self.object, {**dict(before), **values}, values)
        columns = ", ".join(f'"{name}" = ?' for name in values)
        self._execute(f"UPDATE {self.object.table} SET {columns} WHERE Id = ?", values, id)

    def delete(self, id: str) -> None:
        """Put a record into the recycle bin.

        Raises:
            ApiError: there is no such record.
        """
        if not self.object.raw["deletable"] or "isdeleted" not in self.object.fields:
            raise _not_allowed(self.object, "delete")
        self._existing(id)
        now = stamp(self.now)
        self.connection.execute(
            f"UPDATE {self.object.table} SET IsDeleted = 1, LastModifiedDate = ?,"
            " LastModifiedById = ?, SystemModstamp = ? WHERE Id = ?",
            [now, self.user, now, id],
        )

    def upsert(self, key: Field, value: Any, given: Given) -> tuple[str, bool]:
        """Change the record whose ``key`` is ``value``, or make one; return its id, and if new.

        Without a value a new record is made each time.

        Raises:
            Ambiguous: more than one record has it.
            ApiError: it is refused.
        """
        rest = {name: each for name, each in given.items() if name.lower() != key.name.lower()}
        if value is None or value == "":
            return self.insert(rest), True
        found = self.find(key, value)
        if len(found) > 1:
            raise Ambiguous(found)
        if found:
            self.update(found[0], rest)
            return found[0], False
        if key.type == "id":
            raise _invalid_reference()
        return self.insert({**rest, key.name: value}), True

    def find(self, key: Field, value: Any) -> list[str]:
        """Return the ids of the records whose ``key`` is ``value``."""
        alive = " AND IsDeleted = 0" if "isdeleted" in self.object.fields else ""
        rows = self.connection.execute(
            f"SELECT Id FROM {self.object.table} WHERE {key.column} = ?{alive} LIMIT 10",
            [stored(key, value)],
        )
        return [row["Id"] for row in rows]

    def _insert(self, values: dict[str, Stored], id: str | None = None) -> str:
        fields = self.object.fields
        now = stamp(self.now)
        id = id or self._next_id()
        made: dict[str, Stored] = {"Id": id, **self.object.defaults}
        made |= {name: value for name, value in values.items() if value is not None}
        system: dict[str, Stored] = {
            "OwnerId": self.user, "CreatedDate": now, "CreatedById": self.user,
            "LastModifiedDate": now, "LastModifiedById": self.user, "SystemModstamp": now,
            "PhotoUrl": f"/services/images/photo/{id}",
        }  # fmt: skip
        made = {name: v for name, v in system.items() if name.lower() in fields} | made
        _name_person(self.object, made, made)
        name = self.object.name_field
        if name is not None and name.raw["createable"]:
            made.setdefault(name.name, id[:15])
        columns = ", ".join(f'"{name}"' for name in made)
        marks = ", ".join("?" * len(made))
        self._execute(f"INSERT INTO {self.object.table} ({columns}) VALUES ({marks})", made)
        return id

    def _execute(self, sql: str, values: Mapping[str, Stored], *more: str) -> None:
        try:
            self.connection.execute(sql, [*values.values(), *more])
        except sqlite3.IntegrityError as error:
            name = str(error).rpartition(".")[2]
            raise self._duplicate(self.object.fields[name.lower()], values) from error

    def _duplicate(self, key: Field, values: Mapping[str, Stored]) -> ApiError:
        there = self.find(key, values[key.name])
        return ApiError(
            "DUPLICATE_VALUE",
            f"duplicate value found: {key.name} duplicates value on record with id:"
            f" {there[0][:15] if there else '<unknown>'}",
            fields=[],
        )

    def _check_duplicates(self, name: str) -> None:
        there = self.find(self.object.fields["name"], name)
        if there:
            raise _duplicates(self.object.name, there)

    def _next_id(self) -> str:
        name = self.object.name
        row = self.connection.execute(
            "INSERT INTO sf_sequence VALUES (?, 1) ON CONFLICT (object)"
            " DO UPDATE SET last = last + 1 RETURNING last",
            [name],
        ).fetchone()
        return ids.made(self.object.prefix, row["last"] + 1000)

    def _existing(self, id: str) -> sqlite3.Row:
        """Return what is needed of a record to change it.

        Raises:
            ApiError: there is none of this id, or it was deleted.
        """
        known = self.object.fields
        wanted = [each for each in ("IsDeleted", "FirstName", "LastName") if each.lower() in known]
        row: sqlite3.Row | None = self.connection.execute(
            f"SELECT {', '.join(wanted) or 'Id'} FROM {self.object.table} WHERE Id = ?", [id]
        ).fetchone()
        if row is None:
            raise _invalid_reference()
        if "isdeleted" in self.object.fields and row["IsDeleted"]:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=[])
        return row

    def _values(self, given: Given, right: str) -> dict[str, Stored]:
        """Check the values of a row; ``right`` is what the fields must be."""
        values: dict[str, Stored] = {}
        refused: list[str] = []
        for name, value in given.items():
            if name.lower() in ("attributes", "id") and right == "updateable":
                continue
            if name == "attributes":
                continue
            found = self.object.fields.get(name.lower())
            if found is None:
                found, value = self._by_relationship(name, value)
            if not found.raw[right]:
                refused.append(found.name)
                continue
            kept = stored(found, value)
            if kept is not None and found.refers_to:
                self._check_reference(found, str(kept))
            values[found.name] = kept
        if refused:
            raise _read_only(refused)
        if (values.get("NumberofLocations__c") or 0) < 0:  # type: ignore[operator]  # a number
            raise ApiError(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", _LOCATIONS, fields=["NumberofLocations__c"]
            )
        return values

    def _by_relationship(self, name: str, value: Any) -> tuple[Field, str | None]:
        """Read a reference that is given by an external id of what it refers to."""
        reference = self.object.relationships.get(name.lower())
        if reference is None:
            raise no_such_column(name, self.object.name)
        if value is None:
            return reference, None
        target = self.database.objects.get(reference.refers_to[0].lower())
        keys = [each for each in value if each != "attributes"] if isinstance(value, dict) else []
        key = target.fields.get(keys[0].lower()) if target and len(keys) == 1 else None
        if target is None or key is None or not key.is_key:
            raise no_such_column(name, self.object.name)
        other = Writer(self.database, self.connection, target, self.now)
        found = other.find(key, value[keys[0]])
        if len(found) != 1:
            raise ApiError(
                "INVALID_FIELD",
                f"Foreign key external ID: {value[keys[0]]} not found for field {key.name} in"
                f" entity {target.name}",
                fields=[],
            )
        return reference, found[0]

    def _check_reference(self, reference: Field, id: str) -> None:
        """Refuse the id of another object's record, or of none."""
        if (reference.name, id) in self._known:
            return
        targets = [self.database.objects.get(each.lower()) for each in reference.refers_to]
        known = [each for each in targets if each is not None]
        target = next((each for each in known if each.prefix == id[:3]), None)
        if known and target is None:
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION",
                f"{reference.label}: id value of incorrect type: {id}",
                fields=[reference.name],
            )
        if target is not None:
            there = self.connection.execute(
                f"SELECT 1 FROM {target.table} WHERE Id = ?", [id]
            ).fetchone()
            if there is None:
                raise _invalid_reference(reference.name)
        self._known.add((reference.name, id))


def _name_person(object: SObject, whole: Mapping[str, Stored], values: dict[str, Stored]) -> None:
    """Put a person's name together from its parts."""
    if "lastname" in object.fields and "name" in object.fields:
        parts = [whole.get("FirstName"), whole.get("LastName")]
        values["Name"] = " ".join(str(part) for part in parts if part)


def _required(names: list[str]) -> ApiError:
    shown = ", ".join(names)
    return ApiError(
        "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{shown}]", fields=names
    )


def _read_only(names: list[str]) -> ApiError:
    return ApiError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of"
        " this field and verify that it is read/write for your profile or permission set.",
        fields=names,
    )


def _invalid_reference(*names: str) -> ApiError:
    return ApiError(
        "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404, fields=names
    )


def _not_allowed(object: SObject, verb: str) -> ApiError:
    return ApiError(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" if verb != "delete" else "DELETE_FAILED",
        f"entity type {object.name} does not support {verb}",
        fields=[],
    )


def _duplicates(object: str, ids: list[str]) -> ApiError:
    """Return what a duplicate rule says, with the records that it found."""
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": object}, "Id": id},
        }
        for id in ids
    ]
    result = {
        "allowSave": True,
        "duplicateRule": "Standard_Account_Duplicate_Rule",
        "duplicateRuleEntityType": object,
        "errorMessage": "Use one of these records?",
        "matchResults": [
            {
                "entityType": object,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": matches,
                "rule": "Standard_Account_Match_Rule_v1_0",
                "size": len(matches),
                "success": True,
            }
        ],
    }
    return ApiError(
        "DUPLICATES_DETECTED", "Use one of these records?", extra={"duplicateResult": result}
    )
