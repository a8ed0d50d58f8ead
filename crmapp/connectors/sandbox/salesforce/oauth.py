"""Signing in: the token endpoint's four grants, the page that asks a person, and who one is."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faulty import due_of
from crmapp.connectors.sandbox.salesforce import identity
from crmapp.connectors.sandbox.salesforce.apps import (
    PASSWORD,
    SECURITY_TOKEN,
    App,
    Apps,
    Code,
    Granted,
)
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.reply import json_response
from crmapp.connectors.sandbox.salesforce.values import shown

_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_ACCESS = "access_token"
"""What introspection says of a token that opens the API."""
_TOKENS_LIVE = 2 * 60 * 60  # seconds, as told; the control page ends them
_CLOCKS_DIFFER = 3 * 60  # seconds
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Allow access?</title>
<h1>Allow access?</h1>
<p>The app <b>{app}</b> asks to use the pretend Salesforce as <b>{user}</b>.</p>
<form method="post">{hidden}
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button>
</form></html>
"""


class Refused(Exception):
    """An OAuth error."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        self.error = error
        self.description = description
        self.status = status
        super().__init__(f"{error}: {description}")


class OAuth:
    """Answers below ``/services/oauth2`` and ``/id``."""

    def __init__(self, database: Database, apps: Apps) -> None:
        self._database = database
        self._apps = apps

    def answer(self, request: Request) -> Response:
        try:
            match request.path.removeprefix("/services/oauth2/").rstrip("/"):
                case "token":
                    return self._token(request)
                case "authorize":
                    return self._authorize(request)
                case "revoke":
                    return self._revoke(request)
                case "introspect":
                    return self._introspect(request)
                case "userinfo":
                    return self._user(request)
        except Refused as refused:
            said = {"error": refused.error, "error_description": refused.description}
            return json_response(said, refused.status)
        return json_response({"error": "invalid_request", "error_description": "not found"}, 404)

    def identity(self, request: Request) -> Response:
        """Answer ``/id/ORG/USER``, and the keys beside it."""
        if request.path == identity.KEYS:
            return json_response(identity.keys(self._database))
        return self._user(request)

    def _token(self, request: Request) -> Response:
        if request.method != "POST":
            raise Refused("invalid_request", "must use HTTP POST", 405)
        form = request.form
        now = due_of(request).now()
        match form.get("grant_type"):
            case "client_credentials":
                granted = self._client_credentials(self._app(request), now)
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                granted = self._assertion(request, form.get("assertion", ""), now)
            case "authorization_code":
                granted = self._code(self._app(request, needs_secret=False), form, now)
            case "refresh_token":
                granted = self._refresh(self._app(request, needs_secret=False), form, now)
            case "password":
                granted = self._password(self._app(request), form, now)
            case None:
                raise Refused("unsupported_grant_type", "grant type not supported")
            case _:
                raise Refused("unsupported_grant_type", "grant type not supported")
        return json_response(
            self._shown(granted, request, now), headers={"Cache-Control": "no-store"}
        )

    def _app(self, request: Request, *, needs_secret: bool = True) -> App:
        """Return the app that asks, by its id and secret in the form or in the header."""
        given = request.authorization
        basic = given.parameters if given is not None and given.type == "basic" else {}
        client_id = str(request.form.get("client_id") or basic.get("username") or "")
        secret = str(request.form.get("client_secret") or basic.get("password") or "")
        app = self._apps.app(client_id)
        if app is None:
            raise Refused("invalid_client_id", "client identifier invalid")
        # A public app proves itself by PKCE; a secret that is given must be right all the same.
        if (secret or needs_secret) and not hmac.compare_digest(secret, app.secret):
            raise Refused("invalid_client", "invalid client credentials")
        return app

    def _client_credentials(self, app: App, now: datetime) -> Granted:
        user = self._apps.user(app.run_as) if app.client_credentials else None
        if user is None:
            raise Refused("invalid_grant", "no client credentials user enabled")
        return self._apps.grant(app, user, now)

    def _assertion(self, request: Request, assertion: str, now: datetime) -> Granted:
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError as error:
            raise Refused("invalid_grant", "invalid assertion") from error
        app = self._apps.app(str(claims.get("iss")))
        if app is None or not app.public_key:
            raise Refused("invalid_client_id", "client identifier invalid")
        try:
            jwt.decode(
                assertion,
                _key(app.public_key),
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Refused("invalid_grant", "invalid assertion") from error
        own = request.host_url.rstrip("/")
        if str(claims.get("aud")).rstrip("/") not in (*_LOGIN_HOSTS, own):
            raise Refused("invalid_grant", "audience is invalid")
        # A far end is taken: Salesforce's own command line gives milliseconds for seconds. The
        # clocks may differ: CumulusCI, Salesforce's too, gives the very second that it asks in.
        if _number(claims.get("exp")) <= now.timestamp() - _CLOCKS_DIFFER:
            raise Refused("invalid_grant", "expired authorization code")
        user = self._apps.user(str(claims.get("sub") or claims.get("prn")))
        if user is None:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        return self._apps.grant(app, user, now)

    def _code(self, app: App, form: Mapping[str, str], now: datetime) -> Granted:
        code = self._apps.spend_code(form.get("code", ""), now)
        if code is None or code.client_id != app.client_id:
            raise Refused("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge and _challenge(form.get("code_verifier", "")) != code.challenge:
            raise Refused("invalid_grant", "invalid code verifier")
        if not code.challenge and not form.get("client_secret"):
            raise Refused("invalid_client", "client secret or code verifier required")
        granted = self._apps.grant(app, code.user, now, lasting="refresh_token" in code.scope)
        if "openid" not in code.scope.split():
            return granted
        scope = " ".join(dict.fromkeys([*granted.scope.split(), "openid"]))
        return replace(granted, scope=scope, nonce=code.nonce)

    def _refresh(self, app: App, form: Mapping[str, str], now: datetime) -> Granted:
        granted = self._apps.refresh(app, form.get("refresh_token", ""), now)
        if granted is None:
            raise Refused("invalid_grant", "expired access/refresh token")
        return granted

    def _password(self, app: App, form: Mapping[str, str], now: datetime) -> Granted:
        user = self.by_password(form.get("username", ""), form.get("password", ""))
        if user is None:
            raise Refused("invalid_grant", "authentication failure")
        return self._apps.grant(app, user, now)

    def by_password(self, username: str, password: str) -> str | None:
        """Return the user that a password belongs to; the security token may follow it."""
        well = password in (PASSWORD, PASSWORD + SECURITY_TOKEN)
        return self._apps.user(username) if well else None

    def _shown(self, granted: Granted, request: Request, now: datetime) -> dict[str, Any]:
        host = request.host_url.rstrip("/")
        issued = str(int(now.timestamp() * 1000))
        id = identity.address(host, granted.user)
        digest = hmac.digest(b"sandbox", (id + issued).encode(), "sha256")
        said = {
            "access_token": granted.access,
            "signature": base64.b64encode(digest).decode(),
            "scope": granted.scope,
            "instance_url": host,
            "id": id,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        if granted.nonce is not None:
            said["id_token"] = identity.id_token(
                self._database, granted.user, granted.client_id, host, now, granted.nonce
            )
        return said | ({"refresh_token": granted.refresh} if granted.refresh else {})

    def _authorize(self, request: Request) -> Response:
        """Ask a person; send her back with a code, or with what was wrong."""
        asked = request.values
        app = self._apps.app(asked.get("client_id", ""))
        if app is None:
            raise Refused("invalid_client_id", "client identifier invalid")
        target = asked.get("redirect_uri", "")
        if not target or (app.redirect_uris and target not in app.redirect_uris):
            raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
        user = self._apps.user(app.run_as)
        if asked.get("response_type") != "code" or user is None:
            raise Refused("unsupported_response_type", "response type not supported")
        if request.method == "GET":
            return _asking(app, asked)
        if asked.get("answer") != "allow":
            return _back(target, asked, error="access_denied",
                         error_description="end-user denied authorization")  # fmt: skip
        code = Code(
            user, app.client_id, target, asked.get("code_challenge", ""),
            asked.get("scope") or app.scope, asked.get("nonce", ""),
        )  # fmt: skip
        return _back(target, asked, code=self._apps.issue_code(code, due_of(request).now()))

    def _revoke(self, request: Request) -> Response:
        if not self._apps.revoke(request.values.get("token", "")):
            raise Refused("unsupported_token_type", "this token type is not supported")
        return Response(status=200)

    def _introspect(self, request: Request) -> Response:
        app = self._app(request)
        token = self._apps.token(request.form.get("token", ""))
        if token is None:
            return json_response({"active": False})
        issued = int(token.since.timestamp())
        return json_response(
            {
                "active": True,
                "scope": app.scope,
                "client_id": app.client_id,
                "username": self._row(token.user)["Username"],
                "sub": identity.address(request.host_url.rstrip("/"), token.user),
                "token_type": _ACCESS,
                "exp": issued + _TOKENS_LIVE,
                "iat": issued,
                "nbf": issued,
            }
        )

    def _user(self, request: Request) -> Response:
        token = request.headers.get("Authorization", "").partition(" ")[2]
        user = self._apps.holder(token or request.values.get("oauth_token", ""))
        if user is None:
            return Response("Bad_OAuth_Token", 403, content_type="text/html;charset=UTF-8")
        return json_response(identity.described(self._row(user), request.host_url.rstrip("/")))

    def _row(self, user: str) -> dict[str, Any]:
        fields = self._database.objects["user"].stored
        with self._database.store.reading() as connection:
            row = connection.execute('SELECT * FROM "User" WHERE Id = ?', [user]).fetchone()
        return {each.name: shown(each, row[each.name]) for each in fields}


def _asking(app: App, asked: Mapping[str, str]) -> Response:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    page = _PAGE.format(app=escape(app.client_id), user=escape(app.run_as), hidden=hidden)
    return Response(page, content_type="text/html; charset=utf-8")


def _back(target: str, asked: Mapping[str, str], **answer: str) -> Response:
    if asked.get("state"):
        answer["state"] = asked["state"]
    return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}", 302)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _key(pem: str) -> str:
    """Return the public key of a PEM, which may be a certificate."""
    if "CERTIFICATE" not in pem:
        return pem
    public = load_pem_x509_certificate(pem.encode()).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
