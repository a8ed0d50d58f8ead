"""Two versions of something that a reader wants compared."""

from __future__ import annotations

from flask import request

from crmapp.web.whole_numbers import whole_number


def asked_pair() -> tuple[int, int] | None:
    """Read from the address which version is to be compared with which."""
    asked = [request.args.get(name, "") for name in ("from", "to")]
    first, second = map(whole_number, asked)
    return None if first is None or second is None else (first, second)
