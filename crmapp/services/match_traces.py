"""Accounts that nobody's key, number or name leads to, because a letter of their name is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from crmapp.db import session
from crmapp.db.bulk import dialect, is_one_of
from crmapp.domain.matching import Candidate, Clues, traces
from crmapp.models import Account, ExternalIdentity

_MOST = 50_000  # accounts that are looked at for the rows of a chunk
_ACCOUNT = Account.__table__.c
_LEDGER = ExternalIdentity.__table__.c
_CODE: ColumnElement[Any] = func.upper(func.replace(_ACCOUNT.billing_postal_code, " ", ""))


def read(clues: Sequence[Clues], identity: Sequence[str]) -> Mapping[str, Sequence[Candidate]]:
    """Return trace → the living accounts that have it, of those that the source does not have.

    No index helps: this is for the few rows that would make new accounts, and of them for those
    that share a postal code or a domain of e-mail with somebody.
    """
    words = sorted({word for each in clues for word in traces(each)})
    if not words:
        return {}
    names = ("number", "name", "email", "billing_postal_code")
    query = (
        select(_ACCOUNT.id, *(_ACCOUNT[name] for name in names))
        .where(_ACCOUNT.deleted_at.is_(None), _leads_to(words), ~is_held(identity))
        .order_by(_ACCOUNT.id)
        .limit(_MOST)
    )
    found: dict[str, list[Candidate]] = {}
    for id_, *texts in session.execute(query):
        number, name, email, code = [text or "" for text in texts]
        candidate = Candidate(id_, number, name, email, code)
        for word in traces(candidate):
            found.setdefault(word, []).append(candidate)
    return found


def is_held(identity: Sequence[str]) -> ColumnElement[bool]:
    """Say of an account that the source has, or had, a customer for it.

    The system is no bare column: SQLite would go through all its customers for each account.
    """
    return exists().where(
        _LEDGER.account_id == _ACCOUNT.id,
        func.coalesce(_LEDGER.system, "") == identity[0],
        _LEDGER.object == identity[1],
    )


def _leads_to(words: Sequence[str]) -> ColumnElement[bool]:
    """Say of an account that one of ``words`` is a trace of it, as :func:`traces` makes them."""
    key = _ACCOUNT.near_key
    ends = [
        end
        for n in (1, 2)
        for end in (
            _CODE + literal(" ") + func.substr(key, 1, n),
            _CODE + literal(" -") + func.substr(key, func.length(key) + 1 - n, n),
        )
    ]
    by_code = or_(*(is_one_of(each, words) for each in ends))
    coded = and_(_ACCOUNT.billing_postal_code.is_not(None), _ACCOUNT.near_key.is_not(None))
    mailed = and_(_ACCOUNT.email.is_not(None), is_one_of(_domain(), words))
    return or_(and_(coded, by_code), mailed)


def _domain() -> ColumnElement[Any]:
    """Return the domain of an e-mail address, with its sign before it."""
    email = func.lower(_ACCOUNT.email)
    if dialect() == "postgresql":
        return func.substr(email, func.strpos(email, "@"))
    return func.substr(email, func.instr(email, "@"))
