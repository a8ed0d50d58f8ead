"""The columns of a matrix: the entities of another dimension, the largest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from crmapp.analytics.dataset import MISSING, Dimension, Label


@dataclass(frozen=True)
class Across:
    """Who has a column: ids and titles. ``others``: how many more there are, in one column."""

    ids: tuple[int, ...] = ()
    titles: tuple[Label, ...] = ()
    others: int = 0

    @classmethod
    def read(cls, shape: Dimension, lines: Iterable[tuple[Any, ...]]) -> Self:
        """Read lines of id, key, title and the number of all entities."""
        found = list(lines)
        return cls(
            ids=tuple(line[0] for line in found),
            titles=tuple(_title(shape, key, title) for _, key, title, _ in found),
            others=found[0][3] - len(found) if found else 0,
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the columns: ``c1``, ``c2`` …, ``other`` if there are more, ``total``."""
        named = (f"c{n}" for n in range(1, len(self.ids) + 1))
        return (*named, *(("other",) if self.others else ()), "total")


NOTHING_ACROSS = Across()


def _title(shape: Dimension, key: str, title: str) -> Label:
    if key == MISSING and shape.missing is not None:
        return shape.missing
    return Label(title, title)
