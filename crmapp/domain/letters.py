"""Characters that no text can hold, and those that no name may."""

from __future__ import annotations

import re

from crmapp.i18n import N_

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
CANNOT_BE_STORED = N_("Contains a character that cannot be stored. Remove it.")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TURNS = N_("Contains an invisible mark that turns the direction of text. Type the name anew.")
_NAMES = frozenset({"name", "first_name", "last_name"})
"""Fields that stand in the midst of other text, which such a mark would turn as well."""


def unfit(text: str, field: str) -> str:
    """Say what is wrong with the characters of a field's text; empty if nothing is."""
    if FORBIDDEN.search(text):
        return CANNOT_BE_STORED
    return _TURNS if field in _NAMES and _TURNING.search(text) else ""
