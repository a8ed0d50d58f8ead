"""The form that a filter is built in: groups of rows, each a field, what is asked of it, values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from crmapp.domain import conditions
from crmapp.domain.conditions import (
    ALONE,
    DAYS,
    LONGEST_VALUE,
    MOST_CONDITIONS,
    MOST_GROUPS,
    SEVERAL,
    Condition,
    Group,
    Operator,
)
from crmapp.domain.fields import LISTED, BadValue, Field, Kind
from crmapp.domain.thousands import plain_number
from crmapp.i18n import N_
from crmapp.models import User
from crmapp.services import account_conditions, condition_links, pick_lists
from crmapp.services.account_conditions import ME
from crmapp.web.condition_words import offered
from crmapp.web.texts import language, translated
from crmapp.web.typed_numbers import FIGURES, as_read, read_for, typed_for

_ROW = re.compile(r"field-(\d{1,3})-(\d{1,3})")
_CHOSEN = LISTED | {Kind.USER, Kind.TEAM}
_TYPED_DAYS = frozenset({Kind.DATE, Kind.MOMENT})
NOT_THERE = N_(
    "The account that stood here was deleted, or is not open to you. Enter another one, or take"
    " this condition away."
)
_MOST_ROWS = 50
"""So many rows of a form are read; a filter takes fewer, and says so."""


@dataclass
class Row:
    """A condition as it stands in the form: ``values`` as typed, ``problem`` what is wrong."""

    name: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def text(self) -> str:
        """The first value, for a control that has one."""
        return self.values[0] if self.values else ""


@dataclass
class Block:
    """A group as it stands in the form; ``focused`` is the row that she goes on with."""

    every: bool = True
    rows: list[Row] = field(default_factory=list)
    focused: int | None = None

    def is_focused(self, number: int) -> bool:
        """Whether to go on with the row: the one that was added, or the next to one removed."""
        return self.focused is not None and number == min(self.focused, len(self.rows) - 1)


class Builder:
    """The form as a whole, for one reader."""

    def __init__(self, blocks: Sequence[Block], *, by: User) -> None:
        self.blocks = list(blocks) or [Block(rows=[Row()])]
        self.problem = ""
        self.specs = account_conditions.known()
        self._by = by
        self._tidy()

    @classmethod
    def of(cls, groups: Sequence[Group], *, by: User) -> Builder:
        """Show a filter that there is."""
        specs = account_conditions.known()
        blocks = [
            Block(group.every, [_shown(one, specs, by) for one in group.conditions])
            for group in groups
        ]
        return cls(blocks, by=by)

    @classmethod
    def sent(cls, form: MultiDict[str, str], *, by: User) -> Builder:
        """Read the form as it was sent, and do what its button says: add or remove a row."""
        blocks: dict[int, Block] = {}
        does = form.get("do", "")
        places = sorted((int(g), int(c)) for g, c in map(_numbers, form) if g)[:_MOST_ROWS]
        for group, place in places:
            block = blocks.setdefault(group, Block(form.get(f"every-{group}") != "any"))
            if does == f"remove-{group}-{place}":
                block.focused = len(block.rows)
            else:
                block.rows.append(_row(form, f"{group}-{place}"))
        for group, block in blocks.items():
            if does == f"add-{group}":
                block.focused = len(block.rows)
                block.rows.append(Row())
        found = [block for block in blocks.values() if block.rows]
        if does == "group":
            found.append(Block(rows=[Row()], focused=0))
        return cls(found, by=by)

    @property
    def full(self) -> bool:
        """Whether a filter takes no further condition."""
        return sum(len(block.rows) for block in self.blocks) >= MOST_CONDITIONS

    @property
    def most_groups(self) -> bool:
        """Whether a filter takes no further group."""
        return len(self.blocks) >= MOST_GROUPS

    def groups(self) -> tuple[Group, ...] | None:
        """Return the filter; ``None`` if something is wrong, which then stands in the form.

        A row without a field asks for nothing.
        """
        found: list[Group] = []
        for block in self.blocks:
            parts = [self._condition(row) for row in block.rows if row.name]
            good = tuple(part for part in parts if part is not None)
            if good:
                found.append(Group(good, block.every or len(good) == 1))
        if any(row.problem for block in self.blocks for row in block.rows):
            return None
        try:
            conditions.check(found)
        except BadValue as bad:
            self.problem = translated(bad.text)
            return None
        return tuple(found)

    def control(self, row: Row) -> str:
        """Return what the values of a row are entered with."""
        spec = self.specs.get(row.name)
        if spec is None or row.operator in ALONE:
            return ""
        if row.operator in DAYS:
            return "days"
        if spec.kind in _CHOSEN:
            return "choices"
        if row.operator in SEVERAL:
            return "lines"
        two = "two-" if row.operator == Operator.BETWEEN else ""
        if spec.kind in _TYPED_DAYS:
            return f"{two}date"
        return f"{two}{'number' if spec.kind in FIGURES else 'text'}"

    def operators(self, row: Row) -> list[tuple[str, str]]:
        """Return (operator, words) of what can be asked of a row's field."""
        spec = self.specs[row.name]
        return [(str(each), offered(spec, each)) for each in account_conditions.operators(spec)]

    def choices(self, row: Row) -> list[tuple[str, str]]:
        """Return (value, words) of what can be chosen in a row, what is chosen there included."""
        spec = self.specs[row.name]
        if spec.pick_list:
            return pick_lists.choices(spec.pick_list, language(), keep=row.values)
        if spec.kind is Kind.TEAM:
            return [(str(id_), name) for id_, name in pick_lists.teams()]
        people = [(str(id_), name) for id_, name in pick_lists.people_and_teams()[0]]
        names = pick_lists.names_of_all()[0]
        left = [(str(id_), name) for id_, name in names.items() if str(id_) in row.values]
        return [(ME, _("Me")), *people, *(each for each in left if each not in people)]

    def _tidy(self) -> None:
        """Let each row ask what can be asked of its field."""
        for row in (row for block in self.blocks for row in block.rows):
            spec = self.specs.get(row.name)
            if spec is None:
                continue
            allowed = account_conditions.operators(spec)
            if row.operator not in allowed:
                row.operator = str(allowed[0]) if allowed else ""
            if self.control(row) == "lines":
                row.values = [line for text in row.values for line in text.splitlines()]

    def _condition(self, row: Row) -> Condition | None:
        spec, typed = self.specs.get(row.name), map(str.strip, row.values)
        asked = Operator(row.operator or Operator.IS) if row.name in self.specs else Operator.IS
        values = tuple(
            plain_number(as_read(value)) if asked in DAYS else read_for(spec, value)
            for value in typed
            if value
        )
        condition = Condition(row.name, asked, () if asked in ALONE else values)
        try:
            spec = account_conditions.field_of(condition, self.specs)
            kept = account_conditions.typed(spec, condition, by=self._by)
        except BadValue as bad:
            row.problem = translated(bad.text)
            return None
        return Condition(row.name, asked, kept)


