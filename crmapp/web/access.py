"""Who is asking, and what she may do: whatever is not public needs a signed-in person."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlencode

from flask import (
    Flask,
    current_app,
    g,
    make_response,
    redirect,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin
from flask_login.utils import _get_user
from werkzeug.local import LocalProxy

from crmapp.domain.permissions import Right
from crmapp.errors import Forbidden
from crmapp.models.user import User
from crmapp.web.context import is_asked, kept
from crmapp.web.ended import signed_out
from crmapp.web.htmx import is_htmx
from crmapp.web.redirects import here

P = ParamSpec("P")
R = TypeVar("R")


def _who() -> User | AnonymousUserMixin | None:
    """Return who asks; the library looks at three places for her, each time."""
    known: User | AnonymousUserMixin | None = kept().get("_login_user") if is_asked() else None
    return _get_user() if known is None else known


current_user: User = cast(User, LocalProxy(_who))

_PUBLIC = {
    "assets.file",
    "assets.script",
    "assets.stylesheet",
    "security.forgot_password",
    "security.login",
    "security.logout",
    "security.mf_recovery",
    "security.reset_password",
    "security.two_factor_setup",
    "security.two_factor_token_validation",
    "security.wan_signin",
    "security.wan_signin_response",
}


def init_app(app: Flask) -> None:
    """Guard every endpoint that is not public."""
    app.before_request(_require_sign_in)


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Open a view to people who have not signed in."""
    view.crmapp_public = True  # type: ignore[attr-defined]  # a mark the guard reads
    return view


def signed_in() -> bool:
    """Whether somebody has signed in."""
    who = _who()
    return who is not None and bool(who.is_authenticated)


def person() -> User:
    """Return who has signed in, herself: :data:`current_user` looks her up at each use."""
    return cast(User, _who())


def forget_person() -> None:
    """Treat the reader as a visitor, so that the database is asked nothing about her any more."""
    g._login_user = AnonymousUserMixin()


def requires(right: Right) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse the view to people without ``right``; the 403 page names it and who can grant it."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            require(right)
            return view(*args, **kwargs)

        return guarded

    return decorate


def require(right: Right) -> None:
    """Raise :class:`Forbidden` unless the reader holds ``right``."""
    if not person().can(right):
        raise Forbidden(right.value)


def _require_sign_in() -> ResponseReturnValue | None:
    if signed_in() or request.endpoint is None or is_public(request.endpoint):
        return None
    login, wanted = url_for("security.login"), here()
    if wanted != "/":
        login = f"{login}?{urlencode({'next': wanted})}"
    if request.method == "POST":
        return signed_out(login)
    if not is_htmx():
        return redirect(login)
    # A followed redirect would land the sign-in page inside a part of this one.
    response = make_response("", 401)
    response.headers["HX-Redirect"] = login
    return response


def is_public(endpoint: str) -> bool:
    """Whether a view is open to people who have not signed in."""
    if endpoint in _PUBLIC:
        return True
    return getattr(current_app.view_functions.get(endpoint), "crmapp_public", False)
