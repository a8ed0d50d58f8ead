"""Two versions of something that a reader wants compared."""

from __future__ import annotations

from flask import request


def asked_pair() -> tuple[int, int] | None:
    """Read from the address which version is to be compared with which."""
    asked = [request.args.get(name, "") for name in ("from", "to")]
    numbers = [int(text) for text in asked if text.isdecimal() and len(text) < 10]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None
