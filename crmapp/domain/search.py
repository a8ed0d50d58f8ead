"""How text is folded, so that people find "Łódź" by typing "lodz"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
NOT_AT_ALL = 9
"""Farther than any match of :func:`closeness`."""
_NOT_DIGITS = re.compile(r"\D+")


def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents, with single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def digits(text: str) -> str:
    """Return the digits of a phone number, so that any way of writing it is found."""
    return _NOT_DIGITS.sub("", text)


def search_text(values: Mapping[str, Any], names: Iterable[str], phones: Iterable[str] = ()) -> str:
    """Join the folded values of ``names`` and the digits of ``phones`` into one line."""
    words = fold(" | ".join(str(values[name]) for name in names if values.get(name)))
    return " | ".join([words, *(digits(values[name]) for name in phones if values.get(name))])


def closeness(text: str, words: str) -> int:
    """Say how close folded ``words`` come to a folded text.

    0: it begins with them; 1: each of them begins one of its words; 2: it contains each of them;
    :data:`NOT_AT_ALL`: it does not.
    """
    if text.startswith(words):
        return 0
    parts = words.split(" ")
    if all(f" {part}" in f" {text}" for part in parts):
        return 1
    return 2 if all(part in text for part in parts) else NOT_AT_ALL
