"""Notes who signs in and out, who is refused, and what becomes of passwords and second steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from blinker import NamedSignal
from flask import Flask, after_this_request, g, request, session
from flask.typing import ResponseReturnValue
from flask_login import user_logged_in, user_logged_out
from flask_security.signals import (
    password_changed,
    password_reset,
    reset_password_instructions_sent,
    tf_code_confirmed,
    tf_disabled,
    tf_profile_changed,
    user_failed_authn,
    wan_deleted,
    wan_registered,
)
from flask_security.utils import _view_commit

from crmapp.models.user import User
from crmapp.services import audit
from crmapp.web.access import signed_in

SIGNALS: tuple[tuple[NamedSignal, str], ...] = (
    (user_logged_in, "signed_in"),
    (user_logged_out, "signed_out"),
    (user_failed_authn, "sign_in_refused"),
    (reset_password_instructions_sent, "password_asked"),
    (password_reset, "password_reset"),
    (password_changed, "password_changed"),
    (tf_code_confirmed, "second_step_passed"),
    (tf_profile_changed, "second_step_on"),
    (tf_disabled, "second_step_off"),
    (wan_registered, "passkey_added"),
    (wan_deleted, "passkey_removed"),
)
"""What the library tells, and the kind of event that it is."""


def init_app(app: Flask) -> None:
    """Listen to what the library tells, and see whom it turns away without a word."""
    for signal, kind in SIGNALS:
        signal.connect(_noting(kind), app, weak=False)
    views: dict[str, Any] = app.view_functions
    views["security.login"] = _watched(views["security.login"])


def _noting(kind: str) -> Callable[..., None]:
    def told(_app: Flask, user: User, **more: object) -> None:
        if request.blueprint not in ("security", "provider"):
            return  # only there it is a person's own doing, and begins with the write lock
        way = more.get("auth_type")  # what was wrong, if something was
        details = {"way": way} if isinstance(way, str) else {}
        _note("second_step_on" if _sets_one_up(kind) else kind, user.id, **details)

    return told


def _sets_one_up(kind: str) -> bool:
    """Whether the code is the first one, of somebody who has to set it up to sign in."""
    return kind == "second_step_passed" and session.get("tf_state") == "validating_profile"


def _watched(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Note a sign-in that came to nothing, also one of nobody; what was typed is not kept."""

    @wraps(view)
    def watched(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        answer = view(*args, **kwargs)
        more_to_do = signed_in() or "tf_state" in session
        if request.method == "POST" and not more_to_do and not g.get("audited"):
            _note("sign_in_refused", None)
        return answer

    return watched


def _note(kind: str, user_id: int | None, **details: object) -> None:
    """Write an event with what the library writes."""
    audit.note(kind, by=user_id, about="person", about_id=user_id or "", **details)
    g.audited = True
    after_this_request(_view_commit)
