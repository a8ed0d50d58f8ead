"""What all forms share: protection against forgery, against double sending, and clean text."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from flask import g, request
from flask_babel import gettext
from flask_wtf import FlaskForm
from flask_wtf.i18n import translations
from wtforms import Field, HiddenField, IntegerField, SelectChoice, ValidationError
from wtforms.widgets import HiddenInput

from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.web.texts import translated

_RENEWED = N_(
    "You have signed in or out since this form was opened. Here is what you typed: look at it, "
    "and send it again."
)


_CHOOSE = N_("Choose one from the list.")
_ENTER = N_("Enter a whole number.")
_OURS = {
    "Not a valid choice.": _CHOOSE,
    "Invalid Choice: could not coerce.": _CHOOSE,
    "Not a valid integer value.": _ENTER,
}
"""What the library says of a value that was forged, or came from an old page, in our words."""


class _Sayings:
    """What the library says, as all else is said here."""

    def gettext(self, text: str) -> str:
        return gettext(_OURS[text]) if text in _OURS else str(translations.gettext(text))

    def ngettext(self, one: str, several: str, count: int) -> str:
        """Choose between two texts; of several values that are no choice the same is said."""
        if "valid choice" in one:
            return gettext(_CHOOSE)
        return str(translations.ngettext(one, several, count))


class Form(FlaskForm):
    """A form with a CSRF token and an idempotency key: the same form sent twice acts once.

    ``form.hidden_tag()`` prints both. Text that holds a NUL is refused at its field.
    """

    class Meta(FlaskForm.Meta):
        def get_translations(self, _form: object) -> _Sayings:
            return _Sayings()

    form_errors: list[str]
    idempotency_key = HiddenField(default=lambda: secrets.token_urlsafe(16))

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the form; afterwards ``form.errors`` has field → messages."""
        valid = super().validate(extra_validators=extra_validators)
        if g.get("is_forged"):
            self["csrf_token"].errors = [gettext(_RENEWED)]
            valid = False
        for field in self:
            if "\x00" in str(field.data or "") or "\x00" in "".join(_raw(field)):
                add_error(field, gettext("Remove the invisible character (NUL) from this text."))
                valid = False
        return bool(valid)

    def refuse(self, error: Invalid) -> None:
        """Show what a service found wrong beside the fields; the rest stands above the form."""
        form_errors = []
        for name, text in error.fields.items():
            if name in self:
                add_error(self[name], translated(text))
            else:
                form_errors.append(translated(text))
        self.form_errors = [*self.form_errors, *form_errors]

    @property
    def values(self) -> dict[str, Any]:
        """What the person typed: every field but the hidden bookkeeping."""
        own = {"csrf_token", "idempotency_key", "version", "submit"}
        return {name: value for name, value in self.data.items() if name not in own}


class VersionedForm(Form):
    """A form that changes a record; carries the version that the person saw."""

    HIGHEST_VERSION = 2**31 - 1
    TAKE = "take."

    version = IntegerField(widget=HiddenInput())

    @property
    def taken(self) -> set[str]:
        """The fields in which she takes over what somebody else entered, after a conflict."""
        sent = request.form.items() if request.method == "POST" else ()
        chosen = {name for name, value in sent if value == "theirs"}
        return {name for name in self._fields if self.TAKE + name in chosen}

    @property
    def values(self) -> dict[str, Any]:
        """What the person typed, where she keeps it."""
        return {name: value for name, value in super().values.items() if name not in self.taken}

    def validate_version(self, field: Field) -> None:
        """Refuse a form whose version was tampered away."""
        told = bool(field.raw_data) and field.data is not None
        if not told or not 0 < field.data <= self.HIGHEST_VERSION:
            raise ValidationError(gettext("Reload the page and try again."))


def choices(pairs: Iterable[tuple[object, str]]) -> list[SelectChoice]:
    """Turn (value, text) pairs into what select fields want."""
    return [SelectChoice(value=value, label=label) for value, label in pairs]


def add_error(field: Field, message: str) -> None:
    """Say at ``field`` what is wrong with it."""
    field.errors = [*field.errors, message]


def _raw(field: Field) -> Sequence[str]:
    return [text for text in field.raw_data or () if isinstance(text, str)]
