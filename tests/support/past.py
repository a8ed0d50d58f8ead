"""What people and runs did to accounts, seen from outside, and what an undo has to give back.

It compares what the tables hold before and after each step, and never looks into the change log.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.support.change_log import Key, Seen, World
from tests.support.hands import Hands

Place = tuple[int, str] | Key
"""A field of an account, or an external id."""


@dataclass
class Row:
    """What one step did to one account: (before, after) of cells and links; how it came or went."""

    born: str = ""
    cells: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    links: dict[Key, tuple[int | None, int | None]] = field(default_factory=dict)


@dataclass
class Step:
    """One thing that somebody did; ``undoes`` is the number of the step that it took back."""

    number: int
    undoes: int | None
    rows: dict[int, Row]


@dataclass
class Back:
    """How one row of a run is taken back: ``kept`` says why it is not, or of which fields."""

    cells: dict[str, Any] = field(default_factory=dict)
    links: dict[Key, int | None] = field(default_factory=dict)
    deleted: bool | None = None
    kept: set[str] = field(default_factory=set)
    reason: str | None = None

    @property
    def does(self) -> bool:
        return bool(self.cells or self.links) or self.deleted is not None


@dataclass
class Past:
    """All steps so far."""

    now: World
    steps: list[Step] = field(default_factory=list)
    hands: Hands = field(default_factory=Hands)
    edited: dict[int, int] = field(default_factory=dict)
    """Account → the last step in which a person changed it."""

    def note(self, after: World, *, person: bool = False, undoes: Step | None = None) -> Step:
        """Take down what the last step did."""
        step = Step(len(self.steps) + 1, undoes.number if undoes else None, {})
        homes = {
            key: id_ for id_, row in (undoes.rows if undoes else {}).items() for key in row.links
        }
        step.rows = differences(self.now, after, homes)
        for id_, row in step.rows.items():
            for place in (*((id_, name) for name in row.cells), *row.links):
                self.hands.take(place, step.number, undoes.number if undoes else None)
            if person:
                self.edited[id_] = step.number
        self.steps.append(step)
        self.now = after
        return step

    def stands(self, place: Place, step: Step) -> bool:
        """Whether ``place`` is as ``step`` left it, and nobody touched it since."""
        return self.hands.stands(place, step.number)

    def back(self, step: Step, id_: int, *, has_people: Callable[[int], bool]) -> Back:
        """Say how what ``step`` did to an account is taken back."""
        row, now = step.rows[id_], self.now.accounts[id_]
        links = {key: both[0] for key, both in row.links.items() if self.stands(key, step)}
        moved = {key[2] for key in row.links.keys() - links.keys()}
        edited = self.edited.get(id_, 0) > step.number
        if now.deleted != (row.born == "deleted") or (now.deleted and edited):
            return Back(reason="gone")
        if row.born == "deleted":
            return Back(links=links, deleted=False, kept=moved)
        if row.born and has_people(id_):
            return Back(reason="people_added")
        if row.born and edited:
            return Back(reason="edited_since", kept=self._since(id_, step))
        if row.born:
            return Back(links=links, deleted=True)
        cells = {n: both[0] for n, both in row.cells.items() if self.stands((id_, n), step)}
        kept = (row.cells.keys() - cells.keys()) | moved
        return Back(cells, links, kept=kept, reason=None if cells or links else "edited_since")

    def _since(self, id_: int, step: Step) -> set[str]:
        """Return the fields of an account that somebody changed since."""
        fields = [place for place in self.hands.passed if place[0] == id_]
        return {str(place[1]) for place in fields if self.hands.whose(place) > step.number}


def differences(before: World, after: World, homes: dict[Key, int]) -> dict[int, Row]:
    """Compare two states; a link belongs to the account in ``homes``, else to the one it means."""
    rows: dict[int, Row] = {}
    for id_, account in after.accounts.items():
        row = difference(before.accounts.get(id_), account)
        if row.born or row.cells:
            rows[id_] = row
    for key in before.links.keys() | after.links.keys():
        both = before.means(key), after.means(key)
        if both[0] != both[1]:
            rows.setdefault(homes.get(key) or both[1] or 0, Row()).links[key] = both
    return rows


def difference(old: Seen | None, new: Seen) -> Row:
    if old is None:
        return Row("created", {name: (None, value) for name, value in new.cells.items()})
    names = old.cells.keys() | new.cells.keys()
    pairs = {name: (old.cells.get(name), new.cells.get(name)) for name in names}
    born = "" if old.deleted == new.deleted else "deleted" if new.deleted else "restored"
    return Row(born, {name: both for name, both in pairs.items() if both[0] != both[1]})


def applied(world: World, backs: dict[int, Back]) -> World:
    """Return the state after ``backs`` were done to ``world``."""
    then = deepcopy(world)
    for id_, back in backs.items():
        account = then.accounts[id_]
        account.deleted = account.deleted if back.deleted is None else back.deleted
        for name, value in back.cells.items():
            account.cells.pop(name, None)
            account.cells |= {} if value is None else {name: value}
        for key, meant in back.links.items():
            then.links.pop(key, None)
            then.links |= {} if meant is None else {key: (meant, 0)}
    return then


def unlike(one: World, other: World) -> dict[Any, tuple[Any, Any]]:
    """Return where two states differ for people, who see neither versions nor who did it."""
    pairs = {
        (id_, name): (getattr(one.accounts[id_], name), getattr(other.accounts[id_], name))
        for id_ in one.accounts
        for name in ("deleted", "cells")
    }
    pairs |= {key: (one.means(key), other.means(key)) for key in {**one.links, **other.links}}
    pairs[()] = (set(one.accounts), set(other.accounts))
    return {place: both for place, both in pairs.items() if both[0] != both[1]}
