"""Send a person to the identity provider, and let her in when she comes back."""

from __future__ import annotations

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.provider import bp
from crmapp.config import settings
from crmapp.services import provider_sign_in
from crmapp.services.provider_sign_in import Back, Refused
from crmapp.web.access import public, signed_in
from crmapp.web.extensions import SIGN_IN_LIMIT, limiter
from crmapp.web.provider import enter
from crmapp.web.redirects import safe_next
from crmapp.web.texts import translated

KEPT = "at_the_provider"


@bp.get("")
@public
@limiter.limit(SIGN_IN_LIMIT)
def begin() -> ResponseReturnValue:
    """Send her there. What belongs to this sign-in is kept, encrypted, in her session."""
    there = safe_next(request.args.get("next"))
    if signed_in():
        return redirect(there, 303)
    try:
        begun = provider_sign_in.begin(_here("provider.back"), there)
    except Refused as error:
        return _refuse(error, there)
    session[KEPT] = begun.kept
    return redirect(begun.url, 303)


@bp.get("/back")
@public
@limiter.limit(SIGN_IN_LIMIT)
def back() -> ResponseReturnValue:
    """Let her in by what she came back with, which is good once."""
    kept = session.pop(KEPT, "")
    if signed_in():
        return redirect("/", 303)
    came = Back(**{name: request.args.get(name, "") for name in ("state", "code", "error", "iss")})
    try:
        return enter(provider_sign_in.finish(came, kept, _here("security.login")))
    except Refused as error:
        return _refuse(error)


def _here(endpoint: str) -> str:
    return settings().address + url_for(endpoint)


def _refuse(error: Refused, there: str = "/") -> ResponseReturnValue:
    flash(translated(error.message), "error")
    return redirect(url_for("security.login", next=None if there == "/" else there), 303)
