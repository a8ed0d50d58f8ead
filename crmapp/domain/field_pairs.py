"""Which fields of the two systems look as if they were meant for each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from crmapp.domain.field_checks import Shapes, needs_lookup
from crmapp.domain.field_fit import fit
from crmapp.domain.field_rules import Rules, Shape, Side, Sync
from crmapp.domain.search import fold

ALIKE = 0.86
"""How alike two names have to be, from 0 to 1."""
_GAPS = re.compile(r"[^a-z0-9]+")
_NOISE = frozenset({"c", "s", "crm", "nsp", "ia", "account", "customer", "sf", "intacct"})


@dataclass(frozen=True)
class Pair:
    """Two fields that fit, in the direction in which they do; ``score`` is at most 1."""

    intacct: Shape
    salesforce: Shape
    sync: Sync
    score: float


def suggest(rules: Rules, shapes: Shapes, most: int = 8) -> list[Pair]:
    """Suggest pairs of fields that no row has yet, the best first, each field once."""
    taken = {side: {rule.name(side) for rule in rules} for side in Side}
    free = {
        side: [(each, _words(each)) for each in _open(shapes, side, taken[side])] for side in Side
    }
    ideas = [
        Pair(one, other, sync, score)
        for one, words in free[Side.INTACCT]
        for other, others in free[Side.SALESFORCE]
        if (score := _alike(words, others)) >= ALIKE
        and not needs_lookup(other)  # whose records have an Intacct ID only people know
        and (sync := direction(one, other))
    ]
    ideas.sort(key=lambda pair: (-pair.score, pair.intacct.name, pair.salesforce.name))
    return list(_once(ideas))[:most]


def direction(intacct: Shape, salesforce: Shape) -> Sync | None:
    """Return from where to where two fields could go, rather from Intacct; None for no way."""
    if fit(intacct, salesforce, Side.SALESFORCE).problem is None:
        return Sync.FROM
    return Sync.TO if fit(salesforce, intacct, Side.INTACCT).problem is None else None


def _open(shapes: Shapes, side: Side, taken: Iterable[str]) -> Iterator[Shape]:
    used = set(taken)
    return (each for name, each in shapes.of(side).items() if name not in used)


def _words(shape: Shape) -> tuple[str, ...]:
    """Return the field's label and its name as plain words, without what says nothing."""
    said = (shape.label, shape.name.rpartition("__c")[0] or shape.name)
    parts = ([word for word in _GAPS.split(fold(each)) if word not in _NOISE] for each in said)
    return tuple(dict.fromkeys("".join(words) for words in parts if any(words)))


def _alike(words: Iterable[str], others: Iterable[str]) -> float:
    return max((_ratio(one, other) for one in words for other in others), default=0.0)


def _ratio(one: str, other: str) -> float:
    if one == other:
        return 1.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()


def _once(ideas: Iterable[Pair]) -> Iterator[Pair]:
    used: set[tuple[Side, str]] = set()
    for pair in ideas:
        names = {(Side.INTACCT, pair.intacct.name), (Side.SALESFORCE, pair.salesforce.name)}
        if not used & names:
            used |= names
            yield pair
