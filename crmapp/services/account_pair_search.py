"""Search all accounts for pairs that are likely the same customer, word by word, as a run.

Each part goes on behind the last word of the one before: no more than a part is ever held, and no
account is compared but with those that share a word with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import ColumnElement, delete, func, literal_column, select
from sqlalchemy.schema import Table

from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of, merge_rows
from crmapp.domain.duplicates import CROWD, Alike, Member, pairs, score
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ACTIVE, Status
from crmapp.errors import AlreadyRunning
from crmapp.i18n import N_
from crmapp.models import Account, AccountPair, Run, User
from crmapp.models.account import TAX_WORD
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, enqueue
from crmapp.services.rights import need

KIND = "duplicates"
_TITLE = N_("Accounts that may be the same")
_PART = 200
"""How many words are looked at in one transaction."""
_NAMESAKES = 200
"""So many accounts of one near name are told apart by their postal codes."""
_ACCOUNT = Account.__table__.c
_PAIR = cast("Table", AccountPair.__table__)


_WORDS: dict[Alike, tuple[ColumnElement[Any], ColumnElement[Any]]] = {
    Alike.TAX_ID: (literal_column(TAX_WORD), _ACCOUNT.tax_id),
    Alike.EMAIL: (func.lower(_ACCOUNT.email), _ACCOUNT.email),
    Alike.PHONE: (_ACCOUNT.phone_key, _ACCOUNT.phone_key),
    Alike.NUMBER: (_ACCOUNT.number, _ACCOUNT.number),
    Alike.NAME_POSTCODE: (_ACCOUNT.near_key, _ACCOUNT.near_key),
}
"""By what accounts are grouped, and the column that must not be null for an index to serve."""
_ORDER = [*_WORDS]


def start(*, by: User) -> int:
    """Have all accounts searched in the background, and return the run's id.

    Raises:
        Forbidden: ``by`` lacks the right.
        AlreadyRunning: they are being searched; carries that run's id.
    """
    need(Right.ACCOUNT_DELETE, by=by)
    with unit_of_work():
        if (active := working()) is not None:
            raise AlreadyRunning(active)
        run = Run(
            kind=KIND,
            title=_TITLE,
            status=Status.QUEUED.value,
            source={"kind": KIND, "titles": {"en": _TITLE, "fr": "Comptes peut-être identiques"}},
            lock_key=KIND,
            by_id=by.id,
        )
        return enqueue(run)


def working() -> int | None:
    """Return the search that has not ended, if there is one."""
    active = Run.status.in_([status.value for status in ACTIVE])
    return session.scalar(select(Run.id).where(Run.kind == KIND, active).limit(1))


def newest() -> Run | None:
    """Return the last search that has ended well."""
    done = select(Run).where(Run.kind == KIND, Run.status == Status.DONE.value)
    return session.scalar(done.order_by(Run.id.desc()).limit(1))


def advance(held: Claim) -> Claim | None:
    """Look at the next words, or forget what is no pair any more and end."""
    run = load(held.run_id)
    if run.cancel_requested:
        with unit_of_work():
            end(held, Status.CANCELLED)
        return None
    place, after = run.mapping.get("at", (0, ""))
    if place == len(_ORDER):
        _finish(held)
        return None
    alike = _ORDER[place]
    words = _next_words(alike, after)
    found = {pair: {str(alike)} for pair in _pairs(alike, words)}
    at = [place, words[-1]] if words else [place + 1, ""]
    with unit_of_work():
        moved = checkpoint(held, cursor=held.cursor + 1, mapping={"at": at})
        _keep(found, held.run_id)
    return moved


def _next_words(alike: Alike, after: str) -> list[str]:
    """Return the next words that several living accounts share, but not too many of them."""
    word, filled = _WORDS[alike]
    most = _NAMESAKES if alike is Alike.NAME_POSTCODE else CROWD
    query = (
        select(word)
        .where(_ACCOUNT.deleted_at.is_(None), filled.is_not(None), word > after)
        .group_by(word)
        .having(func.count() > 1, func.count() <= most)
        .order_by(word)
        .limit(_PART)
    )
    return [str(each) for each in session.scalars(query)]


def _pairs(alike: Alike, words: Sequence[str]) -> list[tuple[int, int]]:
    if not words:
        return []
    word, filled = _WORDS[alike]
    said = (_ACCOUNT.billing_postal_code, _ACCOUNT.phone)
    columns = (word, _ACCOUNT.id, _ACCOUNT.name, *(func.coalesce(each, "") for each in said))
    query = select(*columns).where(
        _ACCOUNT.deleted_at.is_(None), filled.is_not(None), is_one_of(word, list(words))
    )
    rows = sorted(Member(*row) for row in session.execute(query))
    found: list[tuple[int, int]] = []
    for _word, same in groupby(rows, key=attrgetter("word")):
        found += pairs(alike, [*same])
    return found


def _keep(found: Mapping[tuple[int, int], set[str]], run_id: int) -> None:
    """Keep pairs with the reasons that this search has found so far."""
    query = select(_PAIR.c.first_id, _PAIR.c.second_id, _PAIR.c.reasons).where(
        is_one_of(_PAIR.c.first_id, sorted({first for first, _second in found})),
        _PAIR.c.run_id == run_id,
    )
    before = {(row[0], row[1]): row[2] for row in session.execute(query)} if found else {}
    rows = [
        {
            "first_id": pair[0],
            "second_id": pair[1],
            "reasons": (all_ := [*dict.fromkeys([*before.get(pair, ()), *reasons])]),
            "score": score(all_),
            "run_id": run_id,
        }
        for pair, reasons in sorted(found.items())
    ]
    merge_rows(_PAIR, rows, ["first_id", "second_id"], ["reasons", "score", "run_id"])


def _finish(held: Claim) -> None:
    """Forget pairs that were not found again, but for those that a person keeps apart."""
    with unit_of_work():
        stale = func.coalesce(_PAIR.c.run_id, 0) != held.run_id
        session.execute(delete(_PAIR).where(stale, _PAIR.c.different_at.is_(None)))
        count = session.scalar(
            select(func.count()).where(
                _PAIR.c.run_id == held.run_id, _PAIR.c.different_at.is_(None)
            )
        )
        end(held, Status.DONE, cursor=count, total=count, done={"written": count})
