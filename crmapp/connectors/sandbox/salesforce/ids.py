"""Ids as Salesforce writes them: 15 characters, and 18 with the case of the first 15 kept safe."""

from __future__ import annotations

import base64
import re

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_POD = "Sb"


def checked(id15: str) -> str:
    """Return the 18 characters of an id: each of the last three says which of five are capitals."""
    tail = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place in range(5) if id15[start + place].isupper())
        tail += _CHECK[bits]
    return id15 + tail


def made(prefix: str, number: int) -> str:
    """Return the id of an object's ``number``-th record."""
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return checked(f"{prefix}{_POD}0{digits}")


def whole(text: str) -> str | None:
    """Return an id's 18 characters, or None if ``text`` is none.

    The last three of 18 restore the case of the others, as they do there.
    """
    if not _SHAPE.fullmatch(text):
        return None
    if len(text) == 15:
        return checked(text)
    restored = ""
    for block, check in zip((text[:5], text[5:10], text[10:15]), text[15:].upper(), strict=True):
        if check not in _CHECK:
            return None
        bits = _CHECK.index(check)
        restored += "".join(
            letter.upper() if bits >> place & 1 else letter.lower()
            for place, letter in enumerate(block)
        )
    return checked(restored)


def locator(place: int) -> str:
    """Return the opaque word that stands for a place in the results of a Bulk query."""
    return base64.b64encode(str(place).encode()).decode().rstrip("=")


def number(locator: str) -> int | None:
    """Return the place that :func:`locator` was made of."""
    try:
        text = base64.b64decode(locator + "=" * (-len(locator) % 4)).decode()
    except ValueError:
        return None
    return int(text) if text.isdigit() else None
