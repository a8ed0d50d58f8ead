"""What a sign-in by OAuth 2 is made of, whatever system it is for (RFC 6749, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from crmapp.connectors.answers import Answer
from crmapp.connectors.door import Door, Request
from crmapp.connectors.port import Tokens

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


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


def person_url(
    endpoint: str, client_id: str, scope: str, redirect_uri: str, state: str, challenge: str
) -> str:
    """Return where a person goes to let us in."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoint}?{urlencode(query)}"


def by_code(code: str, verifier: str, redirect_uri: str) -> dict[str, str]:
    """Return what is asked with the code that a person came back with."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }


def by_refresh(kept: Tokens | None) -> dict[str, str] | None:
    """Return what is asked with the refresh token that is kept, None if there is none."""
    if kept is None or not kept.refresh:
        return None
    return {"grant_type": "refresh_token", "refresh_token": kept.refresh}


def ask(
    door: Door, endpoint: str, form: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS
) -> Answer:
    """Ask for tokens once: a refresh token that is rotated dies with its first use."""
    return door.send(
        Request(
            "POST",
            endpoint,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                **headers,
            },
            content=urlencode(form).encode("ascii"),
        )
    )


def tokens_in(body: Any, kept: Tokens | None) -> Tokens | None:
    """Return the tokens of an answer, None if it has none; the refresh token stays if none came."""
    if not isinstance(body, dict) or not body.get("access_token"):
        return None
    refresh = body.get("refresh_token") or (kept.refresh if kept else None)
    return Tokens(access=str(body["access_token"]), refresh=refresh)
