"""Rows that follow from a number, for both sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmapp.domain.records import derived


def row(number: int, edition: int) -> dict[str, str]:
    """Row ``number`` of the source; another ``edition`` differs in phone, city and country."""
    return {
        "code": f"K{number:08}",
        "name": f"Company {number} Industries",
        "phone": f"+33 {edition} {number:08}",
        "city": f"City {number % 997} {edition}",
        "country": f"Country {number % 97} {edition}",
    }


def rows(first: int, end: int, edition: int) -> Iterator[dict[str, Any]]:
    """The rows as an account holds them, with the text that it is found by."""
    for number in range(first, end):
        cells = row(number, edition)
        values = {
            "number": cells["code"],
            "name": cells["name"],
            "phone": cells["phone"],
            "billing_city": cells["city"],
            "billing_country": cells["country"],
        }
        yield values | {"search_text": derived("account", values)["search_text"]}
