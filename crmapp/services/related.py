"""The accounts around an account: which it names, and which name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, literal, select, union_all

from crmapp.db.statements import Query, Ready, Statement, Statements
from crmapp.domain.conditions import Condition, Group, Operator, write
from crmapp.domain.fields import Field
from crmapp.models import Account, User
from crmapp.services import accounts, condition_links, fields
from crmapp.services.account_links import Named

SHOWN = 5
"""So many of the accounts that name an account in the same way are shown beside it."""
FIELDS = ("parent_id", "bill_to_id", "ship_to_id")


@dataclass(frozen=True)
class Naming:
    """The accounts that name an account in ``field``: the first ones, and how many there are.

    ``hidden`` of them the reader does not see. ``where`` is the filter that lists all that she
    sees, if she sees any.
    """

    field: Field
    first: Sequence[Named]
    count: int
    hidden: int
    where: str | None


@dataclass(frozen=True)
class Related:
    """``named`` is (field, account) of those that an account names: None if not open to the reader.

    ``naming`` are those that name it.
    """

    named: Sequence[tuple[Field, Named | None]]
    naming: Sequence[Naming]

    def __bool__(self) -> bool:
        return bool(self.named or self.naming)


def of(account: Account, *, by: User, is_named: bool = True) -> Related:
    """Return what ``by`` sees of the accounts around ``account``, however many there are.

    Who knows that none names it says so: then none is looked for.
    """
    specs = {name: spec for name, spec in fields.of("account").items() if name in FIELDS}
    seen = accounts.linked(account, by=by) if any(map(account.value, specs.values())) else {}
    named = [
        (spec, seen.get(account.value(spec)))
        for spec in specs.values()
        if account.value(spec) is not None
    ]
    return Related(named, _naming(account, specs, by) if is_named else ())


def _naming(account: Account, specs: Mapping[str, Field], by: User) -> list[Naming]:
    counted = _read("counts", account.id, by)[0]
    every, open_ = counted[: len(FIELDS)], counted[len(FIELDS) :]
    if not any(every):
        return []
    first: dict[str, list[Named]] = {}
    found = _read("first", account.id, by) if any(open_) else ()
    for name, _key, *row in sorted(found, key=lambda row: (row.name_key, row.id)):
        first.setdefault(name, []).append(Named(*row))
    return [
        Naming(
            specs[name],
            first.get(name, ()),
            seen,
            all_ - seen,
            _where(name, account) if seen else None,
        )
        for name, all_, seen in zip(FIELDS, every, open_, strict=True)
        if all_
    ]


def _where(name: str, account: Account) -> str:
    condition = Condition(name, Operator.IS, (condition_links.kept(account.id),))
    return write((Group((condition,), every=True),))


def _read(what: str, account_id: int, by: User) -> Sequence[Any]:
    make = _counts if what == "counts" else _first
    query = _made.of((what, by.scope), lambda: Ready(make(by)))
    return query.rows({"id": account_id})


def _counts(by: User) -> Query:
    """Ask for how many accounts name one in each field: of all, then of those open to ``by``."""
    table = Account.__table__.c
    return select(
        *(
            select(func.count())
            .where(table[name] == bindparam("id"), condition)
            .scalar_subquery()
            .label(f"{name}_{number}")
            for number, condition in enumerate((table.deleted_at.is_(None), Account.visible_to(by)))
            for name in FIELDS
        )
    )


def _first(by: User) -> Statement:
    table = Account.__table__.c
    ways = (
        select(literal(name).label("field"), table.name_key, table.id, table.name, table.number)
        .where(table[name] == bindparam("id"), Account.visible_to(by))
        .order_by(table.name_key, table.id)
        .limit(SHOWN)
        .subquery()
        for name in FIELDS
    )
    return union_all(*(select(*way.c) for way in ways))


_made = Statements(most=500)
