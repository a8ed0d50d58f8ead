"""Ids, versions and counts, as addresses and forms say them."""

from __future__ import annotations

from crmapp.db import LARGEST_ID

_DIGITS = len(str(LARGEST_ID))


def whole_number(text: str | None) -> int | None:
    """Read a number; None if it is none, or larger than an id can be."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        return None
    return found if (found := int(text)) <= LARGEST_ID else None
