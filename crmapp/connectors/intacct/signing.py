"""Signing in to Intacct's REST API: client credentials, or a person's authorization code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crmapp.connectors import oauth
from crmapp.connectors.answers import Answer
from crmapp.connectors.door import Door
from crmapp.connectors.errors import (
    AuthFailed,
    ConnectorError,
    QuotaExceeded,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.intacct.refusals import refused
from crmapp.connectors.intacct.rest_errors import problems_of
from crmapp.connectors.intacct.settings import Flow, IntacctRestSettings
from crmapp.connectors.port import Tokens
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_

EARLY = timedelta(seconds=60)
"""How long before its end a token is renewed."""


def authorize_url(
    settings: IntacctRestSettings, redirect_uri: str, state: str, challenge: str
) -> str:
    """Return where a person goes to let us in."""
    endpoint = f"{settings.base}/oauth2/authorize"
    return oauth.person_url(
        endpoint, settings.client_id, "offline_access", redirect_uri, state, challenge
    )


def exchange(
    settings: IntacctRestSettings, door: Door, code: str, verifier: str, redirect_uri: str
) -> Tokens:
    """Return the tokens for the code that a person came back with.

    Raises:
        AuthFailed: the code is used, old, or not for us.
    """
    return _tokens(settings, door, oauth.by_code(code, verifier, redirect_uri), None)


def sign_in(settings: IntacctRestSettings, door: Door) -> Callable[[Tokens | None], Tokens]:
    """Return the function that signs in anew, given the tokens that are kept now."""

    def renewed(kept: Tokens | None) -> Tokens:
        form = oauth.by_refresh(kept)
        if settings.flow is Flow.CLIENT_CREDENTIALS:
            form = {"grant_type": "client_credentials", "username": settings.username}
        if form is None:
            raise AuthFailed(N_("Nobody has signed in to Intacct yet. Sign in there."))
        return _tokens(settings, door, form, kept)

    return renewed


def _tokens(
    settings: IntacctRestSettings, door: Door, form: dict[str, str], kept: Tokens | None
) -> Tokens:
    client = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    answer = oauth.ask(door, f"{settings.base}/oauth2/token", form | client)
    if answer.status != 200:
        raise _refused(answer, form["grant_type"])
    body = answer.json()
    tokens = oauth.tokens_in(body, kept)
    if tokens is None:
        raise _no_intacct(answer)
    return replace(tokens, expires_at=_end(body.get("expires_in")))


def _end(seconds: Any) -> datetime | None:
    """Return when a token is to be renewed; a short-lived one lives at least half its time."""
    try:
        life = timedelta(seconds=float(seconds))
    except (TypeError, ValueError):
        return None
    return datetime.now(UTC) + max(life - EARLY, life / 2)


def _refused(answer: Answer, grant: str) -> ConnectorError:
    if answer.status >= 500:
        return Retryable(remote=shortened(redacted(answer.text), 200))
    try:
        problems = problems_of(answer)
    except Unreachable:
        return _no_intacct(answer)
    if answer.status == 404 or not problems:
        return _no_intacct(answer)
    error = refused(problems)
    if isinstance(error, QuotaExceeded):
        return error
    if type(error) in (Retryable, AuthFailed) and answer.status not in (400, 401):
        return error
    sentence = {
        "refresh_token": N_(
            "The sign-in to Intacct has ended, perhaps by another one for the same user and"
            " company. Sign in again."
        ),
        "authorization_code": N_("The sign-in took too long, or was used. Begin it again."),
    }.get(
        grant,
        N_(
            "Intacct refuses the sign-in. Check client ID and secret, user and company, and that"
            " the client application is allowed in the company."
        ),
    )
    return AuthFailed(sentence, remote=error.remote)


def _no_intacct(answer: Answer) -> WrongInstance:
    return WrongInstance(
        N_("This address does not answer like Sage Intacct. Check the address."),
        remote=shortened(redacted(answer.text), 200),
    )
