"""Which column of a source fills which field, and what becomes of a row's cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import NoneType
from typing import Any, NamedTuple

from crmapp.domain.fields import (
    LISTED,
    BadValue,
    Field,
    Kind,
    Lookups,
    are_values,
    check,
    newly_chosen,
    parse,
)
from crmapp.domain.record_keys import ACCOUNT, NAMES, NUMBER, RECORD
from crmapp.domain.records import ALWAYS_REQUIRED, FIELDS
from crmapp.domain.search import fold
from crmapp.domain.sheet_errors import ERRORS, is_error
from crmapp.domain.steps import Step, as_text, take
from crmapp.i18n import N_, Text

MATCH_FIELDS = ("number", "name", "email")
"""Fields by which an existing account may be found; a file may name its id instead."""

CHOSEN_KINDS = frozenset({*LISTED, Kind.USER, Kind.TEAM, Kind.YES_NO})
"""Kinds whose values are chosen from few, so that a source's words can be mapped to them."""


class Wanted(StrEnum):
    """Which rows of a source a run takes: all, those of new accounts, or those of known ones."""

    BOTH = "both"
    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True)
class FieldMapping:
    """``columns``: field → source column; a field that is not there is not touched.

    ``match`` is the field that finds existing records; ``clear_empty`` says what an empty cell
    does: clear the field, or leave it as it is. ``fixed`` are fields that have the same value in
    every row; ``steps`` what is done to a field's cell, in order; ``values`` per field what a
    source's word means: a word that the field understands, or nothing for an empty cell; ``wanted``
    says which rows are taken.
    """

    columns: Mapping[str, str]
    match: str = "number"
    clear_empty: bool = False
    version: int = 1
    fixed: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    wanted: Wanted = Wanted.BOTH

    @cached_property
    def fields(self) -> list[str]:
        """The fields that a run fills."""
        return [*self.columns, *(name for name in self.fixed if name not in self.columns)]

    @property
    def written(self) -> list[str]:
        """The fields that a run writes: without what only finds the record."""
        return [name for name in self.fields if name not in NAMES]

    @cached_property
    def meanings(self) -> dict[str, dict[str, str]]:
        """Field → folded word of the source → word of the field."""
        return {
            name: {fold(word): meaning for word, meaning in words.items()}
            for name, words in self.values.items()
            if words
        }

    @cached_property
    def changed(self) -> frozenset[str]:
        """The fields whose cells are not taken as they come."""
        return frozenset({name for name, steps in self.steps.items() if steps} | {*self.meanings})

    def as_json(self) -> dict[str, Any]:
        return {
            "columns": dict(self.columns),
            "match": self.match,
            "clear_empty": self.clear_empty,
            "version": self.version,
            "fixed": dict(self.fixed),
            "steps": {name: [each.as_json() for each in of] for name, of in self.steps.items()},
            "values": {name: dict(words) for name, words in self.values.items()},
        } | ({} if self.wanted is Wanted.BOTH else {"wanted": self.wanted.value})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> FieldMapping:
        steps = kept.get("steps", {})
        return cls(
            dict(kept.get("columns", {})),
            kept.get("match", "number"),
            bool(kept.get("clear_empty", False)),
            int(kept.get("version", 1)),
            dict(kept.get("fixed", {})),
            {name: tuple(Step.from_json(each) for each in of) for name, of in steps.items()},
            {name: dict(words) for name, words in kept.get("values", {}).items()},
            Wanted(kept.get("wanted", Wanted.BOTH)),
        )


class _Left:
    """Stands for a cell that leaves its field as it is: equal to whatever that holds."""

    def __eq__(self, _other: object) -> bool:
        return True

    __hash__ = object.__hash__


LEFT = _Left()
_NONE: Mapping[str, Any] = {}


