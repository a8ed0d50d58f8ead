"""The lines of the list of accounts: what its columns show, read for a page of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select

from crmapp.db import session
from crmapp.db.bulk import dialect, is_one_of
from crmapp.domain.fields import is_custom
from crmapp.models import Account, Contact, Team, User
from crmapp.models.contact import full_name
from crmapp.services.account_columns import NAME

_account, _user, _team, _contact = (each.__table__ for each in (Account, User, Team, Contact))
_TABLES: dict[str, tuple[Any, ColumnElement[bool]]] = {
    "owner": (_user, _account.c.owner_id == _user.c.id),
    "team": (_team, _account.c.team_id == _team.c.id),
    "primary_contact": (_contact, _account.c.primary_contact_id == _contact.c.id),
}
"""What else is read for a column, and how it belongs to the account."""
_VALUES: dict[str, tuple[ColumnElement[Any], ...]] = {
    "owner": (_user.c.name,),
    "team": (_team.c.name,),
    "primary_contact": (_contact.c.first_name, _contact.c.last_name),
    "parent": (_account.c.parent_id,),
}
_MOST_STATEMENTS = 200


class Line(NamedTuple):
    """What the list knows of an account; ``held`` has what it holds in each column.

    Owner, team and contact are names, values of custom fields are as JSON keeps them.
    """

    id: int
    name: str
    active: bool
    deleted: bool
    held: Mapping[str, Any]


def read(ids: Sequence[int], columns: Iterable[str]) -> Sequence[Line]:
    """Read the lines of accounts in the order of ``ids``, with what ``columns`` show."""
    names = tuple(columns)
    own = tuple(name for name in names if name != NAME and not is_custom(name))
    query = _query(own, custom=any(map(is_custom, names)), dialect_=dialect())
    rows = session.connection().execute(query, {"ids": ids}).all()
    people = [at for at, name in enumerate(own) if len(_VALUES.get(name, ())) > 1]
    found = {
        id_: Line(id_, name, active, deleted, _held(own, people, values))
        for id_, name, active, deleted, *values in rows
    }
    return [found[each] for each in ids if each in found]


def _held(own: Sequence[str], people: Iterable[int], values: list[Any]) -> dict[str, Any]:
    """Return column → what it holds; of the columns at ``people``, two values are the name."""
    for at in people:
        values[at : at + 2] = [full_name(*values[at : at + 2])]
    held = dict(zip(own, values, strict=False))
    for custom in values[len(own) :]:
        held |= custom
    return held


@lru_cache(maxsize=_MOST_STATEMENTS)
def _query(own: Sequence[str], *, custom: bool, dialect_: str) -> Select[*tuple[Any, ...]]:
    """Ask for the columns of :class:`Line`; made once, as values: records cost three times more."""
    tables = _account
    for name in own:
        if name in _TABLES:
            tables = tables.outerjoin(*_TABLES[name])
    head = (_account.c.id, _account.c.name, _account.c.active, _account.c.deleted_at.is_not(None))
    values = [each for name in own for each in _VALUES.get(name) or (_account.c[name],)]
    more = [_account.c.custom] if custom else []
    query = select(*head, *values, *more).select_from(tables)
    return query.where(is_one_of(_account.c.id, "ids"))
