"""Which accounts are meant by a number or a name, as people and sources write them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.search import fold
from crmapp.models import Account, User
from crmapp.services import successors

SEVERAL = 0


class Named(NamedTuple):
    """An account as others speak of it."""

    id: int
    name: str
    number: str | None


def meant(words: Collection[str], *, by: User) -> dict[str, int]:
    """Return word → the account that ``by`` sees and that has it as number, else as name.

    ``SEVERAL`` stands for more than one; a word that means none is left out. The number of an
    account that was merged into another means that one.
    """
    texts = sorted({word for word in words if word})
    if not texts:
        return {}
    account = Account.__table__.c
    folded = {word: fold(word) for word in texts}
    numbers = _by_word(account.number, texts, by)
    names = _by_word(account.name_key, sorted(set(folded.values())), by)
    found = {word: numbers.get(word) or names.get(folded[word]) for word in texts}
    known = {word: ids[0] if len(ids) == 1 else SEVERAL for word, ids in found.items() if ids}
    return {**successors.numbered([word for word in texts if word not in known], by=by), **known}


def seen(ids: Collection[int], *, by: User) -> dict[int, Named]:
    """Return id → those of the accounts that ``by`` sees."""
    if not ids:
        return {}
    account = Account.__table__.c
    query = select(account.id, account.name, account.number).where(
        is_one_of(account.id, sorted(ids)), Account.visible_to(by)
    )
    return {row.id: Named(*row) for row in session.execute(query)}


def standing(ids: Collection[int], *, by: User) -> dict[int, Named]:
    """Return id → what ``by`` sees of the accounts; one that was merged is what it has become."""
    found = seen(ids, by=by)
    for id_ in set(ids) - found.keys():
        if heir := successors.of(id_, by=by):
            found[id_] = Named(heir.id, heir.name, heir.number)
    return found


def called(ids: Collection[int], *, by: User) -> dict[int, str]:
    """Return id → number, else name, of those of the accounts that ``by`` sees."""
    return {id_: each.number or each.name for id_, each in seen(ids, by=by).items()}


def names(ids: Collection[int], *, by: User) -> dict[int, tuple[str, ...]]:
    """Return id → by what :func:`meant` may find each of the accounts that ``by`` sees."""
    found = seen(ids, by=by).items()
    return {id_: tuple(filter(None, (each.number, each.name))) for id_, each in found}


def _by_word(column: Any, words: Collection[str], by: User) -> dict[str, list[int]]:
    query = select(column, Account.id).where(is_one_of(column, list(words)), Account.visible_to(by))
    found: dict[str, list[int]] = {}
    for word, id_ in session.execute(query):
        found.setdefault(word, []).append(id_)
    return found
