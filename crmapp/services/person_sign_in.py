"""A person signs in at the other system and lets crmapp in: begun here, done when she is back."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmapp.connectors import registry
from crmapp.connectors.addresses import at_most
from crmapp.connectors.door import Door
from crmapp.connectors.errors import AuthFailed
from crmapp.connectors.intacct import signing as intacct_signing
from crmapp.connectors.intacct.settings import IntacctRestSettings
from crmapp.connectors.oauth import Pkce
from crmapp.connectors.port import Tokens
from crmapp.connectors.registry import Kind, Settings
from crmapp.connectors.salesforce import signing as salesforce_signing
from crmapp.connectors.salesforce.settings import SalesforceSettings
from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.errors import Invalid, NotConnected, SecretsLost
from crmapp.i18n import N_, Text
from crmapp.models import Connection, User
from crmapp.services import audit, connection_kinds, connections, vault
from crmapp.services.connection_tokens import RowTokens
from crmapp.services.request_log import Journal
from crmapp.services.rights import need

WITHIN = 25.0
LONGEST = timedelta(minutes=15)
"""How long a person may take to sign in there."""
REFUSALS: dict[str, str] = {
    "access_denied": N_("Access was refused there. Sign in again and allow it."),
    "redirect_uri_mismatch": N_(
        "The callback address is not registered there. Enter the one that is shown below."
    ),
    "invalid_client_id": N_("The consumer key is not known there. Check it and save."),
    "OAUTH_APP_BLOCKED": N_(
        "An administrator has blocked the app there. Let it be allowed, then sign in again."
    ),
    "OAUTH_APPROVAL_ERROR_GENERIC": N_(
        "The app could not be approved. Check its policies: who is admitted, from where."
    ),
    "unsupported_response_type": N_("The web server flow is not enabled for the app. Enable it."),
    "invalid_scope": N_("The app may not ask for these scopes: it needs api and refresh_token."),
}


@dataclass(frozen=True)
class Begun:
    """Where the person goes; ``kept`` is given back when she returns, and shows nothing."""

    url: str
    kept: str


@dataclass(frozen=True)
class Back:
    """What she came back with: the other system's answer, in the address."""

    state: str = ""
    code: str = ""
    error: str = ""
    description: str = ""


def is_asked(row: Connection) -> bool:
    """Say whether this connection works only once a person has signed in."""
    return row.settings.get("flow") in connection_kinds.BY_A_PERSON


def begin(system: str, callback: str, *, by: User) -> Begun:
    """Begin a sign-in that comes back to ``callback``.

    Raises:
        Forbidden, NotFound, NotConnected, SecretsLost
        Invalid: the connection signs in by itself.
    """
    row, told = _told(system, by)
    state, pkce = secrets.token_urlsafe(24), Pkce.fresh()
    registry.reach(row.kind, row.sandbox).checked(told.base)
    if isinstance(told, SalesforceSettings):
        url = salesforce_signing.authorize_url(told, callback, state, pkce.challenge)
    else:
        url = intacct_signing.authorize_url(told, callback, state, pkce.challenge)
    kept = {
        "system": system,
        "version": row.version,
        "state": state,
        "verifier": pkce.verifier,
        "callback": callback,
        "until": (utcnow() + LONGEST).isoformat(),
        "person": by.id,
    }
    return Begun(url, vault.seal(kept))


def finish(system: str, back: Back, kept: str, *, by: User) -> None:
    """Exchange what she came back with for tokens, and keep them.

    Raises:
        Forbidden, NotFound, NotConnected, SecretsLost
        Invalid: it is not the sign-in that was begun here, or it was refused there.
        ConnectorError: the other system refuses the exchange.
    """
    row, told = _told(system, by)
    begun = _begun(system, row.version, back, kept, by)
    if back.error or not back.code:
        raise Invalid({"": _refusal(back)})
    credentials = connection_kinds.fingerprint(
        row.kind, row.settings, vault.unseal(row.secrets), row.sandbox
    )
    tokens = RowTokens(db.engine, system, row.id, credentials, lambda: None)
    journal = Journal(db.engine, row, budgeted=False)
    door = registry.open_door(Kind(row.kind), told, journal.note, row.sandbox)
    session.rollback()
    try:
        with at_most(WITHIN):
            tokens.put(_exchanged(told, door, back.code, begun))
        with unit_of_work():
            audit.note("connection_let_in", by=by, about="connection", about_id=system)
    finally:
        door.close()
        journal.write()


def _exchanged(told: Settings, door: Door, code: str, begun: dict[str, Any]) -> Tokens:
    verifier, callback = begun["verifier"], begun["callback"]
    if isinstance(told, SalesforceSettings):
        return salesforce_signing.exchange(told, door, code, verifier, callback)
    if isinstance(told, IntacctRestSettings):
        return intacct_signing.exchange(told, door, code, verifier, callback)
    raise AuthFailed


def _told(system: str, by: User) -> tuple[Connection, SalesforceSettings | IntacctRestSettings]:
    need(connections.RIGHT, by=by)
    row = connections.of(connection_kinds.system(system).code)
    if row is None:
        raise NotConnected(system)
    told = connection_kinds.settings_of(Kind(row.kind), row.settings, vault.unseal(row.secrets))
    if not is_asked(row) or not isinstance(told, SalesforceSettings | IntacctRestSettings):
        raise Invalid({"": N_("This connection signs in by itself. Test it instead.")})
    return row, told


def _begun(system: str, version: int, back: Back, kept: str, by: User) -> dict[str, Any]:
    """Return what was begun, if it is that what came back belongs to."""
    try:
        begun = vault.unseal(kept)
    except SecretsLost:
        begun = {}
    ours = hmac.compare_digest(str(begun.get("state", "")).encode(), back.state.encode())
    if not begun or not ours or (begun["system"], begun["person"]) != (system, by.id):
        raise Invalid({"": N_("This is not the sign-in that you began here. Begin it again.")})
    if datetime.fromisoformat(begun["until"]) < utcnow():
        raise Invalid({"": N_("The sign-in took too long. Begin it again.")})
    if begun["version"] != version:
        raise Invalid({"": N_("The settings were changed meanwhile. Begin the sign-in again.")})
    return begun


def _refusal(back: Back) -> Text:
    sentence = REFUSALS.get(back.error)
    words = " ".join(filter(None, (back.error, back.description)))[:300]
    if sentence is not None:
        return Text(sentence)
    return Text(N_("The sign-in was refused there: %(words)s"), {"words": words or "–"})
