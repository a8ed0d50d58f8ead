"""Characters that no text can hold, those that no name may, and those that nobody sees."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from crmapp.i18n import N_

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
CANNOT_BE_STORED = N_("Contains a character that cannot be stored. Remove it.")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TURNS = N_("Contains an invisible mark that turns the direction of text. Type the name anew.")
_NAMES = frozenset({"name", "first_name", "last_name"})
"""Fields that stand in the midst of other text, which such a mark would turn as well."""
_ZERO = "\u00ad\u180e\u200b\u2060\ufeff"
"""Characters without a width, that come along when text is copied from pages and spreadsheets."""
_ENDS = re.compile(rf"\A[\s{_ZERO}]+|[\s{_ZERO}]+\Z")
_ANYWHERE = re.compile(rf"[{_ZERO}]")
_KEYS = frozenset({"number"})
"""Fields by whose text records are told apart."""
BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs that are drawn as nothing."""
WIDTHLESS = (
    _ZERO
    + "\u034f\u061c\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    + "\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""What takes no room within a word: nobody types it to find the word."""
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
"""Categories of characters of which nothing is seen where they stand alone."""
_ODD = re.compile(f"[\u0300-\u036f{BLANK}]")
"""What :func:`seen` may take away although Python calls it printable."""


def unfit(text: str, field: str) -> str:
    """Say what is wrong with the characters of a field's text; empty if nothing is."""
    if FORBIDDEN.search(text):
        return CANNOT_BE_STORED
    return _TURNS if field in _NAMES and _TURNING.search(text) else ""


def are_plain(texts: Iterable[str]) -> bool:
    """Say cheaply that texts have nothing that :func:`unfit` and :func:`seen` look for."""
    joined = "".join(texts)
    return joined.isprintable() and (joined.isascii() or not _ODD.search(joined))


def seen(text: str, field: str) -> str:
    """Return a text without what has no width at its ends, or anywhere in it where it is a key.

    Empty if nobody sees anything of it.
    """
    if text.isascii():
        return text
    text = _ANYWHERE.sub("", text) if field in _KEYS else _ENDS.sub("", text)
    visible = (c not in BLANK and unicodedata.category(c) not in _UNSEEN for c in text)
    return text if any(visible) else ""
