"""Rows that follow from a number, for both sides of a comparison."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping


def row(number: int, edition: int) -> dict[str, str]:
    """Row ``number`` of the source; another ``edition`` differs in phone, city and country."""
    return {
        "code": f"K{number:08}",
        "name": f"Company {number} Industries",
        "phone": f"+33 {edition} {number:08}",
        "city": f"City {number % 997} {edition}",
        "country": f"Country {number % 97} {edition}",
    }


def values(first: int, end: int, edition: int) -> Iterator[dict[str, str]]:
    """The rows as an account holds them."""
    for number in range(first, end):
        cells = row(number, edition)
        yield {
            "number": cells["code"],
            "name": cells["name"],
            "phone": cells["phone"],
            "billing_city": cells["city"],
            "billing_country": cells["country"],
        }


def found_by(account: Mapping[str, str]) -> str:
    """The text that an account is found by, as whoever writes it by hand would fold it."""
    text = " ".join([*account.values(), account["phone"].translate(_SIGNS)])
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


_SIGNS = str.maketrans("", "", "+ ")
