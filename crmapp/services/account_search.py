"""Searching accounts by every column of their list, names of people and teams included."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Dialect, Select, and_, or_, select

from crmapp.db import session
from crmapp.domain.search import fold
from crmapp.models import Account, Contact, Team, User
from crmapp.models.search import SHORT, matches


def found_by(words: str) -> ColumnElement[bool]:
    """Build the condition that every one of ``words`` stands in a column of the account's row.

    A word may stand in the account's own text or in the name of its owner, team or primary contact.
    """
    parts = fold(words).split(" ")
    if all(len(part) < SHORT for part in parts):
        return or_(matches(Account, words, _dialect()), *_people(fold(words)))
    return and_(*(_found_by(part) for part in parts))


def _found_by(part: str) -> ColumnElement[bool]:
    if len(part) < SHORT:  # too short for an index: looks at what the longer words found
        return or_(Account.search_text.contains(part, autoescape=True), *_people(part))
    contacts = select(Contact.id).where(matches(Contact, part, _dialect()))
    primary = Account.primary_contact_id.in_(contacts)
    return or_(matches(Account, part, _dialect()), primary, *_people(part))


def _people(part: str) -> list[ColumnElement[bool]]:
    """Return conditions on the owners and teams whose name contains ``part``, if there are any."""
    owners = _named(select(User.id, User.name), part)
    teams = _named(select(Team.id, Team.name), part)
    conditions: list[ColumnElement[bool]] = []
    if owners:
        conditions.append(Account.owner_id.in_(owners))
    if teams:
        conditions.append(Account.team_id.in_(teams))
    return conditions


def _named(query: Select[int, str], part: str) -> list[int]:
    return [id_ for id_, name in session.execute(query) if part in fold(name)]


def _dialect() -> Dialect:
    return session.get_bind().dialect
