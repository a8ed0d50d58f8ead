"""A person signs in at the identity provider, comes back, and is one of ours, or is refused."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from crmapp.connectors import openid
from crmapp.connectors.addresses import at_most
from crmapp.connectors.errors import AuthFailed, ConnectorError
from crmapp.connectors.openid import Expected
from crmapp.db import session, unit_of_work, utcnow
from crmapp.errors import CRMError, Invalid, NotFound, SecretsLost
from crmapp.i18n import N_
from crmapp.models import IdentityProvider, LinkedPerson, User
from crmapp.services import audit, identity_provider, users, vault
from crmapp.services.editing import unless_taken
from crmapp.services.person_sign_in import Begun

log = logging.getLogger(__name__)
LONGEST = timedelta(minutes=15)
"""How long a person may take to sign in there."""
WITHIN = 25.0
"""Seconds that we may ask the provider: a person waits for it."""
STRONG = frozenset(
    {
        "phr",
        "phrh",
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        "https://refeds.org/profile/mfa",
    }
)
"""What ``acr`` says of those who signed in by more than a password."""
AWAY = N_("The identity provider cannot be asked now. Try again later, or use your password.")
NOT_OURS = N_("This is not the sign-in that you began here. Begin it again.")
TOO_LONG = N_("The sign-in took too long. Begin it again.")
REFUSED_THERE = N_("You were not signed in there. Begin again, or use your password.")
DOES_NOT_FIT = N_("What the identity provider answered does not fit this sign-in. Begin it again.")
UNVERIFIED = N_("The identity provider has not verified your e-mail address. Have it verified.")
UNKNOWN = N_("Nobody signs in here by this account. Ask an administrator to let you in.")


class Refused(CRMError):
    """A sign-in that comes to nothing; the message says to the person what to do."""

    status = 403
    default = UNKNOWN


@dataclass(frozen=True)
class Back:
    """What she came back with, in the address."""

    state: str = ""
    code: str = ""
    error: str = ""
    iss: str = ""


@dataclass(frozen=True)
class Arrived:
    """Who came back, and what the provider says of it.

    ``strong`` says that she has shown more than a password, ``end`` where she signs out there.
    """

    user_id: int
    strong: bool
    end: str
    next: str


def begin(callback: str, next_: str) -> Begun:
    """Begin a sign-in that comes back to ``callback``, and leads on to ``next_``.

    Raises:
        NotFound: nobody signs in by a provider here.
        Refused: the provider cannot be asked.
    """
    row = _row()
    state = secrets.token_urlsafe(24)
    expected = Expected(secrets.token_urlsafe(24), secrets.token_urlsafe(48), callback)
    set_up = row.state
    try:
        client = identity_provider.client_of(row)
        session.rollback()
        with at_most(WITHIN), client.door() as door:
            doors = openid.discover(door, client.issuer)
            url = openid.person_url(doors, client, state, expected)
    except (ConnectorError, SecretsLost) as error:
        raise _away(error) from error
    until = (utcnow() + LONGEST).isoformat()
    kept = {"state": state, "next": next_, "set_up": set_up, "until": until, **asdict(expected)}
    return Begun(url, vault.seal(kept))


def finish(back: Back, kept: str, home: str) -> Arrived:
    """Find out who came back; ``home`` is where the provider sends who signs out there.

    Raises:
        NotFound: nobody signs in by a provider here.
        Refused: it is not the sign-in that was begun, or nobody whom we let in.
    """
    row = _row()
    begun = _begun(back, kept, row)
    expected = Expected(begun["nonce"], begun["verifier"], begun["callback"])
    try:
        client = identity_provider.client_of(row)
        claim, new_role = row.email_claim, row.new_role
        session.rollback()
        with at_most(WITHIN), client.door() as door:
            doors = openid.discover(door, client.issuer)
            if back.iss != client.issuer and (back.iss or doors.names_itself):
                raise AuthFailed(remote="the answer names another issuer")
            claims = openid.who(door, doors, client, back.code, expected)
    except AuthFailed as error:
        log.warning("a sign-in by the identity provider was refused: %s", error.remote)
        raise _refused(DOES_NOT_FIT) from error
    except (ConnectorError, SecretsLost) as error:
        raise _away(error) from error
    user_id = _person(claims, client.issuer, claim, new_role)
    end = openid.end_url(doors, client.client_id, home)
    return Arrived(user_id, _is_strong(claims), end, begun["next"])


def _row() -> IdentityProvider:
    row = identity_provider.active()
    if row is None:
        raise NotFound
    return row


def _begun(back: Back, kept: str, row: IdentityProvider) -> dict[str, Any]:
    """Return what was begun, if it is that what came back belongs to."""
    try:
        begun = vault.unseal(kept)
    except SecretsLost:
        begun = {}
    ours = hmac.compare_digest(str(begun.get("state", "")).encode(), back.state.encode())
    if not begun or not ours or begun["set_up"] != row.state:
        raise _refused(NOT_OURS)
    if datetime.fromisoformat(begun["until"]) < utcnow():
        raise _refused(TOO_LONG)
    if back.error or not back.code:
        raise _refused(REFUSED_THERE)
    return begun


def _person(claims: Mapping[str, Any], issuer: str, claim: str, new_role: str) -> int:
    """Return whose account at the provider this is: linked, or by her verified e-mail address."""
    subject = str(claims["sub"])
    linked = select(User).join(LinkedPerson, LinkedPerson.user_id == User.id)
    one = linked.where(LinkedPerson.issuer == issuer, LinkedPerson.subject == subject)
    person = session.scalars(one).one_or_none()
    if person is None:
        email = _verified(claims, claim)
        person = session.scalars(select(User).where(User.email == email)).one_or_none()
        if person is None and new_role:
            person = _added(email, claims, new_role)
        if person is not None and person.active:
            _link(person.id, issuer, subject)
    if person is None or not person.active:
        raise _refused(UNKNOWN, person.id if person else None)
    return person.id


def _verified(claims: Mapping[str, Any], claim: str) -> str:
    """Return the e-mail address; Entra ID says ``xms_edov`` of those that its tenants own."""
    email = claims.get(claim)
    said = claims.get("email_verified"), claims.get("xms_edov")
    if not isinstance(email, str) or not any(
        each is True or each in ("true", "1") for each in said
    ):
        raise _refused(UNVERIFIED)
    return email.strip().lower()


def _added(email: str, claims: Mapping[str, Any], role: str) -> User | None:
    name = claims.get("name")
    called = " ".join(name.split())[:100] if isinstance(name, str) else ""
    printable = called if called.isprintable() else ""
    called = printable or email.partition("@")[0][:100]
    session.rollback()
    try:
        user_id = users.add(name=called, email=email, role=role, by=None, invited=False)
    except Invalid as error:
        raise _refused(UNKNOWN) from error
    return session.get(User, user_id)


def _link(user_id: int, issuer: str, subject: str) -> None:
    """Remember as whom the provider knows her; it is not anybody else of the same address."""
    one_each = unless_taken({"": UNKNOWN}, index="uq_linked_person_", column="linked_person.")
    session.rollback()
    try:
        with one_each, unit_of_work():
            session.add(LinkedPerson(user_id=user_id, issuer=issuer, subject=subject))
            session.flush()
            audit.note("provider_linked", by=user_id, about="person", about_id=user_id)
    except Invalid as error:
        raise _refused(UNKNOWN, user_id) from error


def _is_strong(claims: Mapping[str, Any]) -> bool:
    """Say whether she has shown more than a password there (RFC 8176)."""
    ways = claims.get("amr")
    return (isinstance(ways, list) and "mfa" in ways) or claims.get("acr") in STRONG


def _away(error: ConnectorError | SecretsLost) -> Refused:
    said = getattr(error, "remote", "")
    log.warning("the identity provider cannot be asked: %s %s", error.message, said)
    return Refused(AWAY)


def _refused(message: str, user_id: int | None = None) -> Refused:
    """Note it in the trail, in a transaction of its own, and return what is raised."""
    session.rollback()
    with unit_of_work():
        id_ = user_id or ""
        audit.note("sign_in_refused", by=user_id, about="person", about_id=id_, way="provider")
    return Refused(message)
