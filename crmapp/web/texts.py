"""Texts in the reader's language: marked in the rooms below, translated here."""

from __future__ import annotations

from typing import Any

from babel import Locale
from babel.support import NullTranslations
from flask_babel import Domain, format_decimal, get_locale, gettext

from crmapp.i18n import Bilingual, Text
from crmapp.web.context import kept

_COUNTS = {"count", "length", "limit", "most", "width"}
"""Values of texts that say how many, and are written as the reader writes numbers."""


class Catalogues(Domain):
    """Finds a catalogue by the reader's locale; the library writes the locale's name each time."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, tuple[Locale | None, NullTranslations]] = {}

    def get_translations(self) -> NullTranslations:
        """Return the texts in the reader's language."""
        locale = current_locale()  # one object per language: comparing locales takes longer
        if id(locale) not in self._known:
            self._known[id(locale)] = locale, super().get_translations()
        return self._known[id(locale)][1]


def current_locale() -> Locale | None:
    """Return the reader's locale, as ``get_locale`` does, which looks at six places each time."""
    try:
        known = kept().get("_flask_babel")
    except RuntimeError:  # there is no reader
        known = None
    return getattr(known, "babel_locale", None) or get_locale()


def language() -> str:
    """Return the code of the reader's language, one of :data:`crmapp.i18n.LOCALES`."""
    locale = current_locale()
    return "en" if locale is None else str(locale.language)


def translated(text: Text | str) -> str:
    """Say ``text`` in the reader's language, and those of its values that are texts."""
    if isinstance(text, Bilingual):
        return text.said_in(language())
    if not isinstance(text, Text):
        text = Text(str(text))  # it may be lazy
    if isinstance(text.text, Bilingual):
        return translated(text.text)
    params = {
        name: format_decimal(value) if name in _COUNTS and isinstance(value, int) else _said(value)
        for name, value in text.params.items()
    }
    return gettext(text.text, **params) if text.text else ""


def _said(value: Any) -> Any:
    """Translate texts among a text's values; several of them make a list with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(str(_said(part)) for part in value)
    return translated(value) if isinstance(value, Text | Bilingual) else value
