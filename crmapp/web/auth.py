"""Signing in: Flask-Security over our own people, with mail through our outbox."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Flask,
    after_this_request,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, get_locale, gettext
from flask_login import AnonymousUserMixin, user_logged_in, user_logged_out
from flask_security import MailUtil, PasswordUtil, RoleMixin, Security, SQLAlchemyUserDatastore
from flask_security.forms import VerifyForm
from flask_security.utils import _view_commit
from sqlalchemy import update

from crmapp.config import Settings
from crmapp.db import db
from crmapp.db import session as database
from crmapp.db.session import WRITE
from crmapp.domain.days import is_zone
from crmapp.errors import SecretsLost
from crmapp.i18n import N_
from crmapp.mail import messages, outbox
from crmapp.models import Passkey
from crmapp.models.user import User
from crmapp.services import passwords, sign_ins, vault
from crmapp.services import second_step as steps
from crmapp.web import guesses, passkeys, provider, recent, second_step, signed_in
from crmapp.web.extensions import GUESS_LIMIT, SIGN_IN_LIMIT, limiter
from crmapp.web.redirects import is_our_own
from crmapp.web.sessions import TOASTS
from crmapp.web.texts import translated

RESET_LIMIT = "5 per minute; 30 per hour"


SUBJECTS = {
    "reset_instructions": N_("Set a new password for crmapp"),
    "reset_notice": N_("Your password for crmapp has been changed"),
    "change_notice": N_("Your password for crmapp has been changed"),
}
MESSAGES = {
    "PASSWORD_RESET_REQUEST": (
        N_("If somebody signs in with this address, a link to set a new password is on its way."),
        "info",
    ),
    "PASSWORD_RESET_EXPIRED": (N_("This link is too old. Ask for a new one."), "error"),
    "INVALID_RESET_PASSWORD_TOKEN": (
        N_("This link is not complete, or was used already. Ask for a new one."),
        "error",
    ),
    "PASSWORD_RESET_NO_LOGIN": (
        N_("Your password is changed. Sign in with the new one."),
        "success",
    ),
    "PASSWORD_CHANGE": (N_("Your password is changed."), "success"),
}
"""The library's messages in our words; the toast translates them."""


class NoRole(RoleMixin):
    """Flask-Security asks for a table of roles; ours are code: :mod:`crmapp.domain.permissions`."""


class OutboxMail(MailUtil):
    """Writes Flask-Security's letters into the outbox, in the transaction of their cause.

    They are in the language of the person who will read them, not of the one who asked.
    """

    def send_mail(  # type: ignore[override]  # a narrower signature than the library's
        self,
        template: str,
        subject: str,
        recipient: str,
        sender: object,
        body: str | None,
        html: str | None,
        **context: object,
    ) -> None:
        user: Any = context["user"]
        if link := context.get("reset_link"):  # the library believes the request about our host
            context["reset_link"] = messages.address(urlsplit(str(link)).path)
        name = template.rpartition("/")[2]
        with force_locale(user.locale or get_locale()):
            outbox.post(
                key=f"{name}:{secrets.token_hex(12)}",
                recipient=recipient,
                subject=gettext(SUBJECTS[name]),
                text=render_template(f"{template}.txt", **context),
                html=render_template(f"{template}.html", **context),
                user_id=user.id,
            )
        after_this_request(_view_commit)  # a forgotten password writes nothing else


class OurPasswords(PasswordUtil):
    """Asks of new passwords what is asked of those that an administrator gives."""

    def validate(
        self, password: str, is_register: bool, **kwargs: Any
    ) -> tuple[list[str] | None, str]:
        """Return what is wrong with a password, if anything is, and the password."""
        normal, user = self.normalize(password), kwargs["user"]
        problem = passwords.problem(normal, name=user.name, email=user.email)
        return [translated(problem)] if problem else None, normal


class ProofForm(VerifyForm):
    """The password, from somebody who has signed in already."""

    def validate(self, **kwargs: Any) -> bool:
        """Check it; from then on the session goes by another word."""
        valid = bool(super().validate(**kwargs))
        if valid:
            signed_in.renew()
        return valid


class People(SQLAlchemyUserDatastore):
    """Keeps what the library says of people as we do."""

    def set_uniquifier(self, user: Any, uniquifier: str | None = None) -> None:
        """Sign a person out everywhere, as a new password does."""
        sign_ins.end_all(user)

    def tf_reset(self, user: Any) -> None:
        """Take a person's second step away, and her recovery codes with it."""
        steps.forget(user)
        self.put(user)

    def mf_set_recovery_codes(self, user: Any, rcs: list[str] | None) -> None:
        """Keep a person's recovery codes, encrypted."""
        user.mf_recovery_codes = vault.seal({"codes": rcs}) if rcs else None
        self.put(user)

    def mf_get_recovery_codes(self, user: Any) -> list[str]:
        """Return a person's recovery codes that are still good."""
        try:
            codes: list[str] = vault.unseal(user.mf_recovery_codes or "").get("codes", [])
        except SecretsLost:
            return []
        return codes

    def mf_delete_recovery_code(self, user: Any, idx: int) -> bool:
        """Let a recovery code be good no more."""
        codes = self.mf_get_recovery_codes(user)
        self.mf_set_recovery_codes(user, codes[:idx] + codes[idx + 1 :])
        return True


