"""OAuth 2.0: the page on which a user confirms, and the tokens that clients are given.

Clients prove who they are by their secret, or by the PKCE verifier alone if they are public.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faulty import due_of
from crmapp.connectors.sandbox.intacct import company, refusals
from crmapp.connectors.sandbox.intacct.company import Company
from crmapp.connectors.sandbox.intacct.rest import answers
from crmapp.connectors.sandbox.intacct.rest.tokens import Code, Tokens

_HIDDEN = ("client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method")
_LOCAL = ("127.0.0.1", "localhost", "::1")
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sage Intacct (sandbox): sign in</title>
<h1>Sage Intacct (sandbox)</h1>
<p>{client} asks to act for you in Sage Intacct. {wrong}</p>
<form method="post">{hidden}
<p><label>Company ID <input name="company" value="{company}"></label>
<p><label>Entity ID <input name="entity"></label>
<p><label>User ID <input name="user" value="{user}"></label>
<p><label>Password <input name="password" type="password" value="{password}"></label>
<p><button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button></form>
"""


class OAuth:
    """Answers requests below ``/oauth2``."""

    def __init__(self, whose: Company, tokens: Tokens) -> None:
        self._company = whose
        self._tokens = tokens

    def authorize(self, request: Request) -> Response:
        """Show the page, or send the browser back with a code once it was confirmed."""
        asked = request.form if request.method == "POST" else request.args
        given = {name: asked.get(name, "") for name in _HIDDEN}
        if given["client_id"] != company.CLIENT or not _may_return(given["redirect_uri"]):
            return _plain_error(400, "The client or its redirect URI is not registered.")
        if request.method == "GET":
            return self._page(given)
        if asked.get("answer") != "allow":
            return _back(given, error="access_denied")
        now = due_of(request).now()
        user, entity = asked.get("user", ""), asked.get("entity", "")
        known = asked.get("company") == company.COMPANY
        who = self._company.sign_in(user, asked.get("password", ""), entity, now)
        if who is None or not known:
            return self._page(given, "Sign-in information is incorrect.")
        code = Code(user, entity, given["redirect_uri"], given["code_challenge"])
        return _back(given, code=self._tokens.authorise(code, now))

    def token(self, request: Request) -> Response:
        """Answer a request for tokens, sent as a form or as JSON."""
        given = _given(request)
        now = due_of(request).now()
        match given.get("grant_type"):
            case "authorization_code":
                return self._redeem(given, now)
            case "refresh_token":
                return self._refresh(given, now)
            case "client_credentials":
                return self._credentials(given, now)
        return _plain_error(400, "The grant_type is not supported.")

    def revoke(self, request: Request) -> Response:
        self._tokens.revoke(_given(request).get("token", ""))
        return answers.json({"revoked": True})

    def _redeem(self, given: Mapping[str, str], now: datetime) -> Response:
        code = self._tokens.redeem(given.get("code", ""), now)
        if code is None or code.redirect != given.get("redirect_uri"):
            return _plain_error(400, "The authorization code is not valid.")
        verifier = given.get("code_verifier", "")
        if code.challenge and not compare_digest(_challenge(verifier), code.challenge):
            return _plain_error(400, "The code verifier does not match.")
        if not _is_client(given, public=bool(code.challenge)):
            return _plain_error(401, "Credentials are invalid.")
        return answers.json(self._tokens.grant(code.user, code.entity, now))

    def _refresh(self, given: Mapping[str, str], now: datetime) -> Response:
        if not _is_client(given, public=True):
            return _plain_error(401, "Credentials are invalid.")
        made = self._tokens.refresh(given.get("refresh_token", ""), now, given.get("entity_id"))
        return refusals.invalid_token(400) if made is None else answers.json(made)

    def _credentials(self, given: Mapping[str, str], now: datetime) -> Response:
        """Answer ``user@company`` or ``user@company|entity``, whom the client may act for."""
        user, _at, rest = given.get("username", "").partition("@")
        place, _bar, entity = rest.partition("|")
        known = user in company.USERS and place == company.COMPANY
        if not known or not _is_client(given, public=False):
            return _plain_error(401, "Credentials are invalid.")
        if entity and not self._company.has_entity(entity):
            return _plain_error(400, f"The entity {entity} does not exist.")
        return answers.json(self._tokens.grant(user, entity, now))

    def _page(self, given: Mapping[str, str], wrong: str = "") -> Response:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in given.items()
        )
        page = _PAGE.format(
            client=escape(given["client_id"]), wrong=wrong, hidden=hidden,
            company=company.COMPANY, user="crmapp_sync", password=company.PASSWORD,
        )  # fmt: skip
        return Response(page, content_type="text/html; charset=utf-8")


def _given(request: Request) -> dict[str, str]:
    """Return what a client sent, with the name and secret of its Authorization header."""
    if request.mimetype == "application/json":
        read = _json(request.get_data())
        given = {str(name): str(value) for name, value in read.items()}
    else:
        given = dict(request.form)
    header = request.headers.get("Authorization", "")
    if header.startswith("Basic "):
        client, _colon, secret = b64decode(header[6:]).decode(errors="replace").partition(":")
        given = {"client_id": client, "client_secret": secret} | given
    return given


def _json(body: bytes) -> dict[str, Any]:
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _is_client(given: Mapping[str, str], *, public: bool) -> bool:
    secret = given.get("client_secret", "")
    if given.get("client_id") != company.CLIENT or (not secret and not public):
        return False
    return not secret or compare_digest(secret.encode(), company.CLIENT_SECRET.encode())


def _challenge(verifier: str) -> str:
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _may_return(uri: str) -> bool:
    """Say whether a browser may be sent there: to this machine, or over TLS."""
    parts = urlsplit(uri)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)


def _back(given: Mapping[str, str], **said: str) -> Response:
    state = {"state": given["state"]} if given["state"] else {}
    uri = given["redirect_uri"]
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(said | state)}", 302)


def _plain_error(status: int, message: str) -> Response:
    """Refuse without an envelope, as the token service does."""
    said = {"code": "invalidRequest", "message": message, "supportId": answers.SUPPORT_ID}
    return answers.json(said, status)