class Mapped(NamedTuple):
    """A source row in the words of our fields: its values, and what is wrong with others.

    ``retired`` says of values that are offered no more why they may not be chosen anew; ``found``
    what stood in the cells of both, as it came or as it was fixed.
    """

    values: Mapping[str, Any]
    problems: Mapping[str, Text] = _NONE
    retired: Mapping[str, Text] = _NONE
    found: Mapping[str, str] = _NONE


def problems(
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    columns: Sequence[str],
    object_: str = "account",
) -> dict[str, str]:
    """Return field → the kind of problem with its mapping; empty if it can be planned.

    Kinds: ``required`` (name is not mapped), ``match`` (the field that finds accounts is not
    mapped), ``unknown`` (no such field, no such column, or not open to mapping), ``idle`` (an id
    that does not find accounts), ``account`` (nothing says to which account the rows belong).
    """
    found: dict[str, str] = {}
    for name in (*mapping.fields, *mapping.steps, *mapping.values):
        if name not in fields or not fields[name].mappable:
            found[name] = "unknown"
    for name, column in mapping.columns.items():
        if column not in columns:
            found[name] = "unknown"
    for name in _required(mapping, object_):
        if name not in mapping.fields:
            found[name] = "required"
    return found | (_unfound(mapping, fields) if object_ == "account" else _homeless(mapping))


def _required(mapping: FieldMapping, object_: str) -> Sequence[str]:
    """Return the fields without which nothing can be planned; a row with an id needs no other."""
    if object_ == "account":
        return ALWAYS_REQUIRED
    specs = () if RECORD in mapping.columns else FIELDS[object_].values()
    return [spec.name for spec in specs if spec.required]


def match_fields(fields: Mapping[str, Field]) -> list[str]:
    """Return the fields by which accounts may be found, of those that a source may fill."""
    return [name for name in (RECORD, *MATCH_FIELDS) if name in fields]


def _unfound(mapping: FieldMapping, fields: Mapping[str, Field]) -> dict[str, str]:
    if mapping.match not in match_fields(fields):
        return {"match": "unknown"}
    if mapping.match not in mapping.columns:
        return {mapping.match: "match"}
    idle = RECORD in mapping.fields and mapping.match != RECORD
    return {RECORD: "idle"} if idle else {}


def _homeless(mapping: FieldMapping) -> dict[str, str]:
    """Contacts and activities are found by their id, or else within their account."""
    return {} if {RECORD, ACCOUNT, NUMBER} & {*mapping.fields} else {NUMBER: "account"}


def apply(
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    row: Mapping[str, Any],
    lookups: Lookups,
    fixes: Mapping[str, str | None] = {},
) -> Mapped:
    """Read ``row`` (column → cell) through ``mapping``.

    An empty cell gives ``None`` if the mapping clears, else nothing; a required field is never
    cleared, and a row without a name is never right. ``fixes`` are what a person put in the place
    of cells, taken as she wrote them; a cell that she dropped (``None``) leaves its field alone.
    """
    found: dict[str, Any] = {}
    for name in (*mapping.fields, *(name for name in fixes if name not in mapping.fields)):
        if name not in fixes:
            (raw,) = _cells(mapping, name, [row])
            found[name] = _value(mapping, fields[name], raw, lookups)
        elif fixes[name] is not None:
            found[name] = _parsed(mapping, fields[name], fixes[name], lookups)
    return _mapped(mapping, fields, row, found, lookups, fixes)


def read(
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    rows: Sequence[Mapping[str, Any]],
    lookups: Lookups,
) -> list[tuple[Any, ...]]:
    """Read many rows, column by column: of each, what its cells give ``mapping.fields``.

    A :class:`BadValue` stands where a cell cannot be used, :data:`LEFT` where one leaves its field
    as it is. :func:`say` says it in the words of :func:`apply`.
    """
    columns = [
        _column(mapping, fields[name], _cells(mapping, name, rows), lookups)
        for name in mapping.fields
    ]
    return list(zip(*columns, strict=True))


