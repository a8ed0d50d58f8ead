"""Signing in by the identity provider, through the same door as passwords and passkeys."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, after_this_request, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import user_logged_in
from flask_security.forms import LoginForm
from flask_security.proxies import _security
from flask_security.utils import _view_commit, login_user

from crmapp.db import session as database
from crmapp.db.session import WRITE
from crmapp.i18n import N_
from crmapp.models.user import User
from crmapp.services import identity_provider
from crmapp.services.provider_sign_in import Arrived, Refused
from crmapp.web.access import signed_in
from crmapp.web.redirects import safe_next

END = "provider_end"
"""Where who signed in by the provider signs out there; in her session."""
BY = "provider"


class PasswordForm(LoginForm):
    """An address and a password; where those are off they sign in administrators only."""

    def validate(self, **kwargs: Any) -> bool:
        """Check them; nobody is told who is an administrator unless the password is right."""
        if not super().validate(**kwargs):
            return False
        if identity_provider.lets_in_by_password(cast(User, self.user)):
            return True
        self.password.errors = [N_("Passwords are off.")]
        return False


FORMS: dict[str, Any] = {"login_form": PasswordForm}
"""What the library is given instead of its own."""


def init_app(app: Flask) -> None:
    """Offer the provider where people sign in, and sign them out there as well."""
    views: dict[str, Any] = app.view_functions
    views["security.logout"] = _leaving(views["security.logout"])
    user_logged_in.connect(_came_otherwise, app)
    app.add_template_global(identity_provider.active, "identity_provider")


def enter(arrived: Arrived) -> ResponseReturnValue:
    """Sign a person in, or ask for her second step first; begins with the write lock.

    Raises:
        Refused: she was let go meanwhile.
    """
    database.rollback()
    database.connection(execution_options={WRITE: True})
    user = database.get(User, arrived.user_id, populate_existing=True)
    if user is None or not user.active:
        raise Refused
    after_this_request(_view_commit)
    session[END] = arrived.end
    there = safe_next(arrived.next)
    if not arrived.strong:
        more = _security.two_factor_plugins.tf_enter(user, False, BY, next_loc=there)
        if more:
            return more
    login_user(user, authn_via=[BY])
    return redirect(there, 303)


def _came_otherwise(_app: Flask, **_more: object) -> None:
    """Forget where somebody signs out who did not come from there after all."""
    if request.endpoint in ("security.login", "security.wan_signin_response"):
        session.pop(END, None)


def end_origin() -> str:
    """Return the provider that a form of the reader's may lead to: where she signs out."""
    parts = urlsplit(session.get(END) or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _leaving(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Lead who signs out here on to sign out there, if she came from there."""

    @wraps(view)
    def leave() -> ResponseReturnValue:
        was_in = signed_in()
        answer = view()
        if not was_in or signed_in():
            return answer
        end = session.pop(END, "")
        return redirect(end, 303) if end else answer

    return leave