def init_app(app: Flask, settings: Settings) -> None:
    """Bind Flask-Security and guard its doors."""
    app.config.update(_config(settings))
    people = People(db, User, NoRole, Passkey)
    given: dict[str, Any] = {
        "mail_util_cls": OutboxMail,
        "password_util_cls": OurPasswords,
        "verify_form": ProofForm,
    }
    forms = {**second_step.FORMS, **passkeys.FORMS, **provider.FORMS}
    security = Security(app, people, **given, **forms)
    # Rights are ours to find, so nobody asks for what this hook finds out at each request.
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    # Nobody brings tokens of the library's: it would look for one in what each visitor sends.
    app.login_manager.request_loader(_nobody)  # type: ignore[attr-defined]  # the library's
    app.before_request(_keep_next_at_home)
    app.before_request(_write_first)
    limited = {
        "security.login": SIGN_IN_LIMIT,
        "security.change_password": GUESS_LIMIT,
        "security.verify": GUESS_LIMIT,
        "security.forgot_password": RESET_LIMIT,
    }
    views: dict[str, Any] = app.view_functions
    for endpoint, limit in limited.items():
        views[endpoint] = limiter.limit(limit, methods=["POST"])(views[endpoint])
    second_step.init_app(app, security)
    passkeys.init_app(app, security)
    provider.init_app(app)
    guesses.init_app(app)
    signed_in.init_app(app)
    user_logged_in.connect(_start_afresh, app)
    user_logged_out.connect(_say_goodbye, app)


def _nobody(_request: object) -> AnonymousUserMixin:
    return AnonymousUserMixin()


def _config(settings: Settings) -> dict[str, object]:
    key = settings.session_key()
    return {
        "SECRET_KEY": key,
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__time_cost": 2,
            "argon2__memory_cost": 19 * 1024,
            "argon2__parallelism": 1,
        },
        "SECURITY_PASSWORD_LENGTH_MIN": passwords.SHORTEST,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=4),
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "test_environment": True},
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_EMAIL_SENDER": settings.mail_from,
        "SECURITY_EMAIL_PLAINTEXT": True,
        "SECURITY_EMAIL_HTML": True,
        "SECURITY_POST_LOGIN_VIEW": "/",
        "SECURITY_POST_LOGOUT_VIEW": "/login",
        "SECURITY_POST_CHANGE_VIEW": "/",
        "SECURITY_POST_RESET_VIEW": "/login",
        "SECURITY_FRESHNESS": timedelta(hours=1),
        **{f"SECURITY_MSG_{name}": message for name, message in MESSAGES.items()},
        **second_step.CONFIG,
        **passkeys.CONFIG,
        "REMEMBER_COOKIE_DURATION": timedelta(days=30),
    }


def _keep_next_at_home() -> ResponseReturnValue | None:
    """Drop a ``next=`` that leads elsewhere, before anybody follows it."""
    if request.blueprint != "security":
        return None
    asked = [*request.args.getlist("next"), *request.form.getlist("next")]
    if all(is_our_own(url) for url in asked if url):
        return None
    endpoint = request.endpoint if request.method == "GET" else None
    there = request.view_args if endpoint else None
    return redirect(url_for(endpoint or "security.login", **(there or {})), 303)


def _write_first() -> None:
    """Let the library's writes begin with the write lock, as all of ours do."""
    if request.blueprint == "security" and request.method == "POST":
        database.rollback()
        database.connection(execution_options={WRITE: True})


def _start_afresh(_app: Flask, user: User, **_extra: object) -> None:
    """Leave nothing of the visitor's session to the person who has signed in.

    Where nobody has said in which time zone she lives, her browser's is taken once.
    """
    zone = request.form.get("timezone", "")
    if user.timezone is None and is_zone(zone):
        database.execute(update(User).where(User.id == user.id).values(timezone=zone))
        after_this_request(_view_commit)
    for name in ("csrf_token", TOASTS):
        session.pop(name, None)
    recent.forget()
    session["sid"] = secrets.token_urlsafe(16)


def _say_goodbye(_app: Flask, **_extra: object) -> None:
    flash(gettext("You have signed out."), "success")
