"""How the thousands of numbers that people type are parted."""

from __future__ import annotations

import re

_GAP = re.compile(r"[\s'’]")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:[^\S\r\n]|['’])\d{3})+(?!\d)")
_BETWEEN = re.compile(r"\d[\s'’]+\d")


def closed_up(text: str) -> str:
    """Return a number without its gaps; as it is where one parts anything but thousands.

    ``1 250,5`` is ``1250,5``, but ``2 2`` is two numbers: whoever reads numbers refuses it.
    """
    if not _GAP.search(text):  # as most are
        return text
    closed = _GROUPED.sub(lambda found: _GAP.sub("", found[0]), text)
    return text if _BETWEEN.search(closed) else _GAP.sub("", closed)


def plain_number(text: str) -> str:
    """Return a number without its separators of thousands, and with a point for its decimals."""
    plain = closed_up(text)
    if re.fullmatch(r"-?(\d+,\d{1,2}|0,\d+|\d+,\d{4,})", plain):
        return plain.replace(",", ".")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        return plain.replace(",", "")
    return plain
