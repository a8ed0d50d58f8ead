"""Who sees and changes which accounts, said a second time, in another way than the product does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

SEES_ALL = {"admin", "implementer", "manager", "viewer"}
CHANGES = {"admin", "manager", "rep"}
CHANGES_ALL = {"admin", "manager"}


@dataclass(frozen=True)
class Person:
    id: int
    role: str
    active: bool
    teams: Collection[int]
    territories: Collection[str]
    sees: Collection[str] | None
    edits: Collection[str] | None


@dataclass(frozen=True)
class Place:
    """An account, as far as it decides who sees it."""

    id: int
    owner: int | None
    team: int | None
    territory: str | None
    deleted: bool


def sees(person: Person, place: Place, *, deleted: bool = False) -> bool:
    if not person.active or place.deleted is not deleted:
        return False
    return _reaches(person, place, person.sees, everything=person.role in SEES_ALL)


def changes(person: Person, place: Place) -> bool:
    if person.role not in CHANGES or not sees(person, place):
        return False
    return _reaches(person, place, person.edits, everything=person.role in CHANGES_ALL)


def _reaches(
    person: Person, place: Place, said: Collection[str] | None, *, everything: bool
) -> bool:
    if place.owner == person.id or person.role == "admin":
        return True
    if said is None:
        said = ["all"] if everything else ["team", "unowned"]
    for word in said:
        if word == "all":
            return True
        if word == "team" and place.team in person.teams:
            return True
        if word == "territory" and place.territory in person.territories:
            return True
        if word == "unowned" and place.owner is None and place.team is None:
            return True
    return False
