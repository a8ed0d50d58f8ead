"""Text of a column as search folds it, in the words of both databases."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, String, case, collate, func, literal
from sqlalchemy import literal_column as written

from crmapp.db.bulk import dialect
from crmapp.domain.letters import BLANK, WIDTHLESS
from crmapp.domain.search import LETTERS

NAME = "folded"
"""What SQLite calls :func:`crmapp.domain.search.fold`, which the application lends it."""
_SPACE = "[\t-\r\x1c- \x85\u1680\u2028\u2029]+"
_IOTA_BELOW = "\u0345"


def folded(text: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a text, which is not null, as :func:`crmapp.domain.search.fold` returns it.

    PostgreSQL does the same steps, of which its own ``lower`` would leave out some by its locale:
    ``und-x-icu`` comes with every server that is built with ICU, as they are by default.
    """
    if dialect() == "sqlite":
        return getattr(func, NAME)(text, type_=String())
    ascii_ = func.octet_length(text) == func.char_length(text)
    return case(
        (ascii_, _spaced(func.lower(collate(text, "C")))),
        else_=_spaced(_plain(func.lower(collate(text, "und-x-icu")))),
    )


def contains(text: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """Build the condition that a folded text has ``words`` in it, letter for letter."""
    place = func.instr if dialect() == "sqlite" else func.strpos
    return place(text, words) > 0


def begins(text: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """Build the condition that a folded text begins with ``words``, letter for letter."""
    return func.substr(text, 1, len(words)) == words


def _plain(lower: ColumnElement[str]) -> ColumnElement[str]:
    """Take the accents off, and write letters as their plain ones."""
    text = func.normalize(lower, written("NFKD"))
    text = func.translate(text, _IOTA_BELOW + "ς", "ισ")
    several = {chr(code): plain for code, plain in LETTERS.items() if len(plain) > 1}
    for letter, plain in {"ß": "ss", **several}.items():
        text = func.replace(text, letter, plain)
    single = {chr(code): plain for code, plain in LETTERS.items() if len(plain) == 1}
    text = func.translate(text, "".join(single), "".join(single.values()))
    text = func.translate(text, BLANK + WIDTHLESS, " " * len(BLANK))
    return func.regexp_replace(text, _combining(), "", "g")


def _spaced(text: ColumnElement[str]) -> ColumnElement[str]:
    """Leave single spaces between words; compared byte by byte, as columns that are folded."""
    single = func.regexp_replace(text, literal(_SPACE), " ", "g", type_=String())
    return collate(func.btrim(single), "C")


@cache
def _combining() -> str:
    """Return what finds marks that stand on the letter before them."""
    codes = [code for code in range(0x110000) if unicodedata.combining(chr(code))]
    starts = [code for code in codes if not unicodedata.combining(chr(code - 1))]
    ends = [code for code in codes if not unicodedata.combining(chr(code + 1))]
    spans = zip(starts, ends, strict=True)
    return "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in spans) + "]+"
