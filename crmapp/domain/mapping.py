"""Which column of a source fills which field, and what becomes of a row's cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmapp.domain.fields import BadValue, Field, Kind, Lookups, check, newly_chosen, parse
from crmapp.domain.search import fold
from crmapp.i18n import Text

MATCH_FIELDS = ("number", "name", "email")
"""Fields by which an existing account may be found."""


@dataclass(frozen=True)
class FieldMapping:
    """``columns``: field → source column; a field that is not there is not touched.

    ``match`` is the field that finds existing records; ``clear_empty`` says what an empty cell
    does: clear the field, or leave it as it is.
    """

    columns: Mapping[str, str]
    match: str = "number"
    clear_empty: bool = False
    version: int = 1

    def as_json(self) -> dict[str, Any]:
        return {
            "columns": dict(self.columns),
            "match": self.match,
            "clear_empty": self.clear_empty,
            "version": self.version,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> FieldMapping:
        return cls(
            dict(kept.get("columns", {})),
            kept.get("match", "number"),
            bool(kept.get("clear_empty", False)),
            int(kept.get("version", 1)),
        )


@dataclass(frozen=True)
class Mapped:
    """A source row in the words of our fields: its values, and what is wrong with others.

    ``retired`` says of values that are offered no more why they may not be chosen anew.
    """

    values: Mapping[str, Any]
    problems: Mapping[str, Text] = field(default_factory=dict)
    retired: Mapping[str, Text] = field(default_factory=dict)


def suggest(columns: Iterable[tuple[str, str]], fields: Iterable[Field]) -> dict[str, str]:
    """Suggest field → column where the names are exactly alike.

    ``columns`` are (name, label) pairs; a name is alike if it is the field's name, label or one of
    its aliases. Each column is suggested once, in the order of the fields.
    """
    known: dict[str, str] = {}
    for name, label in columns:
        for word in (name, label):
            known.setdefault(fold(word.replace("_", " ")), name)
    suggested: dict[str, str] = {}
    for spec in fields:
        if not spec.mappable:
            continue
        words = {fold(spec.name.replace("_", " ")), fold(spec.label), *spec.aliases}
        column = next((known[word] for word in sorted(words) if word in known), None)
        if column is not None and column not in suggested.values():
            suggested[spec.name] = column
    return suggested


def problems(
    mapping: FieldMapping, fields: Mapping[str, Field], columns: Sequence[str]
) -> dict[str, str]:
    """Return field → the kind of problem with its mapping; empty if it can be planned.

    Kinds: ``required`` (name is not mapped), ``match`` (the field that finds accounts is not
    mapped), ``unknown`` (no such field, no such column, or not open to mapping).
    """
    found: dict[str, str] = {}
    for name, column in mapping.columns.items():
        if name not in fields or not fields[name].mappable or column not in columns:
            found[name] = "unknown"
    for name, spec in fields.items():
        if spec.required and name not in mapping.columns:
            found[name] = "required"
    if mapping.match not in MATCH_FIELDS:
        found["match"] = "unknown"
    elif mapping.match not in mapping.columns:
        found[mapping.match] = "match"
    return found


def apply(
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    row: Mapping[str, Any],
    lookups: Lookups,
) -> Mapped:
    """Read ``row`` (column → cell) through ``mapping``.

    An empty cell gives ``None`` if the mapping clears, else nothing; a required field is never
    cleared.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for name, column in mapping.columns.items():
        spec = fields[name]
        try:
            value = parse(spec, row.get(column), lookups)
            if value is None and not mapping.clear_empty and not spec.required:
                continue
            values[name] = _empty(spec) if value is None else check(spec, value)
        except BadValue as error:
            wrong[name] = error.text
    return Mapped(values, wrong, _retired(values, fields, lookups))


def _retired(
    values: Mapping[str, Any], fields: Mapping[str, Field], lookups: Lookups
) -> dict[str, Text]:
    if not any(lookups.retired.values()):
        return {}
    found: dict[str, Text] = {}
    for name, value in values.items():
        try:
            newly_chosen(fields[name], value, None, lookups)
        except BadValue as bad:
            found[name] = bad.text
    return found


def _empty(spec: Field) -> Any:
    if spec.required:
        return check(spec, None)
    if spec.kind is Kind.TAGS:
        return []
    return False if spec.kind is Kind.YES_NO else None
