"""Numbers that go from account to account: who can have which, and in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Key = tuple[str, str]
"""An ERP company and a number there: one living account has it at a time."""


class Move(NamedTuple):
    """What a write does to the number of an account: what it has before and after, if any."""

    account: int | None
    before: Key | None = None
    after: Key | None = None

    def frees(self, held: Mapping[Key, int]) -> Key | None:
        """Return the number that it frees for another one; ``held`` says who has those."""
        if self.before is None or self.before == self.after:
            return None
        return self.before if held.get(self.before) == self.account else None


def refused(moves: Sequence[Move], held: Mapping[Key, int]) -> set[int]:
    """Return the places of the moves that cannot be made, if all others are made at once.

    ``held`` says which living account has each number that is wanted.
    """
    leaving = {key for move in moves if (key := move.frees(held))}
    gets: dict[Key, int] = {}
    left = []
    for n, (account, before, after) in enumerate(moves):
        if after is None or after == before:
            continue
        taken = after in gets or (held.get(after, account) != account and after not in leaving)
        if taken:
            left.append(n)
        else:
            gets[after] = n
    found = set(left)
    while left:  # who cannot go keeps its number, so that nobody else gets that
        before = moves[left.pop()].before
        behind = gets.get(before) if before else None
        if behind is not None and behind not in found:
            found.add(behind)
            left.append(behind)
    return found


class Order(NamedTuple):
    """In which order rows take over each other's numbers, and which never can."""

    rows: Sequence[int]
    refused: frozenset[int]


def order(wants: Mapping[int, int | None], longest_ring: int) -> Order:
    """Put rows behind those whose numbers they take over, and those of a ring side by side.

    ``wants`` is row → the row that gives its number up, or ``None`` if nobody does. A ring is
    written at once, so that one longer than ``longest_ring`` cannot be.
    """
    rows: dict[int, None] = {}
    never: set[int] = set()
    for start in wants:
        path: dict[int, None] = {}
        at: int | None = start
        while (
            at is not None and at in wants and not any(at in each for each in (path, rows, never))
        ):
            path[at] = None
            at = wants[at]
        ring = len(path) - list(path).index(at) if at in path else 0
        if at is None or at in never or ring > longest_ring:
            never |= path.keys()
        else:
            rows |= dict.fromkeys(reversed(path))
    return Order(list(rows), frozenset(never))
