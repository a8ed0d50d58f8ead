"""What steps did to records, seen from outside, and what the world is like once one is taken back.

It compares what the tables hold before and after each step, and never looks into the change log.
A place is a field of a record, ``deleted`` (whether it is gone), or what an external id means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tests.support.change_log import World
from tests.support.hands import Hands

Place = tuple[str, Any, str]
Places = dict[Place, Any]
Record = tuple[str, Any]
GONE = "deleted"
HOME = "account_id"
_ATTACHED = ("activity", "attachment", "contact")
_GIVEN = {"owner_id", "team_id"}


def places_of(world: World) -> Places:
    """Return what all places hold; a record holds nothing where no place is."""
    found: Places = {("link", key, "account"): world.means(key) for key in world.links}
    for record, seen in world.records.items():
        found |= {(*record, name): value for name, value in seen.cells.items()}
        found[(*record, GONE)] = seen.deleted
    return found


def unlike(one: Places, other: Places) -> dict[Place, tuple[Any, Any]]:
    """Return where two worlds differ for people, who see neither versions nor who did it."""
    pairs = {place: (one.get(place), other.get(place)) for place in {**one, **other}}
    return {place: both for place, both in pairs.items() if both[0] != both[1]}


@dataclass
class Step:
    """What one step did: place → (before, after); ``homes`` say whose row a link belongs to."""

    number: int
    run: int | None
    places: dict[Place, tuple[Any, Any]]
    homes: dict[Place, Record]

    def records(self) -> list[Record]:
        """Return the records that it touched, in the order in which runs write."""
        found = {place[:2] for place in self.places if place[0] != "link"}
        return sorted({*found, *self.homes.values()})

    def moved(self, record: Record) -> bool:
        """Whether it gave a record to another account, and did no more than change it."""
        return (*record, HOME) in self.places and (*record, GONE) not in self.places


@dataclass
class Past:
    """All steps so far, and for each place whose value it had after each of them."""

    now: Places
    steps: list[Step] = field(default_factory=list)
    hands: Hands = field(default_factory=Hands)
    edited: dict[Record, int] = field(default_factory=dict)
    """Record → the last step in which a person changed it."""
    touched: dict[Record, int] = field(default_factory=dict)

    def note(self, after: Places, run: int | None = None, undoes: Step | None = None) -> Step:
        """Take down what the last step did; without a ``run`` a person did it."""
        changed = unlike(self.now, after)
        known = undoes.homes if undoes else {}
        homes = {
            place: known.get(place, ("account", both[1] or both[0]))
            for place, both in changed.items()
            if place[0] == "link"
        }
        step = Step(len(self.steps) + 1, run, changed, homes)
        for place in changed:
            self.hands.take(place, step.number, undoes.number if undoes else None)
        self.touched |= dict.fromkeys(step.records(), step.number)
        if run is None:
            self.edited |= dict.fromkeys(step.records(), step.number)
        self.steps.append(step)
        self.now = after
        return step

    def stands(self, place: Place, step: Step) -> bool:
        """Whether ``place`` is as ``step`` left it, and nobody touched it since."""
        return self.hands.stands(place, step.number)

    def taken_back(
        self, step: Step, *, skipped: Collection[int], hers: Callable[[int], bool]
    ) -> Places:
        """Say what the places hold once the step was taken back.

        ``skipped`` are accounts whose numbers are taken; ``hers`` are those that whoever takes it
        back may change.
        """
        expected = dict(self.now)
        done = {
            record
            for record in step.records()
            if not (record[0] == "account" and record[1] in skipped)
            and self._back(step, record, expected, hers)
        }
        for place, home in step.homes.items():
            if home in done and self.stands(place, step):
                expected[place] = step.places[place][0]
        return expected

    def _back(
        self, step: Step, record: Record, expected: Places, hers: Callable[[int], bool]
    ) -> bool:
        """Take back what the step did to a record; say whether that was possible at all."""
        own = {p[2]: both for p, both in step.places.items() if p[:2] == record}
        life = own.pop(GONE, None)
        back = {n: both[0] for n, both in own.items() if self.stands((*record, n), step)}
        if life is None:
            given = not _GIVEN.isdisjoint(back)
            if self.now[(*record, GONE)] or not (given or self._is_hers(record, hers)):
                return False
        elif not self.stands((*record, GONE), step) or self._is_used(record, step, life):
            return False
        home = back.get(HOME)
        if record[0] in _ATTACHED and home is not None and expected["account", home, GONE]:
            return False
        if life is not None:
            expected[(*record, GONE)] = not life[1]
        if life is None or life[0] is not None:
            expected |= {(*record, name): value for name, value in back.items()}
        return True

    def _is_hers(self, record: Record, hers: Callable[[int], bool]) -> bool:
        return record[0] != "account" or hers(record[1])

    def _is_used(self, record: Record, step: Step, life: tuple[Any, Any]) -> bool:
        """Whether people have changed a record since it came, or added to it."""
        restored, died = life[0] is not None, life[1]
        if died:
            return False
        if self.edited.get(record, 0) > step.number:
            return True
        homes = [p[:2] for p, v in self.now.items() if p[2] == HOME and v == record[1]]
        return record[0] == "account" and any(
            not self.now[(*each, GONE)]
            and not step.moved(each)
            and (not restored or self.touched.get(each, 0) >= step.number)
            for each in homes
        )
