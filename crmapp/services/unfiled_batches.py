"""Settle all letters that match a filter, a slice of time after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from time import monotonic

from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import FileLost
from crmapp.models import UnfiledLetter, User
from crmapp.services import unfiled
from crmapp.services.rights import need
from crmapp.services.unfiled import Asked

SLICE = 2.0
"""Seconds after which whoever waits is told how far it is."""


class Verb(StrEnum):
    """What is done with each letter."""

    FILE = "file"
    DISCARD = "discard"
    RETURN = "return"


@dataclass(frozen=True)
class Batch:
    """How far it is: the letters up to ``after`` were looked at, of those up to ``through``.

    ``seen`` of ``total`` were looked at, ``done`` of them are settled by it, which began at
    ``since``.
    """

    verb: Verb
    asked: Asked
    through: int
    total: int
    since: datetime
    account_id: int | None = None
    after: int = 0
    seen: int = 0
    done: int = 0
    over: bool = False


def go_on(batch: Batch, *, by: User) -> Batch:
    """Settle letters for a slice of time, and return how far it is then.

    A letter that somebody else settles meanwhile, or that cannot be filed, stays as it is. Each is
    settled in a transaction of its own or of few, so whoever breaks off loses nothing.

    Raises:
        Forbidden, NotFound: she may not read letters, or not change the account.
        Unavailable: files cannot be written; those before it are filed.
    """
    need(unfiled.RIGHT, by=by)
    end = monotonic() + SLICE
    while ids := _next(batch, unfiled.PAGE):
        done = _do(batch, ids, by)
        batch = replace(
            batch, after=ids[-1], seen=batch.seen + len(ids), done=batch.done + len(done)
        )
        if monotonic() >= end:
            break
    return replace(batch, over=not _next(batch, 1))


def _next(batch: Batch, most: int) -> Sequence[int]:
    letter = UnfiledLetter.id
    query = select(letter).where(*batch.asked.holds(), letter > batch.after)
    ids = session.scalars(query.where(letter <= batch.through).order_by(letter).limit(most)).all()
    session.rollback()
    return ids


def _do(batch: Batch, ids: Sequence[int], by: User) -> list[int]:
    """Return those of the letters that are settled, or that wait again."""
    match batch.verb:
        case Verb.DISCARD:
            return unfiled.discard(ids, by=by)
        case Verb.RETURN:
            return unfiled.bring_back(ids, by=by)
    return [each for id_ in ids for each in _file(id_, batch.account_id or 0, by)]


def _file(letter_id: int, account_id: int, by: User) -> list[int]:
    try:
        return unfiled.file([letter_id], account_id, by=by)
    except FileLost:  # the others can be filed all the same
        return []
