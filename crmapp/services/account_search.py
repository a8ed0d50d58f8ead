"""Searching accounts by every column of their list, names of people and teams included.

A few thousand accounts are found by an index, as a list of ids. Where more match, reading the list
in its order and looking at each row finds a page sooner than collecting all that match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Dialect, and_, or_, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.search import fold
from crmapp.models import Account, Contact
from crmapp.models.search import SHORT, matches
from crmapp.services.pick_lists import all_people_and_teams

Named = tuple[Sequence[tuple[int, str]], Sequence[tuple[int, str]]]
"""The (id, name) of all people, and of all teams."""
FEW = 10_000
"""So many ids are looked up one by one sooner than rows are read in order."""


@dataclass(frozen=True)
class Found:
    """The condition of a search; ``some`` are accounts that may meet it when they are too many."""

    where: ColumnElement[bool]
    some: ColumnElement[bool] | None = None


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


def found_by(words: str) -> Found:
    """Build the condition that every one of ``words`` stands in a column of the account's row."""
    named = all_people_and_teams()
    parts = [_word(text, named) for text in fold(words).split(" ")]
    if all(part.short for part in parts):
        whole = _word(fold(words), named)
        return Found(or_(matches(Account, words, _dialect()), *_people(whole)))
    own = [part for part in parts if not part.short and not part.elsewhere]
    others = [part for part in parts if part not in own]
    tries = [(own, others)] if own else []
    tries += [([part], [p for p in parts if p is not part]) for part in others if not part.short]
    for driving, rest in tries:
        ids = _ids(driving)
        if len(ids) <= FEW:
            return Found(and_(_among(ids), *map(_in_row, rest)))
    return Found(and_(*map(_in_row, parts)), _among(ids))


def _word(text: str, named: Named) -> Word:
    known = len(text) >= SHORT and session.scalar(
        select(Contact.id).where(matches(Contact, text, _dialect())).limit(1)
    )
    owners, teams = ([id_ for id_, name in each if text in fold(name)] for each in named)
    return Word(text, owners, teams, bool(known))


def _ids(words: Sequence[Word]) -> set[int]:
    """Collect the accounts that an index finds by all of ``words``, one more than FEW at most."""
    text = " ".join(word.text for word in words)
    sources: list[ColumnElement[bool]] = [matches(Account, text, _dialect())]
    if len(words) == 1:
        sources += _people(words[0])
        if words[0].contacts:
            people = select(Contact.id).where(matches(Contact, text, _dialect())).limit(FEW + 1)
            sources.append(Account.primary_contact_id.in_(people))
    found: set[int] = set()
    for source in sources:
        query = select(Account.id).where(source, Account.deleted_at.is_(None))
        found.update(session.scalars(query.limit(FEW + 1 - len(found))))
        if len(found) > FEW:
            break
    return found


def _among(ids: Iterable[int]) -> ColumnElement[bool]:
    return is_one_of(Account.__table__.c.id, sorted(ids))


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
