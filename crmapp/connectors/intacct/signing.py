"""Signing in to Intacct's REST API: client credentials, or a person's authorization code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from crmapp.connectors.answers import Answer
from crmapp.connectors.door import Door, Request
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
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": "offline_access",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{settings.base}/oauth2/authorize?{urlencode(query)}"


def exchange(
    settings: IntacctRestSettings, door: Door, code: str, verifier: str, redirect_uri: str
) -> Tokens:
    """Return the tokens for the code that a person came back with.

    Raises:
        AuthFailed: the code is used, old, or not for us.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    return _tokens(settings, door, form, None)


def sign_in(settings: IntacctRestSettings, door: Door) -> Callable[[Tokens | None], Tokens]:
    """Return the function that signs in anew, given the tokens that are kept now."""

    def renewed(kept: Tokens | None) -> Tokens:
        if settings.flow is Flow.CLIENT_CREDENTIALS:
            form = {"grant_type": "client_credentials", "username": settings.username}
        elif kept is None or not kept.refresh:
            raise AuthFailed(N_("Nobody has signed in to Intacct yet. Sign in there."))
        else:
            form = {"grant_type": "refresh_token", "refresh_token": kept.refresh}
        return _tokens(settings, door, form, kept)

    return renewed


def _tokens(
    settings: IntacctRestSettings, door: Door, form: dict[str, str], kept: Tokens | None
) -> Tokens:
    """Ask for tokens once: a refresh token that is rotated dies with its first use."""
    client = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    answer = door.send(
        Request(
            "POST",
            f"{settings.base}/oauth2/token",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=urlencode(form | client).encode("ascii"),
        )
    )
    if answer.status != 200:
        raise _refused(answer, form["grant_type"])
    body = answer.json()
    if not isinstance(body, dict) or not body.get("access_token"):
        raise _no_intacct(answer)
    return Tokens(
        access=str(body["access_token"]),
        refresh=body.get("refresh_token") or (kept.refresh if kept else None),
        expires_at=_end(body.get("expires_in")),
    )


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
