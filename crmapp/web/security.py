"""The headers that keep a browser on our side."""

from __future__ import annotations

import secrets

from flask import Flask, Response, current_app

from crmapp.config import Settings
from crmapp.web.access import signed_in
from crmapp.web.context import kept, this_request
from crmapp.web.provider import end_origin

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
"""Nobody else sends these, so nobody need look for them among the others."""
STRICT = f"max-age={365 * 24 * 3600}; includeSubDomains"


def init_app(app: Flask, settings: Settings) -> None:
    """Send the headers with every answer, and set the flags of the session cookie."""
    app.config.update(cookies(settings.secure_cookies))
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_upload,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
    )
    app.add_template_global(csp_nonce)

    @app.after_request
    def protect(response: Response) -> Response:
        _set_headers(response)
        if settings.secure_cookies:
            response.headers["Strict-Transport-Security"] = STRICT
        return response


def cookies(secure: bool) -> dict[str, object]:
    """Return what Flask and Flask-Login are told of their cookies."""
    return {
        "SESSION_COOKIE_NAME": bound("crmapp", secure),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_NAME": bound("remember_token", secure),
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": secure,
    }


def bound(name: str, secure: bool | None = None) -> str:
    """Return the name of a cookie: behind HTTPS one that no other host can set."""
    if secure is None:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
    return f"__Host-{name}" if secure else name


def send_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Send a cookie of ours, out of reach of scripts and of other sites."""
    response.set_cookie(
        bound(name),
        value,
        max_age=max_age,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def read_cookie(name: str) -> str | None:
    """Return what such a cookie holds."""
    return this_request().cookies.get(bound(name))


def csp_nonce() -> str:
    """Return the nonce that marks this answer's own scripts."""
    here = kept()
    if "csp_nonce" not in here:
        here["csp_nonce"] = secrets.token_urlsafe(16)
    return str(here["csp_nonce"])


def _set_headers(response: Response) -> None:
    headers = response.headers
    if "Content-Security-Policy" not in headers:  # a file that somebody attached has a stricter one
        headers.add(
            "Content-Security-Policy",
            f"default-src 'self'; script-src 'nonce-{csp_nonce()}' 'strict-dynamic'; "
            "style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
            f"{_provider()}",
        )
    for name, value in _ALWAYS:
        headers.add(name, value)
    room = this_request().blueprint
    if room != "assets" and (signed_in() or room == "security"):
        headers["Cache-Control"] = "no-store"


def _provider() -> str:
    """Return where a form may lead as well: signing out leads on to the identity provider."""
    origin = "" if this_request().blueprint == "assets" else end_origin()
    return f" {origin}" if origin else ""
