"""The headers that keep a browser on our side."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from crmapp.config import Settings
from crmapp.web.access import signed_in
from crmapp.web.provider import end_origin

ONE_YEAR = 365 * 24 * 3600


def init_app(app: Flask, settings: Settings) -> None:
    """Send the headers with every answer, and set the flags of the session cookie."""
    app.config.update(
        SESSION_COOKIE_NAME="crmapp",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.max_upload,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
    )
    app.add_template_global(csp_nonce)

    @app.after_request
    def protect(response: Response) -> Response:
        _set_headers(response)
        if settings.secure_cookies:
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
        return response


def csp_nonce() -> str:
    """Return the nonce that marks this answer's own scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _set_headers(response: Response) -> None:
    headers = response.headers
    if "Content-Security-Policy" not in headers:  # a file that somebody attached has a stricter one
        headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'nonce-{csp_nonce()}' 'strict-dynamic'; "
            "style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
            f"{_provider()}"
        )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.blueprint != "assets" and (signed_in() or request.blueprint == "security"):
        headers["Cache-Control"] = "no-store"


def _provider() -> str:
    """Return where a form may lead as well: signing out leads on to the identity provider."""
    origin = "" if request.blueprint == "assets" else end_origin()
    return f" {origin}" if origin else ""
