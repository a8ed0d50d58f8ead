"""How text is folded, so that people find "Łódź" by typing "lodz"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from crmapp.domain.letters import BLANK, WIDTHLESS

LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
"""Letters that are not a plain one with a mark, but are found by it."""
_PLAIN = LETTERS | str.maketrans(dict.fromkeys(BLANK, " ") | dict.fromkeys(WIDTHLESS))
NOT_AT_ALL = 9
"""Farther than any match of :func:`closeness`."""
_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"[^\W_]+")
_AGAIN = re.compile(r"(.)\1+")
_VOWELS = str.maketrans("", "", "aeiouy")
_LEGAL_FORMS = frozenset(
    [
        "ltd",
        "limited",
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "llc",
        "llp",
        "plc",
        "gmbh",
        "ag",
        "kg",
        "ohg",
        "ug",
        "sa",
        "sas",
        "sarl",
        "eurl",
        "srl",
        "spa",
        "bv",
        "nv",
        "ab",
        "as",
        "oy",
        "aps",
        "sl",
        "slu",
        "the",
        "and",
        "et",
        "und",
    ]
)


def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents and what nobody sees, with single spaces.

    Records keep it in columns: who changes it writes a migration that folds those anew.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def plain_name(name: str) -> str:
    """Return the words of a company's name in their order by letter, without its legal form.

    "Bolts & Acme, Ltd." and "ACME Bolts" are the same.
    """
    return " ".join(_plain_words(name))


def _plain_words(name: str) -> list[str]:
    words = _WORDS.findall(fold(name))
    return sorted([word for word in words if word not in _LEGAL_FORMS] or words)


@lru_cache(maxsize=8192)
def near_key(name: str) -> str | None:
    """Return what near names share: the consonants of their words; ``None`` without a word.

    The rows of a part are asked for it by several rules, one after the other.
    Accounts keep it in a column: who changes it writes a migration that fills that anew.
    """
    words = _plain_words(name)
    return "".join([_bones(word) if word.isalpha() else word for word in words]) or None


@lru_cache(maxsize=4096)
def _bones(word: str) -> str:
    """Return a word's first letter and its further consonants, once each in a row."""
    return word[0] + _AGAIN.sub(r"\1", word[1:].translate(_VOWELS))


def digits(text: str) -> str:
    """Return the digits of a phone number, so that any way of writing it is found."""
    return "".join(_DIGITS.findall(text))


def search_text(values: Mapping[str, Any], names: Iterable[str], phones: Iterable[str] = ()) -> str:
    """Join the folded values of ``names`` and the digits of ``phones`` into one line."""
    words = fold(" | ".join(map(str, filter(None, map(values.get, names)))))
    return " | ".join([words, *map(digits, filter(None, map(values.get, phones)))])


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
