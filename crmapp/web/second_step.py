"""The second step of signing in: codes of an app, or of a list, as Flask-Security asks for them."""

from __future__ import annotations

from typing import Any, cast

import qrcode
from flask import Flask, Response, abort, make_response, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_security import MfRecoveryCodesUtil, Security, Totp
from flask_security.forms import TwoFactorRescueForm, TwoFactorSetupForm, TwoFactorVerifyCodeForm
from flask_security.proxies import _security
from flask_security.recovery_codes import MfRecoveryForm
from flask_security.signals import tf_code_confirmed, tf_disabled, tf_profile_changed
from markupsafe import Markup
from passlib.exc import TokenError
from passlib.totp import TOTP
from sqlalchemy import select
from wtforms import HiddenField, PasswordField, RadioField

from crmapp.db import session as database
from crmapp.errors import SecretsLost
from crmapp.i18n import N_
from crmapp.models.user import User
from crmapp.services import second_step, vault
from crmapp.web.access import person, signed_in
from crmapp.web.extensions import SIGN_IN_LIMIT, limiter
from crmapp.web.guesses import alone

MESSAGES = {
    "TWO_FACTOR_INVALID_TOKEN": (
        N_("This code is not right, or was used already. Enter the one that the app shows now."),
        "error",
    ),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": (N_("You have signed in."), "success"),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": (N_("Two-step sign-in is on."), "success"),
    "TWO_FACTOR_PERMISSION_DENIED": (N_("Sign in again, from the beginning."), "error"),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": (N_("This is not open to you."), "error"),
    "TWO_FACTOR_DISABLED": (N_("Two-step sign-in is off."), "success"),
    "INVALID_RECOVERY_CODE": (
        N_("This is none of your recovery codes, or it was used already. Enter another one."),
        "error",
    ),
}
CONFIG: dict[str, object] = {
    "SECURITY_TWO_FACTOR": True,
    "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
    "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
    "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 10,
    "SECURITY_TOTP_ISSUER": "crmapp",
    "SECURITY_TOTP_SECRETS": {"0": "the vault encrypts them"},
    **{f"SECURITY_MSG_{name}": message for name, message in MESSAGES.items()},
}
UNUSED = (
    *("two_factor_rescue", "two_factor_setup_validate", "tf_select"),
    *("wan_verify", "wan_verify_response"),
)
"""Pages of the library that lead nowhere here."""


