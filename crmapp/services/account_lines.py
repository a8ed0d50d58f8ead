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
    """What the list knows of an account.

    ``values`` are what it holds in the standard columns ``own``, as the database has it; ``custom``
    has the values of custom fields, as JSON keeps them, if a column shows one.
    """

    id: int
    name: str
    active: bool
    deleted: bool
    values: Sequence[Any]
    custom: Mapping[str, Any]
    own: Sequence[str]

    @property
    def head(self) -> tuple[int, str, bool, bool]:
        """What stands before the columns."""
        return self.id, self.name, self.active, self.deleted

    @property
    def said(self) -> tuple[Any, ...]:
        """All that the database said of the account, but for custom fields: a key."""
        values = self.values
        if "tags" in self.own:  # a list
            values = [tuple(each) if isinstance(each, list) else each for each in values]
        return (*self.head, *values)

    @property
    def held(self) -> dict[str, Any]:
        """What the account holds in each column: owner, team and contact are names."""
        values = [*self.values]
        for at, name in enumerate(self.own):
            if len(_VALUES.get(name, ())) > 1:
                values[at : at + 2] = [full_name(*values[at : at + 2])]
        return {**dict(zip(self.own, values, strict=True)), **self.custom}


def read(ids: Sequence[int], columns: Iterable[str]) -> Sequence[Line]:
    """Read the lines of accounts in the order of ``ids``, with what ``columns`` show."""
    names = tuple(columns)
    own = tuple(name for name in names if name != NAME and not is_custom(name))
    custom = any(map(is_custom, names))
    query = _query(own, custom=custom, dialect_=dialect())
    rows = session.connection().execute(query, {"ids": ids}).all()
    end = -1 if custom else None
    found = {}
    for row in rows:
        id_, name, active, deleted = row[:4]
        held = row[4:end], row[-1] if custom else {}
        found[id_] = Line(id_, name, active, deleted, *held, own)
    return [found[each] for each in ids if each in found]


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
