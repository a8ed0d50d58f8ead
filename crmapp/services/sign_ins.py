"""Where people are signed in: begun, seen, listed and ended."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Engine, Select, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import DBAPIError

from crmapp.db import beside, session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.models import SignIn, User
from crmapp.services import audit
from crmapp.services.rights import need

LASTS = timedelta(days=32)
"""Who was not seen for so long signs in again: cookies are good for 30 and 31 days."""
LONGEST = timedelta(days=90)
"""However often she is seen, a sign-in ends after so long."""
NOTED = timedelta(minutes=10)
"""When somebody was seen is noted so often at most."""
MOST = 100
"""In so many browsers can a person be signed in; the one that was not seen for longest goes."""
_MOST_TOLD = 300
"""So much is kept of what a browser says of itself."""


@dataclass(frozen=True)
class Seen:
    """The sign-in that a request belongs to: seen when as far as that is noted, begun when."""

    id: int
    at: datetime = field(default_factory=utcnow)
    since: datetime = field(default_factory=utcnow)

    def is_to_be_noted(self) -> bool:
        """Whether that is so long ago that it has to be noted anew."""
        return utcnow() - self.at >= NOTED

    def is_over(self) -> bool:
        """Whether she has to sign in again: she was not seen for long, or began too long ago."""
        now = utcnow()
        return now - self.at >= LASTS or now - self.since >= LONGEST


def begin(user_id: int, *, agent: str, address: str) -> tuple[str, int]:
    """Sign a person in; return the secret word of her session, and the sign-in's id.

    The caller commits.
    """
    word = secrets.token_urlsafe(32)
    hers = select(SignIn.id).where(SignIn.user_id == user_id)
    first = hers.order_by(SignIn.seen_at.desc(), SignIn.id.desc()).offset(MOST - 1)
    for each in session.scalars(first).all():
        session.execute(delete(SignIn).where(SignIn.id == each))
    row = {"user_id": user_id, "word_hash": _hashed(word), "agent": agent[:_MOST_TOLD]}
    made = insert(SignIn).values(**row, address=address).returning(SignIn.id)
    return word, session.execute(made).scalar_one()


def find(word: str) -> tuple[User, Seen] | None:
    """Return whose session has this word, if it has not ended."""
    found = session.execute(_by_word(), {"word_hash": _hashed(word)}).one_or_none()
    if found is None:
        return None
    person, sign_in_id, seen_at, began_at = found
    return person, Seen(sign_in_id, seen_at, began_at)


def renew(sign_in_id: int) -> str:
    """Give a session another secret word, and return it; the old one is good no more.

    The caller commits.
    """
    word = secrets.token_urlsafe(32)
    there = update(SignIn).where(SignIn.id == sign_in_id)
    session.execute(there.values(word_hash=_hashed(word)))
    return word


def note(engine: Engine, sign_in_id: int, *, agent: str, address: str) -> None:
    """Note that somebody was seen just now; if the database cannot, it is noted another time."""
    now = utcnow()
    query = (
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.seen_at <= now - NOTED)
        .values(seen_at=now, agent=agent[:_MOST_TOLD], address=address)
    )
    with suppress(DBAPIError), beside(engine) as connection:
        connection.execute(query)


def of(user_id: int, *, by: User) -> Sequence[SignIn]:
    """Return where a person is signed in, where she was seen last first.

    Raises:
        Forbidden: it is not herself, and ``by`` lacks the right.
    """
    _allow(user_id, by)
    now = utcnow()
    hers = (
        SignIn.user_id == user_id,
        SignIn.seen_at > now - LASTS,
        SignIn.began_at > now - LONGEST,
    )
    return session.scalars(
        select(SignIn).where(*hers).order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    ).all()


def end(sign_in_id: int, user_id: int, *, by: User) -> None:
    """Sign a person out in one browser.

    Raises:
        Forbidden: it is not herself, and ``by`` lacks the right.
        NotFound: she is not signed in there, or not any more.
    """
    _allow(user_id, by)
    with unit_of_work():
        there = delete(SignIn).where(SignIn.id == sign_in_id, SignIn.user_id == user_id)
        if session.scalar(there.returning(SignIn.id)) is None:
            raise NotFound
        audit.note("sign_in_ended", by=by, about="person", about_id=user_id)


def forget(sign_in_id: int) -> None:
    """End a sign-in; the caller commits."""
    session.execute(delete(SignIn).where(SignIn.id == sign_in_id))


def end_all(person: User, but: int | None = None) -> None:
    """Sign a person out everywhere, ``but`` there; the caller commits.

    What she has begun elsewhere ends as well: a second step, a link to set a new password.
    """
    person.fs_uniquifier = uuid.uuid4().hex
    others = delete(SignIn).where(SignIn.user_id == person.id)
    session.execute(others if but is None else others.where(SignIn.id != but))


def forget_old() -> None:
    """Delete the sign-ins that nobody can come back to."""
    now = utcnow()
    old = or_(SignIn.seen_at < now - LASTS, SignIn.began_at < now - LONGEST)
    if session.scalar(select(SignIn.id).where(old).limit(1)) is None:
        session.rollback()
        return
    with unit_of_work():
        session.execute(delete(SignIn).where(old))


def _allow(user_id: int, by: User) -> None:
    if user_id != by.id:
        need(Right.USER_MANAGE, by=by)


def _hashed(word: str) -> str:
    """Return what is kept of a word; it is long and random, so nobody finds it by trying."""
    return hashlib.sha256(word.encode()).hexdigest()


@cache
def _by_word() -> Select[User, int, datetime, datetime]:
    return (
        select(User, SignIn.id, SignIn.seen_at, SignIn.began_at)
        .join(SignIn, SignIn.user_id == User.id)
        .where(SignIn.word_hash == bindparam("word_hash"))
    )
