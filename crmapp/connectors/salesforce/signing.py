"""Signing in to Salesforce: client credentials, a signed token, or a person with PKCE."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import jwt

from crmapp.connectors.answers import Answer
from crmapp.connectors.door import Door, Request
from crmapp.connectors.errors import (
    AuthFailed,
    ConnectorError,
    PermissionMissing,
    QuotaExceeded,
    Retryable,
    WrongInstance,
)
from crmapp.connectors.port import Tokens
from crmapp.connectors.redaction import redacted, shortened
from crmapp.connectors.salesforce.refusals import Refusal, refusals
from crmapp.connectors.salesforce.settings import Flow, SalesforceSettings
from crmapp.i18n import N_

JWT_SECONDS = 170
"""Salesforce takes no token that is valid for more than three minutes."""


@dataclass(frozen=True)
class Pkce:
    """A secret of the one who begins a sign-in, and what may be shown of it."""

    verifier: str
    challenge: str

    @classmethod
    def fresh(cls) -> Pkce:
        return cls.of(secrets.token_urlsafe(64))

    @classmethod
    def of(cls, verifier: str) -> Pkce:
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        return cls(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"))


def authorize_url(
    settings: SalesforceSettings, redirect_uri: str, state: str, challenge: str
) -> str:
    """Return where a person goes to let us in."""
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": "api refresh_token",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{settings.base}/services/oauth2/authorize?{urlencode(query)}"


def exchange(
    settings: SalesforceSettings, door: Door, code: str, verifier: str, redirect_uri: str
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
        **_client(settings),
    }
    return _tokens(settings, door, form, None)


def sign_in(settings: SalesforceSettings, door: Door) -> Callable[[Tokens | None], Tokens]:
    """Return the function that signs in anew, given the tokens that are kept now."""

    def renewed(kept: Tokens | None) -> Tokens:
        if settings.flow is Flow.WEB:
            if kept is None or not kept.refresh:
                raise AuthFailed(N_("Nobody has signed in to Salesforce yet. Sign in there."))
            form = {"grant_type": "refresh_token", "refresh_token": kept.refresh}
            return _tokens(settings, door, form | _client(settings), kept)
        if settings.flow is Flow.JWT:
            grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            form = {"grant_type": grant, "assertion": _assertion(settings, door.is_sandbox)}
            return _tokens(settings, door, form, kept)
        form = {"grant_type": "client_credentials", **_client(settings)}
        return _tokens(settings, door, form, kept)

    return renewed


def _client(settings: SalesforceSettings) -> dict[str, str]:
    secret = {"client_secret": settings.client_secret} if settings.client_secret else {}
    return {"client_id": settings.client_id, **secret}


def _assertion(settings: SalesforceSettings, is_sandbox: bool) -> str:
    claims = {
        "iss": settings.client_id,
        "sub": settings.username,
        "aud": settings.audience or _audience(settings, is_sandbox),
        "exp": int(time.time()) + JWT_SECONDS,
    }
    try:
        return jwt.encode(claims, settings.private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise AuthFailed(
            N_("The private key cannot be read. Enter it anew, in PEM and without a pass phrase.")
        ) from error


def _audience(settings: SalesforceSettings, is_sandbox: bool) -> str:
    if is_sandbox:
        return settings.base  # a pretend system knows no other place than its own
    inner = (".sandbox.", ".scratch.", "//test.")
    name = "test" if any(part in settings.base for part in inner) else "login"
    return f"https://{name}.salesforce.com"


def _tokens(
    settings: SalesforceSettings, door: Door, form: dict[str, str], kept: Tokens | None
) -> Tokens:
    """Ask for tokens once: a refresh token that is rotated dies with its first use."""
    answer = door.send(
        Request(
            "POST",
            f"{settings.base}/services/oauth2/token",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=urlencode(form).encode("ascii"),
        )
    )
    if answer.status != 200:
        raise _refused(answer)
    body = answer.json()
    if not isinstance(body, dict) or not body.get("access_token"):
        raise _no_salesforce(answer)
    instance = str(body.get("instance_url") or settings.base)
    door.checked(instance)  # our token goes there from now on
    return Tokens(
        access=str(body["access_token"]),
        refresh=body.get("refresh_token") or (kept.refresh if kept else None),
        instance_url=instance,
        extra={"id": str(body["id"])} if body.get("id") else {},
    )


def _refused(answer: Answer) -> ConnectorError:
    found = refusals(answer)
    if answer.status >= 500:
        return Retryable(remote=shortened(redacted(answer.text), 200))
    if not found or not found[0].code:
        return _no_salesforce(answer)
    first = found[0]
    words = shortened(redacted(f"{first.code}: {first.words}"), 500)
    for code, part, error, sentence in _REASONS:
        if first.code == code and part in first.words.lower():
            if error is PermissionMissing:
                return PermissionMissing(sentence, what=_what(first), remote=words)
            return error(sentence, remote=words)
    return AuthFailed(
        N_(
            "Salesforce refuses the sign-in. Compare the settings with the External Client App:"
            " its OAuth flows, scopes, key and secret."
        ),
        remote=words,
    )


def _what(first: Refusal) -> str:
    return first.words or first.code


def _no_salesforce(answer: Answer) -> WrongInstance:
    return WrongInstance(
        N_("This address does not answer like Salesforce. Enter the organisation's My Domain."),
        remote=shortened(redacted(answer.text), 200),
    )


# Codes and words as Salesforce's token endpoint gives them.
_REASONS: list[tuple[str, str, type[ConnectorError], str]] = [
    (
        "invalid_grant", "not supported on this domain", WrongInstance,
        N_("Client credentials work only at the My Domain. Enter that address."),
    ),
    (
        "invalid_grant", "no client credentials user", AuthFailed,
        N_(
            "The External Client App names no user to run as. Choose one: Setup > External Client"
            " App Manager > the app > Policies > OAuth Policies."
        ),
    ),
    (
        "invalid_grant", "hasn't approved this consumer", PermissionMissing,
        N_(
            "The External Client App is not approved for this user, or there is no such user."
            " Check the name, and pre-authorise its permission set in the app's policies."
        ),
    ),
    (
        "invalid_app_access", "", PermissionMissing,
        N_("The user is not admitted to the External Client App. Add its permission set there."),
    ),
    (
        "invalid_grant", "ip restricted", PermissionMissing,
        N_("Salesforce admits this user only from other IP addresses. Relax the IP restriction."),
    ),
    (
        "invalid_grant", "expired access/refresh token", AuthFailed,
        N_("The sign-in has expired or was revoked in Salesforce. Sign in again."),
    ),
    (
        "invalid_grant", "expired authorization code", AuthFailed,
        N_("The sign-in took too long. Begin it again."),
    ),
    (
        "invalid_grant", "audience", AuthFailed,
        N_("The audience of the signed token is wrong. Leave it empty, or enter the site's."),
    ),
    (
        "invalid_grant", "assertion", AuthFailed,
        N_(
            "Salesforce does not accept the signed token. Check that the certificate in the"
            " External Client App belongs to the private key, and that our clock is right."
        ),
    ),
    (
        "invalid_grant", "", AuthFailed,
        N_("Salesforce refuses the user's sign-in. Check the user name, and that it is active."),
    ),
    (
        "invalid_client_id", "", AuthFailed,
        N_("Salesforce does not know this consumer key. Copy it from the External Client App."),
    ),
    (
        "invalid_client", "", AuthFailed,
        N_("The consumer secret is wrong. Copy it anew from the External Client App."),
    ),
    (
        "inactive_user", "", AuthFailed,
        N_("The user that crmapp works as is not active in Salesforce. Activate it."),
    ),
    (
        "inactive_org", "", AuthFailed,
        N_("The organisation is locked or closed in Salesforce."),
    ),
    (
        "unsupported_grant_type", "", AuthFailed,
        N_("This flow is not enabled. Enable it in the OAuth settings of the External Client App."),
    ),
    (
        "request_limit_exceeded", "", QuotaExceeded,
        N_(
            "Salesforce's daily quota of requests is used up."
            " It goes on when some is free again."
        ),
    ),
    (
        "rate_limit_exceeded", "", Retryable,
        N_("Salesforce takes no more sign-ins for now. It is tried again in a while."),
    ),
]  # fmt: skip