def _numbers(name: str) -> tuple[str, str]:
    found = _ROW.fullmatch(name)
    return (found[1], found[2]) if found else ("", "")


def _shown(condition: Condition, specs: Mapping[str, Field], by: User) -> Row:
    """Show a condition of an address; its numbers and accounts as the reader types them."""
    spec = specs.get(condition.field)
    if spec is not None and spec.kind is Kind.ACCOUNT:
        values = [condition_links.typed(value, by=by) for value in condition.values]
        problem = "" if all(values) else _(NOT_THERE)
        return Row(condition.field, condition.operator, values, problem)
    values = [typed_for(spec, value) for value in condition.values]
    return Row(condition.field, condition.operator, values)


def _row(form: MultiDict[str, str], place: str) -> Row:
    values = form.getlist(f"value-{place}")
    return Row(form.get(f"field-{place}", ""), form.get(f"operator-{place}", ""), values)


def context(builder: Builder) -> Mapping[str, Any]:
    """Return what the form's template needs."""
    return {"builder": builder, "fields": _grouped(builder.specs), "longest": LONGEST_VALUE}


def _grouped(specs: Mapping[str, Field]) -> list[tuple[str, list[Field]]]:
    """Return (label of the group, fields that can be asked for), in the fields' order."""
    groups: dict[str, list[Field]] = {}
    for spec in specs.values():
        if account_conditions.operators(spec):
            groups.setdefault(spec.group, []).append(spec)
    return list(groups.items())
