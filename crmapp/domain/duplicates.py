"""In what two accounts are alike, how much that says, and which of many accounts are pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import combinations
from operator import attrgetter
from typing import NamedTuple

from crmapp.domain.duplicate_keys import same_phone
from crmapp.domain.likeness import NearTo, squeezed
from crmapp.i18n import N_


class Alike(StrEnum):
    """What two accounts have in common that are likely one customer."""

    TAX_ID = "tax_id"
    NAME_POSTCODE = "name_postcode"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"


REASONS: dict[str, str] = {
    Alike.TAX_ID: N_("Same tax id"),
    Alike.NAME_POSTCODE: N_("Similar name, same postal code"),
    Alike.EMAIL: N_("Same e-mail address"),
    Alike.PHONE: N_("Same phone number"),
    Alike.NUMBER: N_("Same number in another company"),
}
_WEIGHTS: dict[str, int] = {
    Alike.TAX_ID: 8,
    Alike.NAME_POSTCODE: 6,
    Alike.EMAIL: 5,
    Alike.PHONE: 4,
    Alike.NUMBER: 3,
}
CROWD = 20
"""What more accounts than these share, like the phone of a call centre, tells nothing."""


class Member(NamedTuple):
    """An account among those that share a word."""

    word: str
    id: int
    name: str = ""
    postal_code: str = ""
    phone: str = ""


def score(reasons: Iterable[str]) -> int:
    """Return how much reasons say together."""
    return sum(_WEIGHTS.get(reason, 0) for reason in reasons)


def pairs(alike: Alike, members: Sequence[Member]) -> list[tuple[int, int]]:
    """Return the pairs among accounts that share one word, the lower id first."""
    if alike is not Alike.NAME_POSTCODE:
        few = sorted(members, key=attrgetter("id")) if len(members) <= CROWD else []
        return [
            (one.id, other.id)
            for one, other in combinations(few, 2)
            if alike is not Alike.PHONE or same_phone(one.phone, other.phone)
        ]
    found: list[tuple[int, int]] = []
    places: dict[str, list[Member]] = {}
    for each in members:
        if code := squeezed(each.postal_code):
            places.setdefault(code, []).append(each)
    for here in places.values():
        if len(here) <= CROWD:
            found += _near(here)
    return found


def _near(members: Sequence[Member]) -> Iterable[tuple[int, int]]:
    for one, other in combinations(sorted(members, key=attrgetter("id")), 2):
        if other.name in NearTo(one.name):
            yield one.id, other.id
