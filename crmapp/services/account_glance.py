"""What every page of an account says at a glance: how much hangs on it, and what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Exists,
    ScalarSelect,
    Select,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)

from crmapp.db import utcnow
from crmapp.db.statements import Ready, Statements
from crmapp.models import Account, Activity, Attachment, Contact, User
from crmapp.services.related import FIELDS


class Glance(NamedTuple):
    """Whether the reader may change the account, and what hangs on it.

    ``named``: other accounts name it, whether she sees them or not. ``contacts`` are the active
    ones, ``activities`` those that are still to be done: ``next_…`` is the first of them.
    ``last_at`` is when something took place last.
    """

    editable: bool
    named: bool
    contacts: int
    activities: int
    files: int
    last_at: datetime | None
    next_id: int | None
    next_kind: str | None
    next_subject: str | None
    next_at: datetime | None


def of(account: Account, *, by: User) -> Glance:
    """Return what there is to say of an account that ``by`` sees, by one statement."""
    query = _made.of(by.scope, lambda: Ready(_glance(by)))
    (found,) = query.rows({"id": account.id, "now": utcnow()})
    return Glance(bool(found[0]), bool(found[1]), *found[2:])


_made = Statements(most=500)


def _glance(by: User) -> Select[Any]:
    editable = select(Account.id).where(Account.id == bindparam("id"), Account.editable_by(by))
    at, open_ = Activity.happens_at, _of_account(Activity).where(Activity.is_open())
    past = _of_account(Activity).where(Activity.is_past(), at <= bindparam("now"))
    shown = open_.with_only_columns(Activity.id, Activity.kind, Activity.subject, at)
    next_ = shown.order_by(at, Activity.id).limit(1).subquery()
    return select(
        editable.exists(),
        or_(*(_naming(name) for name in FIELDS)),
        _count(_of_account(Contact).where(Contact.active)),
        _count(open_),
        _count(_of_account(Attachment)),
        past.with_only_columns(at).order_by(at.desc()).limit(1).scalar_subquery(),
        *next_.c,
    ).select_from(select(literal(1)).subquery().outerjoin(next_, true()))


def _naming(name: str) -> Exists:
    """Say whether a living account names the account, ``id``, in a field."""
    other = Account.__table__.c
    return exists().where(other[name] == bindparam("id"), other.deleted_at.is_(None))


def _of_account(model: type[Contact | Activity | Attachment]) -> Select[Any]:
    """Ask for what an account, ``id``, has of a kind."""
    return select(model).where(model.account_id == bindparam("id"), model.deleted_at.is_(None))


def _count(query: Select[Any]) -> ScalarSelect[int]:
    return query.with_only_columns(func.count()).scalar_subquery()
