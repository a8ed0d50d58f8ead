"""Where a pick list is used, and how many records hold each of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.schema import Table

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.db.json_values import has_item, is_among, items_at, items_of, value_at
from crmapp.domain.fields import LISTED, Field, Kind
from crmapp.i18n import N_
from crmapp.models import Account, Activity, Contact
from crmapp.services import fields

OWNERS: dict[str, str] = {
    "account": N_("Account"),
    "contact": N_("Contact"),
    "activity": N_("Activity"),
}
HOLDERS: Mapping[str, type[Account | Contact | Activity]] = {
    "account": Account,
    "contact": Contact,
    "activity": Activity,
}
"""The records whose fields may hold values of pick lists."""


@dataclass(frozen=True)
class Use:
    """A field that takes its values from a list."""

    object: str
    field: Field

    @property
    def owner(self) -> str:
        """What kind of record it is a field of, marked for translation."""
        return OWNERS[self.object]

    @property
    def column(self) -> ColumnElement[Any]:
        """What a record holds in this field, with one row per value where it may hold several."""
        columns = table_of(self.object).c
        if not self.field.custom:
            own = columns[self.field.name]
            return items_of(own).c.value if self.several else own
        if self.several:
            return items_at(columns.custom, self.field.name).c.value
        return value_at(columns.custom, self.field.name)

    @property
    def several(self) -> bool:
        """Whether a record may hold several values in this field."""
        return self.field.kind is Kind.MULTI_PICK_LIST

    @property
    def place(self) -> ColumnElement[Any]:
        """The column to read for :meth:`held`."""
        columns = table_of(self.object).c
        return columns.custom if self.field.custom else columns[self.field.name]

    def held(self, kept: Any) -> Any:
        """Return what a record holds in this field, a code or several, from its :attr:`place`."""
        return kept.get(self.field.name) if self.field.custom else kept

    @property
    def is_filled(self) -> ColumnElement[bool]:
        """Whether a record holds anything in this field, as a condition."""
        columns = table_of(self.object).c
        if not self.field.custom:
            return columns[self.field.name].is_not(None)
        return value_at(columns.custom, self.field.name).is_not(None)

    def holds(self, code: str) -> ColumnElement[bool]:
        """Whether a living record holds the value ``code`` in this field, as a condition."""
        columns = table_of(self.object).c
        if not self.several:
            here = self.column == code
        elif self.field.custom:
            here = has_item(columns.custom, self.field.name, code)
        else:
            here = is_among(code, columns[self.field.name])
        return and_(columns.deleted_at.is_(None), here)


@dataclass(frozen=True)
class Holding:
    """How many living records hold one value in one field."""

    use: Use
    count: int


def table_of(object_: str) -> Table:
    """Return the table of a kind of record."""
    return cast("Table", HOLDERS[object_].__table__)


def of(list_code: str) -> list[Use]:
    """Return the fields that take their values from the list."""
    return [
        Use(object_, spec)
        for object_ in HOLDERS
        for spec in fields.every(object_).values()
        if spec.kind in LISTED and spec.pick_list == list_code
    ]


def everywhere() -> dict[str, list[Use]]:
    """Return code of list → the fields that take their values from it."""
    found: dict[str, list[Use]] = {}
    for object_ in HOLDERS:
        for spec in fields.every(object_).values():
            if spec.kind in LISTED and spec.pick_list:
                found.setdefault(spec.pick_list, []).append(Use(object_, spec))
    return found


def holdings(list_code: str) -> dict[str, list[Holding]]:
    """Return code of value → who holds it, for the values that somebody holds."""
    found: dict[str, list[Holding]] = {}
    for use in of(list_code):
        table, held = table_of(use.object), use.column
        query = (
            select(held, func.count())
            .select_from(table)
            .where(table.c.deleted_at.is_(None), held.is_not(None))
            .group_by(held)
        )
        for code, count in session.execute(query):
            found.setdefault(code, []).append(Holding(use, count))
    return found


def held(uses: Sequence[Use]) -> int:
    """Return how many living records hold something in one of these fields."""
    total = 0
    for object_ in dict.fromkeys(use.object for use in uses):
        table = table_of(object_)
        some = or_(*(use.is_filled for use in uses if use.object == object_))
        query = select(func.count()).select_from(table).where(table.c.deleted_at.is_(None), some)
        total += session.scalar(query) or 0
    return total


def counts(list_code: str, codes: Sequence[str]) -> dict[str, int]:
    """Return how many records hold each of these values, for those that somebody holds."""
    found: dict[str, int] = {}
    for use in of(list_code):
        table, held = table_of(use.object), use.column
        query = (
            select(held, func.count())
            .select_from(table)
            .where(table.c.deleted_at.is_(None), is_one_of(held, codes))
            .group_by(held)
        )
        for code, count in session.execute(query):
            found[code] = found.get(code, 0) + count
    return found


def holdings_of(list_code: str, code: str) -> list[Holding]:
    """Return who holds one value: the fields in which living records do, and how many."""
    counted = [
        Holding(use, session.scalar(select(func.count()).where(use.holds(code))) or 0)
        for use in of(list_code)
    ]
    return [each for each in counted if each.count]


def is_held(list_code: str, code: str) -> bool:
    """Say whether any living record holds the value."""
    return any(session.scalar(select(exists().where(use.holds(code)))) for use in of(list_code))
