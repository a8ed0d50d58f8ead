"""Signing in to Salesforce: client credentials, a signed token, or a person with PKCE."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import jwt

from crmapp.connectors import oauth
from crmapp.connectors.answers import Answer
from crmapp.connectors.door import Door
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
from crmapp.connectors.salesforce.refusals import Refusal, no_salesforce, refusals
from crmapp.connectors.salesforce.settings import Flow, SalesforceSettings
from crmapp.i18n import N_

JWT_SECONDS = 170
"""Salesforce takes no token that is valid for more than three minutes."""


def authorize_url(
    settings: SalesforceSettings, redirect_uri: str, state: str, challenge: str
) -> str:
    """Return where a person goes to let us in."""
    endpoint = f"{settings.base}/services/oauth2/authorize"
    return oauth.person_url(
        endpoint, settings.client_id, "api refresh_token", redirect_uri, state, challenge
    )


def exchange(
    settings: SalesforceSettings, door: Door, code: str, verifier: str, redirect_uri: str
) -> Tokens:
    """Return the tokens for the code that a person came back with.

    Raises:
        AuthFailed: the code is used, old, or not for us.
    """
    form = oauth.by_code(code, verifier, redirect_uri)
    return _tokens(settings, door, form | _client(settings), None)


def sign_in(settings: SalesforceSettings, door: Door) -> Callable[[Tokens | None], Tokens]:
    """Return the function that signs in anew, given the tokens that are kept now."""

    def renewed(kept: Tokens | None) -> Tokens:
        if settings.flow is Flow.WEB:
            refresh = oauth.by_refresh(kept)
            if refresh is None:
                raise AuthFailed(N_("Nobody has signed in to Salesforce yet. Sign in there."))
            return _tokens(settings, door, refresh | _client(settings), kept)
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
    answer = oauth.ask(door, f"{settings.base}/services/oauth2/token", form)
    if answer.status != 200:
        raise _refused(answer)
    body = answer.json()
    tokens = oauth.tokens_in(body, kept)
    if tokens is None:
        raise no_salesforce(answer.text)
    instance = str(body.get("instance_url") or settings.base)
    door.checked(instance)  # our token goes there from now on
    extra = {"id": str(body["id"])} if body.get("id") else {}
    return replace(tokens, instance_url=instance, extra=extra)


def _refused(answer: Answer) -> ConnectorError:
    found = refusals(answer)
    if answer.status >= 500:
        return Retryable(remote=shortened(redacted(answer.text), 200))
    if not found or not found[0].code:
        return no_salesforce(answer.text)
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