class SealedTotp(Totp):
    """Keeps the secrets that codes are made of in our vault; a code is good once."""

    def __init__(self, _secrets: object, issuer: str) -> None:
        self._totp = TOTP.using(issuer=issuer)

    def generate_totp_secret(self) -> str:
        """Make a secret, and encrypt it."""
        return vault.seal({"totp": self._totp.new().to_json(encrypt=False)})

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Say whether a code is right, and remember it."""
        last = user.tf_last_counter if totp_secret == user.tf_totp_secret else None
        try:
            found = self._totp.verify(token, _opened(totp_secret), window=window, last_counter=last)
        except (TokenError, SecretsLost):
            return False
        user.tf_last_counter = found.counter
        return True

    def get_totp_uri(self, username: str, totp_secret: str) -> str:
        """Return what the QR code says."""
        return super().get_totp_uri(username, _opened(totp_secret))

    def get_totp_pretty_key(self, totp_secret: str) -> str:
        """Return the key in groups, to type."""
        return super().get_totp_pretty_key(_opened(totp_secret))

    def get_totp_b32_key(self, totp_secret: str) -> str:
        """Return the key in one piece."""
        return super().get_totp_b32_key(_opened(totp_secret))

    def generate_qrcode(self, username: str, totp: str) -> str:
        """Draw the QR code, as a part of the page."""
        code = qrcode.QRCode(border=4)
        code.add_data(self.get_totp_uri(username, totp))
        rows = code.get_matrix()
        dots = ((x, y) for y, row in enumerate(rows) for x, dot in enumerate(row) if dot)
        return Markup(
            '<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{label}">'
            '<path d="{path}"/></svg>'
        ).format(
            size=len(rows),
            label=gettext("QR code for your app"),
            path="".join(f"M{x} {y}h1v1h-1z" for x, y in dots),
        )


class OnceShown(MfRecoveryCodesUtil):
    """Recovery codes are shown when they are made, and never again."""

    def get_recovery_codes(self, user: Any) -> list[str]:
        """Return none to show."""
        return []


class SetUpForm(TwoFactorSetupForm):
    """Turns the second step on; off only by the password."""

    setup = HiddenField()  # the library's has a button for each choice
    password = PasswordField()

    def validate(self, **kwargs: Any) -> bool:
        """Check the form, and whoever turns it off."""
        if not super().validate(**kwargs):
            return False
        if self.setup.data != "disable":
            return True
        user = cast(User, self.user)
        if user.verify_and_update_password(self.password.data or ""):
            return True
        user.track_failed_authn("password")
        self.password.errors = [N_("This is not your password. Enter it again.")]
        return False


class CodeForm(TwoFactorVerifyCodeForm):
    """A code of the app."""

    def validate(self, **kwargs: Any) -> bool:
        """Check the code; of two requests with the same one, one is right."""
        user = alone(cast(User, self.user))
        return bool(super().validate(**kwargs)) and not _waits(user, self)


class RecoveryForm(MfRecoveryForm):
    """A code of the list, however it is typed."""

    def validate(self, **kwargs: Any) -> bool:
        """Check the code; of two requests with the same one, one is right."""
        user = cast(User, self.user)
        alone(user)
        signs = [sign for sign in (self.code.data or "").lower() if sign.isalnum()]
        self.code.data = "-".join("".join(signs[at : at + 4]) for at in range(0, len(signs), 4))
        if super().validate(**kwargs):
            return not _waits(user, self)
        user.track_failed_authn("code", True)
        return False


class RescueForm(TwoFactorRescueForm):
    """Nothing that is shown: our page leads to the recovery codes itself."""

    help_setup = RadioField(choices=[])


FORMS: dict[str, Any] = {
    "two_factor_rescue_form": RescueForm,
    "two_factor_setup_form": SetUpForm,
    "two_factor_verify_code_form": CodeForm,
    "mf_recovery_form": RecoveryForm,
    "totp_cls": SealedTotp,
    "mf_recovery_codes_util_cls": OnceShown,
}
"""What the library is given instead of its own."""


def init_app(app: Flask, security: Security) -> None:
    """Guard the library's pages, and tell people what became of their second step."""
    views: dict[str, Any] = app.view_functions
    for name in ("two_factor_setup", "two_factor_token_validation", "mf_recovery"):
        endpoint = f"security.{name}"
        views[endpoint] = limiter.limit(SIGN_IN_LIMIT, methods=["POST"])(views[endpoint])
    views["security.two_factor_token_validation"] = _to_the_codes(
        views["security.two_factor_token_validation"]
    )
    for name in UNUSED:
        views[f"security.{name}"] = _nowhere
    security.tf_token_validation_context_processor(_being_set_up)
    for signal, event in (
        (tf_code_confirmed, second_step.ON),
        (tf_profile_changed, second_step.ON),
        (tf_disabled, second_step.OFF),
    ):
        signal.connect(telling(event), app, weak=False)


def _to_the_codes(view: Any) -> Any:
    """Lead from a new second step to the recovery codes, and nobody here who sets none up."""

    def checked() -> ResponseReturnValue:
        sets_up = session.get("tf_state") == "validating_profile"
        if signed_in() and not sets_up:
            return redirect(url_for("security.two_factor_setup"))
        response: Response = make_response(view())
        if sets_up and "tf_state" not in session and signed_in():
            return redirect(url_for("security.mf_recovery_codes"))
        return response

    return checked


def _nowhere(**_values: object) -> ResponseReturnValue:
    abort(404)


def _being_set_up() -> dict[str, object]:
    """Return what the page needs to show the QR code once more, after a wrong code."""
    secret = session.get("tf_totp_secret")
    if not secret or session.get("tf_state") != "validating_profile":
        return {}
    user = person() if signed_in() else _who_signs_in()
    try:
        shown = _security.totp_factory.fetch_setup_values(secret, user) if user else None
    except SecretsLost:
        shown = None
    return {"being_set_up": shown} if shown else {}


def _who_signs_in() -> User | None:
    return database.scalar(select(User).where(User.fs_uniquifier == session.get("tf_user_id")))


def telling(event: str) -> Any:
    """Return what answers to a signal of the library by a letter about ``event``."""

    def told(_app: Flask, user: User, **_more: object) -> None:
        if session.get("tf_state") != "ready":  # then it was on before, and she signs in by it
            second_step.tell(user, event)

    return told


def _opened(secret: str) -> str:
    """Open a secret.

    Raises:
        SecretsLost: none of the keys does.
    """
    return cast(str, vault.unseal(secret)["totp"])


def _waits(user: User, form: Any) -> bool:
    """Refuse even a right code after too many wrong ones."""
    if user.waits():
        form.code.errors = [N_("There were too many wrong codes. Wait a quarter of an hour.")]
    return user.waits()
