"""Tokens by which programs ask in a person's name: made, looked up, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import String, cast, literal, or_, select, update
from sqlalchemy.orm import joinedload

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.errors import Invalid, NotFound, Unavailable
from crmapp.i18n import N_, Text
from crmapp.models import ApiToken, User
from crmapp.models.api_token import FORGOTTEN
from crmapp.services import audit
from crmapp.services.rights import need

DAYS = (30, 90, 365)
"""How long a token may be good."""
MOST = 50
"""So many good tokens a person may have."""
LONGEST_NAME = 100
_NOTED_EVERY = timedelta(minutes=5)


def make(name: str, scopes: Collection[str], days: int, *, by: User) -> str:
    """Make a token of ``by`` and return it: it is not kept, so it is shown this once.

    Raises:
        Invalid: field → what is wrong with it.
    """
    name, known = name.strip(), [scope.value for scope in Scope if scope in scopes]
    wrong: dict[str, Text | str] = {}
    if not name or len(name) > LONGEST_NAME or "\x00" in name:
        wrong["name"] = Text(
            N_("Enter a name of at most %(most)s characters."), {"most": LONGEST_NAME}
        )
    if not known or len(known) != len(set(scopes)):
        wrong["scopes"] = N_("Tick what the program may do.")
    if days not in DAYS:
        wrong["days"] = N_("Choose how long the token is good.")
    if wrong:
        raise Invalid(wrong)
    word = f"crm_{secrets.token_urlsafe(32)}"
    now = utcnow()
    with unit_of_work():
        if len([each for each in _of(by.id) if each.is_good()]) >= MOST:
            raise Invalid(
                {"": Text(N_("Revoke a token first: there are %(most)s."), {"most": MOST})}
            )
        token = ApiToken(
            user_id=by.id,
            name=name,
            hash=_hashed(word),
            tail=word[-4:],
            scopes=known,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        session.add(token)
        session.flush()
        audit.note("token_made", by=by, about="token", about_id=token.id, scopes=known, days=days)
    return word


def own(*, by: User) -> Sequence[ApiToken]:
    """Return the tokens of ``by`` that are not revoked, the newest first."""
    return _of(by.id)


def everybodys(*, by: User) -> Sequence[ApiToken]:
    """Return the tokens of everybody that are not revoked, by person.

    Raises:
        Forbidden: she may not look after people.
    """
    need(Right.USER_MANAGE, by=by)
    query = (
        select(ApiToken)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.revoked_at.is_(None))
        .options(joinedload(ApiToken.user))
        .order_by(User.name, ApiToken.user_id, ApiToken.id.desc())
    )
    return session.scalars(query).all()


def revoke(token_id: int, *, by: User) -> str:
    """Revoke a token of ``by``, or of anybody if she looks after people; return its name.

    Raises:
        NotFound: there is none, or it is not hers.
    """
    with unit_of_work():
        token = session.get(ApiToken, token_id)
        if token is None or (token.user_id != by.id and not by.can(Right.USER_MANAGE)):
            raise NotFound
        if token.revoked_at is None:
            token.revoked_at = utcnow()
            audit.note(
                "token_revoked", by=by, about="token", about_id=token_id, person=token.user_id
            )
        return token.name


def revoke_all(person_id: int) -> None:
    """Revoke all tokens of a person who is let go, for good; the caller commits."""
    hers = (ApiToken.user_id == person_id, ApiToken.revoked_at.is_(None))
    session.execute(update(ApiToken).where(*hers).values(revoked_at=utcnow()))


def found(word: str) -> ApiToken | None:
    """Return the token, with its person, if it is good."""
    query = select(ApiToken).where(ApiToken.hash == _hashed(word))
    token = session.scalar(query.options(joinedload(ApiToken.user)))
    return token if token and token.is_good() else None


def note_use(token: ApiToken) -> None:
    """Keep that it was used now, every few minutes; a busy database is no reason to refuse it."""
    now = utcnow()
    if token.used_at is not None and now - token.used_at < _NOTED_EVERY:
        return
    unnoted = or_(ApiToken.used_at.is_(None), ApiToken.used_at < now)
    with suppress(Unavailable), unit_of_work():
        session.execute(
            update(ApiToken).where(ApiToken.id == token.id, unnoted).values(used_at=now)
        )


def forget_expired() -> None:
    """Keep nothing by which a token is known whose time is over: no clock makes it good again."""
    over = (ApiToken.expires_at <= utcnow(), ApiToken.hash.not_like(f"{FORGOTTEN}%"))
    if session.scalar(select(ApiToken.id).where(*over).limit(1)) is None:
        session.rollback()
        return
    with unit_of_work():
        known = {"hash": literal(FORGOTTEN).concat(cast(ApiToken.id, String))}
        session.execute(update(ApiToken).where(*over).values(known))


def _of(person_id: int) -> Sequence[ApiToken]:
    query = select(ApiToken).where(ApiToken.user_id == person_id, ApiToken.revoked_at.is_(None))
    query = query.options(joinedload(ApiToken.user)).order_by(ApiToken.id.desc())
    return session.scalars(query).all()


def _hashed(word: str) -> str:
    """Return what is kept of a token; it is long and random, so nobody finds it by trying."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()
