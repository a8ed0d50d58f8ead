"""The identity provider that people sign in with: set up, tested, and whom it knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import delete, select

from crmapp.connectors import openid
from crmapp.connectors.errors import WrongInstance
from crmapp.connectors.openid import Client
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.permissions import Right, Role
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import IdentityProvider, LinkedPerson, User
from crmapp.services import audit, vault
from crmapp.services.rights import need

RIGHT = Right.USER_MANAGE
NEW_ROLES = tuple(role for role in Role if role is not Role.ADMIN)
"""What people who come from the provider may be: nobody administers without having been asked."""
STALE = N_("Somebody changed these settings meanwhile. Look at them again, then save.")
_CLAIM = re.compile(r"[\w:./-]{1,100}")


@dataclass(frozen=True)
class Wanted:
    """What an administrator set; an empty ``secret`` stays as it is."""

    issuer: str
    client_id: str
    label: str
    secret: str = field(default="", repr=False)
    email_claim: str = "email"
    new_role: str = ""
    passwords: bool = True
    active: bool = True
    sandbox: bool = False


@dataclass(frozen=True)
class Found:
    """What a test found: how many keys, and whether people can be signed out there as well."""

    keys: int
    signs_out: bool


def state(*, by: User) -> IdentityProvider | None:
    """Return what is set up, if anything is.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    return _row()


def active() -> IdentityProvider | None:
    """Return the provider that people can sign in with."""
    row = _row()
    return row if row is not None and row.active else None


def lets_in_by_password(user: User) -> bool:
    """Say whether this person may sign in by her password: an administrator always may."""
    row = active()
    return row is None or row.passwords or user.role == Role.ADMIN


def save(wanted: Wanted, seen: str, *, by: User) -> None:
    """Set the provider up, or change it, of which ``by`` saw the state ``seen``.

    A secret stays when none is typed, unless it would be sent to another provider than before.

    Raises:
        Forbidden: she lacks the right.
        Invalid: field → what is wrong with it.
        Conflict: somebody changed it meanwhile.
    """
    need(RIGHT, by=by)
    with unit_of_work():
        query = select(IdentityProvider).with_for_update()
        row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if (row.state if row else "") != seen:
            raise Conflict({}, message=STALE)
        problems = _wrong(wanted)
        moved = row is not None and (row.issuer, row.sandbox) != (wanted.issuer, wanted.sandbox)
        if row is not None and row.secret and moved and not wanted.secret:
            problems.setdefault(
                "secret", N_("Enter the secret again: it would be sent to another address.")
            )
        if problems:
            raise Invalid(problems)
        if row is None:
            row = IdentityProvider(id=1)
            session.add(row)
        for name in ("issuer", "client_id", "label", "email_claim", "new_role"):
            setattr(row, name, getattr(wanted, name))
        row.passwords, row.active, row.sandbox = wanted.passwords, wanted.active, wanted.sandbox
        if wanted.secret:
            row.secret = vault.seal({"secret": wanted.secret})
        row.updated_at = utcnow()
        told = {"active": row.active, "passwords": row.passwords, "new_role": row.new_role}
        audit.note("provider_saved", by=by, about="provider", **told)


def test(*, by: User) -> Found:
    """Read what the provider says of itself.

    Raises:
        Forbidden: she lacks the right.
        Invalid: none is set up.
        SecretsLost: no key opens its secret.
        ConnectorError: what is wrong, in a sentence.
    """
    need(RIGHT, by=by)
    row = _row()
    if row is None:
        raise Invalid({"": N_("Set the provider up first.")})
    client = client_of(row)
    session.rollback()
    with client.door() as door:
        doors = openid.discover(door, client.issuer)
        return Found(len(openid.keys(door, doors)), bool(doors.end_session))


def client_of(row: IdentityProvider) -> Client:
    """Return what a provider knows us as.

    Raises:
        SecretsLost: no key opens the secret.
    """
    secret = str(vault.unseal(row.secret).get("secret", ""))
    return Client(row.issuer, row.client_id, secret, row.sandbox)


def is_linked(user_id: int) -> bool:
    """Say whether a provider knows this person."""
    hers = select(LinkedPerson.id).where(LinkedPerson.user_id == user_id)
    return session.scalar(hers.limit(1)) is not None


def unlink(user_id: int, *, by: User) -> None:
    """Forget as whom a provider knows a person; her next sign-in finds her by her e-mail address.

    Raises:
        Forbidden: she lacks the right.
    """
    need(RIGHT, by=by)
    with unit_of_work():
        hers = delete(LinkedPerson).where(LinkedPerson.user_id == user_id)
        if session.scalars(hers.returning(LinkedPerson.id)).all():
            audit.note("provider_unlinked", by=by, about="person", about_id=user_id)


def _row() -> IdentityProvider | None:
    return session.scalars(select(IdentityProvider)).one_or_none()


def _wrong(wanted: Wanted) -> dict[str, Text | str]:
    problems: dict[str, Text | str] = {}
    if wrong := _wrong_issuer(wanted):
        problems["issuer"] = wrong
    if not 0 < len(wanted.client_id) <= 300 or not wanted.client_id.isprintable():
        problems["client_id"] = N_("Enter the client ID that the provider shows.")
    if not 0 < len(wanted.label) <= 40 or not wanted.label.isprintable():
        problems["label"] = N_("Enter a name of at most 40 characters.")
    if len(wanted.secret) > 1000 or not wanted.secret.isprintable():
        problems["secret"] = N_("Enter the secret as the provider shows it, in one line.")
    if not _CLAIM.fullmatch(wanted.email_claim):
        problems["email_claim"] = N_("Enter the name of one claim, like email.")
    if wanted.new_role and wanted.new_role not in NEW_ROLES:
        problems["new_role"] = N_("Choose one of the roles.")
    return problems


def _wrong_issuer(wanted: Wanted) -> Text | str:
    if not wanted.issuer or len(wanted.issuer) > 500:
        return N_("Enter the address of the issuer, like https://login.example.com.")
    try:
        openid.reach(wanted.sandbox).checked(wanted.issuer)
    except WrongInstance as error:
        return error.message
    parts = urlsplit(wanted.issuer)
    if parts.query or parts.fragment or wanted.issuer.endswith(openid.WELL_KNOWN):
        return N_("Enter the address of the issuer only, without what comes after it.")
    return ""
