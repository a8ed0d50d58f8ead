"""Passkeys, as Flask-Security asks for them: a device that knows its owner is both steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Flask, request
from flask_security import Security, WebauthnUtil
from flask_security.signals import wan_deleted, wan_registered
from flask_security.webauthn import (
    WebAuthnDeleteForm,
    WebAuthnRegisterForm,
    WebAuthnRegisterResponseForm,
    WebAuthnSigninResponseForm,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from wtforms import HiddenField

from crmapp.config import settings
from crmapp.db import utcnow
from crmapp.i18n import N_
from crmapp.models.user import User
from crmapp.services import idempotency, second_step
from crmapp.web.access import person, signed_in
from crmapp.web.extensions import SIGN_IN_LIMIT, limiter
from crmapp.web.second_step import telling

MOST = 20
"""So many passkeys can a person have."""
UNKNOWN = N_("This passkey does not sign anybody in here. Use another one, or your password.")
UNCLEAR = N_("What your device answered could not be used. Try again.")
MESSAGES = {
    "WEBAUTHN_EXPIRED": (N_("That took too long. Try again."), "error"),
    "WEBAUTHN_NAME_REQUIRED": (N_("Enter a name, by which you know it again."), "error"),
    "WEBAUTHN_NAME_INUSE": (N_("You have a passkey of this name. Enter another name."), "error"),
    "WEBAUTHN_NAME_NOT_FOUND": (N_("This passkey is gone already."), "info"),
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": (
        N_("Enter a name of letters, digits and plain signs."),
        "error",
    ),
    "WEBAUTHN_CREDENTIAL_DELETED": (N_("The passkey is removed."), "success"),
    "WEBAUTHN_REGISTER_SUCCESSFUL": (N_("Your passkey is added."), "success"),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": (N_("This passkey is here already."), "error"),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": (UNKNOWN, "error"),
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": (UNKNOWN, "error"),
    "WEBAUTHN_MISMATCH_USER_HANDLE": (UNKNOWN, "error"),
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": (UNKNOWN, "error"),
    "WEBAUTHN_NO_VERIFY": (UNCLEAR, "error"),
    "API_ERROR": (UNCLEAR, "error"),
    "INVALID_INPUT": (N_("Enter a name of letters, digits and plain signs."), "error"),
    "INVALID_INPUT_LENGTH": (N_("Enter a name of at most 64 characters."), "error"),
}
CONFIG: dict[str, object] = {
    "SECURITY_WEBAUTHN": True,
    "SECURITY_WAN_RP_NAME": "crmapp",
    "SECURITY_WAN_ALLOW_USER_HINTS": False,
    "SECURITY_WAN_ALLOW_AS_VERIFY": [],
    "SECURITY_WAN_NAME_ALLOWED_CHARS": ["L", "M", "N", "P", "Zs"],
    "SECURITY_DATETIME_FACTORY": utcnow,
    "SECURITY_WAN_REGISTER_WITHIN": timedelta(minutes=5),
    "SECURITY_WAN_SIGNIN_WITHIN": timedelta(minutes=2),
    **{f"SECURITY_MSG_{name}": message for name, message in MESSAGES.items()},
}


class OnTheDevice(WebauthnUtil):
    """Keys know whom they are of, and open only to her: by a fingerprint, a face or a PIN."""

    def origin(self) -> Any:
        """Return the addresses at which a key may have been asked for."""
        return sorted({settings().address.rstrip("/"), request.host_url.rstrip("/")})

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        """Ask for such a key, wherever it is kept."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        )

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        """Ask it to make sure of her when she signs in."""
        return UserVerificationRequirement.REQUIRED


class NewForm(WebAuthnRegisterForm):
    """The name of a new passkey."""

    usage = HiddenField()

    def validate(self, **kwargs: Any) -> bool:
        """Check the name; every passkey signs in by itself."""
        self.usage.data = "first"
        if not super().validate(**kwargs):
            return False
        if len(person().webauthn) >= MOST:
            self.name.errors = [N_("You have too many passkeys. Remove one first.")]
            return False
        return True


class KeyForm(WebAuthnRegisterResponseForm):
    """What a device says of its new key."""

    def validate(self, **kwargs: Any) -> bool:
        """Check it, whatever it is."""
        try:
            valid = bool(super().validate(**kwargs))
        except _UNREADABLE:
            return _unclear(self)
        self.extensions = ""
        return valid


class AnswerForm(WebAuthnSigninResponseForm):
    """What a device says to who signs in."""

    def validate(self, **kwargs: Any) -> bool:
        """Check it, whatever it is, once; who has left does not sign in."""
        try:
            valid = bool(super().validate(**kwargs))
        except _UNREADABLE:
            return _unclear(self)
        if valid and not cast(User, self.user).active:
            self.credential.errors = [UNKNOWN]
            return False
        if valid and not idempotency.spend(self.challenge):
            return _unclear(self)
        return valid


_UNREADABLE = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)
"""How the library stumbles over what no device says."""


def _unclear(form: Any) -> bool:
    form.credential.errors = [UNCLEAR]
    return False


FORMS: dict[str, Any] = {
    "wan_register_form": NewForm,
    "wan_register_response_form": KeyForm,
    "wan_signin_response_form": AnswerForm,
    "wan_delete_form": WebAuthnDeleteForm,
    "webauthn_util_cls": OnTheDevice,
}
"""What the library is given instead of its own."""


def init_app(app: Flask, security: Security) -> None:
    """Guard the library's pages, and tell people what became of their passkeys."""
    views: dict[str, Any] = app.view_functions
    for name in ("wan_signin", "wan_signin_response", "wan_register", "wan_register_response"):
        endpoint = f"security.{name}"
        views[endpoint] = limiter.limit(SIGN_IN_LIMIT, methods=["POST"])(views[endpoint])
    security.wan_register_context_processor(_hers)
    for signal, event in (
        (wan_registered, second_step.PASSKEY),
        (wan_deleted, second_step.NO_PASSKEY),
    ):
        signal.connect(telling(event), app, weak=False)


def _hers() -> dict[str, object]:
    found = list(person().webauthn) if signed_in() else []
    return {"passkeys": sorted(found, key=lambda each: (each.name.casefold(), each.id))}
