"""Searching accounts by every column of their list, names of people and teams included.

A few thousand accounts are found by an index, as a list of ids. Where more match, reading the list
in its order and looking at each row finds a page sooner than collecting all that match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, and_, bindparam, or_, select

from crmapp.db import session
from crmapp.db.bulk import gathered, is_one_of, numbers
from crmapp.domain.search import fold
from crmapp.models import Account, Contact
from crmapp.models.search import SHORT, ids_of, indexed, matches, values_of
from crmapp.services.pick_lists import all_people_and_teams

Named = tuple[Sequence[tuple[int, str]], Sequence[tuple[int, str]]]
"""The (id, name) of all people, and of all teams."""
FEW = 10_000
"""So many ids are looked up one by one sooner than rows are read in order."""


@dataclass(frozen=True)
class Found:
    """The accounts of a search: those an index found, as far as they meet ``rest``.

    With ``many``, the index found too many to name all of them, and ``rest`` is the whole search.
    """

    ids: Sequence[int]
    rest: tuple[ColumnElement[bool], ...]
    many: bool = False

    @property
    def where(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions, for a statement that is given :attr:`values`."""
        return self.rest if self.many else (self.among, *self.rest)

    @property
    def among(self) -> ColumnElement[bool]:
        """The condition of being one of those that the index found."""
        return among(_dialect().name)

    @property
    def values(self) -> dict[str, Any]:
        return {"found": self.ids}

    def alone(self) -> ColumnElement[bool]:
        """Return the whole condition with its values in it, to stand beside other searches."""
        among = [] if self.many else [is_one_of(Account.__table__.c.id, self.ids)]
        return and_(*among, *self.rest)


@dataclass(frozen=True)
class Word:
    """A word of the search, and the owners, teams and contacts whose names contain it."""

    text: str
    owners: Sequence[int]
    teams: Sequence[int]
    contacts: bool

    @property
    def elsewhere(self) -> bool:
        """Whether accounts may match by something that is not in their own text."""
        return bool(self.owners or self.teams or self.contacts)

    @property
    def short(self) -> bool:
        return len(self.text) < SHORT


def found_by(words: str, *, deleted: bool = False) -> Found:
    """Build the condition that every one of ``words`` stands in a column of the account's row.

    Which of them the reader may see is another condition.
    """
    named = all_people_and_teams()
    parts = [_word(text, named) for text in fold(words).split(" ")]
    if all(part.short for part in parts):
        whole = _word(fold(words), named)
        return Found((), (or_(matches(Account, words, _dialect()), *_people(whole)),), many=True)
    own = [part for part in parts if not part.short and not part.elsewhere]
    others = [part for part in parts if part not in own]
    tries = [(own, others)] if own else []
    tries += [([part], [p for p in parts if p is not part]) for part in others if not part.short]
    for driving, rest in tries:
        ids = _ids(driving, deleted=deleted)
        if len(ids) <= FEW:
            return Found(ids, tuple(map(_in_row, rest)))
    return Found(ids, tuple(map(_in_row, parts)), many=True)


def _word(text: str, named: Named) -> Word:
    contacts = False
    if len(text) >= SHORT:
        query = _containing(Contact, 1, _dialect().name)
        values = values_of([text], _dialect())
        contacts = session.connection().scalar(query, {"most": 1, **values}) is not None
    owners, teams = ([id_ for id_, name in each if text in fold(name)] for each in named)
    return Word(text, owners, teams, contacts)


def _ids(words: Sequence[Word], *, deleted: bool) -> Sequence[int]:
    """Collect the accounts that an index finds by all of ``words``, one more than FEW at most."""
    texts = [word.text for word in words]
    values = {"most": FEW + 1, **values_of(texts, _dialect())}
    query = _all_containing(len(texts), _dialect().name)
    ids = numbers(session.connection().scalar(query, values))
    if len(ids) > FEW:  # so many of the others may stand before those that are asked for
        query = _all_that_are(deleted, len(texts), _dialect().name)
        ids = numbers(session.connection().scalar(query, values))
    if len(words) > 1 or not words[0].elsewhere:
        return ids
    found = set(ids)
    for source in _elsewhere(words[0]):
        more = select(Account.id).where(source, _is(deleted)).limit(max(FEW + 1 - len(found), 0))
        found.update(session.scalars(more))
    return sorted(found)


def _elsewhere(word: Word) -> list[ColumnElement[bool]]:
    """Return where else than in their own text accounts match, each as an index finds them."""
    sources = _people(word)
    if word.contacts:
        named = matches(Contact, word.text, _dialect())
        people = select(Contact.id).where(named).limit(FEW + 1)
        sources.append(Account.primary_contact_id.in_(people))
    return sources


@cache
def _all_containing(count: int, dialect_name: str) -> Select[*tuple[Any, ...]]:
    return gathered(_containing(Account, count, dialect_name))


@cache
def _all_that_are(deleted: bool, count: int, _dialect_name: str) -> Select[*tuple[Any, ...]]:
    """Ask for accounts as :func:`_all_containing` does, of the deleted or of the others alone."""
    source, match = indexed(Account, count, _dialect())
    found = select(Account.__table__.c.id).select_from(source).where(match, _is(deleted))
    return gathered(found.limit(bindparam("most")))


def _is(deleted: bool) -> ColumnElement[bool]:
    gone = Account.__table__.c.deleted_at
    return gone.is_not(None) if deleted else gone.is_(None)


@cache
def _containing(
    model: type[Account] | type[Contact], count: int, _dialect_name: str
) -> Select[*tuple[Any, ...]]:
    """Ask for ``most`` records whose text contains ``count`` words, made once for each number."""
    return ids_of(model, count, _dialect()).limit(bindparam("most"))


@cache
def among(_dialect_name: str) -> ColumnElement[bool]:
    """Say that an account is one of those ``found``; made once, as what is asked with it is."""
    return is_one_of(Account.__table__.c.id, "found")


def _in_row(word: Word) -> ColumnElement[bool]:
    """Look for the word in one account's columns, without an index."""
    places = [Account.search_text.contains(word.text, autoescape=True), *_people(word)]
    if word.contacts:
        named = Contact.search_text.contains(word.text, autoescape=True)
        same = Contact.id == Account.primary_contact_id
        places.append(select(Contact.id).where(same, named).exists())
    return or_(*places)


def _people(word: Word) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if word.owners:
        conditions.append(Account.owner_id.in_(word.owners))
    if word.teams:
        conditions.append(Account.team_id.in_(word.teams))
    return conditions


def _dialect() -> Dialect:
    return session.get_bind().dialect
