"""Texts that a spreadsheet would take for a formula: how a file guards them, and is read again."""

from __future__ import annotations

import re

_TAKEN = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_GUARDED = re.compile("'+[=+\\-@\t\r＝＋－＠]")


def guarded(text: str) -> str:
    """Return ``text`` with a ``'`` before what a spreadsheet may take for a formula.

    A text that looks guarded already gets one more: so :func:`bare` gives each text back.
    """
    return f"'{text}" if _TAKEN.match(text) else text


def bare(text: str) -> str:
    """Return what :func:`guarded` was given; a text that it left alone stays as it is."""
    return text[1:] if _GUARDED.match(text) else text
