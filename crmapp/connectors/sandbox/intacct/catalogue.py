"""What an object of Intacct consists of: fields under both names, and ways to other objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """The types of fields; the value is what ``lookup`` of the XML gateway calls it."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    CURRENCY = "CURRENCY"
    PERCENT = "PERCENT"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    ENUM = "ENUM"
    MULTIPLE = "MULTIPICKLIST"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    URL = "URL"


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.CURRENCY, Kind.PERCENT})
SEPARATOR = "#~#"  # between the values of a multi pick list in XML


@dataclass(frozen=True)
class Field:
    """One field, by the id that the XML gateway knows and the dotted path that REST knows.

    ``refers`` names the object whose key the field holds. ``via`` is the path (in ids) that is read
    instead where the value is another record's; such a field cannot be written.
    """

    id: str
    rest: str
    kind: Kind
    label: str
    length: int | None = None
    required: bool = False
    readonly: bool = False
    custom: bool = False
    values: tuple[str, ...] = ()
    rest_values: tuple[str, ...] = ()
    refers: str = ""
    via: str = ""

    def to_rest(self, value: str) -> str:
        """Return the REST spelling of one of the values (``activeNonPosting``)."""
        pairs = dict(zip(self.values, self.rest_values or self.values, strict=True))
        return pairs.get(value, value)

    def from_rest(self, value: str) -> str:
        pairs = dict(zip(self.rest_values or self.values, self.values, strict=True))
        return pairs.get(value, value)


@dataclass(frozen=True)
class Relationship:
    """A way to one record of another object.

    ``by`` is our field that says which: it holds the other's record number if ``by_number``, else
    the other's key.
    """

    path: str
    object: str
    by: str
    rest: str
    label: str = ""
    by_number: bool = False


@dataclass(frozen=True)
class Object:
    """One object; ``key`` is the field by which people know its records."""

    name: str
    rest: str
    label: str
    plural: str
    key: str
    title: str
    fields: tuple[Field, ...]
    relationships: tuple[Relationship, ...] = ()
    shown: tuple[str, ...] = ()
    """Paths into other records that ``lookup`` lists and ``read`` answers like our own fields."""
    aliases: tuple[str, ...] = ()
    dimension: bool = False
    custom: bool = False

    def field(self, id: str) -> Field | None:
        return next((each for each in self.fields if each.id == id), None)

    def by_rest(self, path: str) -> Field | None:
        return next((each for each in self.fields if each.rest == path), None)

    def relationship(self, path: str) -> Relationship | None:
        return next((each for each in self.relationships if each.path == path), None)

    @property
    def key_field(self) -> Field:
        found = self.field(self.key)
        if found is None:
            raise LookupError(self.key)
        return found

    def without(self, hidden: frozenset[str]) -> Object:
        """Return the object as it is once the fields with these ids are gone."""
        if not hidden & {each.id for each in self.fields}:
            return self
        return replace(self, fields=tuple(f for f in self.fields if f.id not in hidden))


def fields(table: str, *, custom: bool = False) -> tuple[Field, ...]:
    """Read a table of fields: ``ID | rest path | kind length flags | label | values``.

    Flags are ``required``, ``readonly``, ``>OBJECT`` (refers to) and ``@PATH`` (read via). Values
    are divided by ``;``, each ``xml=rest`` where REST spells it in another way.
    """
    return tuple(_field(line, custom) for line in table.strip().splitlines())


def _field(line: str, custom: bool) -> Field:
    cells = [cell.strip() for cell in line.split("|")]
    id, rest, kind, label = cells[:4]
    words = kind.split()
    pairs = [each.strip().partition("=") for each in cells[4].split(";")] if cells[4:] else []
    lengths = [int(word) for word in words if word.isdigit()]
    via = next((word[1:] for word in words if word.startswith("@")), "")
    return Field(
        id=id,
        rest=rest,
        kind=Kind[words[0].upper()],
        label=label,
        length=lengths[0] if lengths else None,
        required="required" in words,
        readonly="readonly" in words or bool(via),
        custom=custom,
        values=tuple(value for value, _equals, _spelling in pairs),
        rest_values=tuple(spelling or value for value, _equals, spelling in pairs),
        refers=next((word[1:] for word in words if word.startswith(">")), ""),
        via=via,
    )


STATUS = "STATUS | status | enum | Status | active; inactive"

NUMBER = fields("RECORDNO | key | integer readonly | Record number")
STAMPS = fields("""
WHENCREATED | audit.createdDateTime | timestamp readonly | When created
WHENMODIFIED | audit.modifiedDateTime | timestamp readonly | When modified
CREATEDBY | audit.createdBy | integer readonly | Created by
MODIFIEDBY | audit.modifiedBy | integer readonly | Modified by
MEGAENTITYKEY | entity.key | integer readonly @MELOCATION.RECORDNO | Created at - Entity key
MEGAENTITYID | entity.id | text 20 readonly | Created at - Entity ID
MEGAENTITYNAME | entity.name | text 100 @MELOCATION.NAME | Created at - Entity name
RECORD_URL | | url readonly | Record URL
""")  # fmt: skip
ENTITY = Relationship("MELOCATION", "LOCATION", "MEGAENTITYID", "entity", "Created at entity")