def _cells(mapping: FieldMapping, name: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    column = mapping.columns.get(name)
    return [mapping.fixed[name]] * len(rows) if column is None else [r.get(column) for r in rows]


def _column(
    mapping: FieldMapping, spec: Field, cells: Sequence[Any], lookups: Lookups
) -> Sequence[Any]:
    """Read the cells of a column; what a text means is found out once."""
    if spec.name not in mapping.changed and are_values(spec, cells) and ERRORS.isdisjoint(cells):
        return cells
    if not {*map(type, cells)} <= {str, NoneType}:
        return [_value(mapping, spec, each, lookups) for each in cells]
    known = {each: _value(mapping, spec, each, lookups) for each in set(cells)}
    return [known[each] for each in cells]


def say(
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    row: Mapping[str, Any],
    found: Sequence[Any],
    lookups: Lookups,
) -> Mapped:
    """Say what :func:`read` found in a row in the words of :func:`apply`."""
    named = dict(zip(mapping.fields, found, strict=True))
    return _mapped(mapping, fields, row, named, lookups, {})


def _mapped(
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    row: Mapping[str, Any],
    found: Mapping[str, Any],
    lookups: Lookups,
    fixes: Mapping[str, str | None],
) -> Mapped:
    values = {name: value for name, value in found.items() if value is not LEFT}
    wrong = {name: value.text for name, value in values.items() if isinstance(value, BadValue)}
    for name in wrong:
        del values[name]
    retired = _retired(values, fields, lookups)
    if not wrong and not retired:
        return Mapped(values)
    bad = {name: fixes.get(name) or came(mapping, name, row) for name in (*wrong, *retired)}
    return Mapped(values, wrong, retired, bad)


def _value(mapping: FieldMapping, spec: Field, raw: Any, lookups: Lookups) -> Any:
    """Return what a raw cell gives a field, as :func:`read` says it."""
    try:
        return _parsed(mapping, spec, _after_steps(mapping, spec.name, raw), lookups)
    except BadValue as error:
        return error.with_traceback(None)


def _parsed(mapping: FieldMapping, spec: Field, raw: Any, lookups: Lookups) -> Any:
    try:
        value = meant(spec, raw, lookups)
        if value is not None:
            return check(spec, value)
        clears = mapping.clear_empty or spec.name in ALWAYS_REQUIRED
        return _empty(spec) if clears else LEFT
    except BadValue as error:
        return error.with_traceback(None)


def meant(spec: Field, raw: Any, lookups: Lookups) -> Any:
    """Turn what a mapping gives a field into a value, as :func:`parse` does.

    Raises:
        BadValue: it is no such value, or the error of a formula.
    """
    if is_error(raw):
        text = N_("The cell holds an error of the spreadsheet: %(error)s")
        raise BadValue(Text(text, {"error": raw.strip()}))
    return parse(spec, raw, lookups)


def cell(mapping: FieldMapping, name: str, row: Mapping[str, Any]) -> Any:
    """Return what the mapping gives a field to read: a cell after its steps and value map.

    Raises:
        BadValue: the cell is not written as a step expects.
    """
    (raw,) = _cells(mapping, name, [row])
    return _after_steps(mapping, name, raw)


def _after_steps(mapping: FieldMapping, name: str, raw: Any) -> Any:
    if name not in mapping.changed or name not in mapping.columns:
        return raw
    text = raw if is_error(raw) else take(mapping.steps.get(name, ()), raw)
    return mapping.meanings[name].get(fold(text), text) if name in mapping.meanings else text


def came(mapping: FieldMapping, name: str, row: Mapping[str, Any]) -> str:
    """Return the cell that fills a field, as it came."""
    column = mapping.columns.get(name)
    return mapping.fixed.get(name, "") if column is None else as_text(row.get(column))


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
    if spec.custom:
        return None
    if spec.kind is Kind.TAGS:
        return []
    return False if spec.kind is Kind.YES_NO else None
