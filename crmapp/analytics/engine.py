"""The port to whatever answers questions, and the values it answers with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import NamedTuple, Protocol

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import MISSING, Dataset
from crmapp.analytics.query import Number, Question, Selection
from crmapp.analytics.ranges import Calendar
from crmapp.analytics.transactions import Transactions

Value = str | int | float | Decimal | date | None
Selections = Mapping[int, Selection]
Restriction = Collection[str] | None
"""The keys of the accounts that a reader may see, None for all; an empty one shows nothing."""


class Row(NamedTuple):
    """One entity: its key, and its values by column name. It is a tuple because there are many.

    ``varies`` names the properties that had several values; the latest by date is shown.
    """

    key: str
    values: Mapping[str, Value]
    varies: frozenset[str] = frozenset()
    selected: bool = False

    @property
    def missing(self) -> bool:
        """Whether this stands for the facts without a key (see ``Dimension.missing``)."""
        return self.key == MISSING


@dataclass(frozen=True, eq=False)
class Answer:
    """One page of a grid.

    ``totals`` and ``count`` are of all entities that match, not of the page. ``selected`` counts
    the marked selection's entities, on this page or not. ``snapshot`` names what was asked,
    ``dataset`` is what it says about itself. An answer equals only itself; one that an engine
    remembers is the same each time, so that what was made of it can be kept under it.
    """

    question: Question
    dataset: Dataset
    snapshot: str
    calendar: Calendar
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Mapping[str, Value]
    count: int
    selected: int = 0

    @property
    def pages(self) -> int:
        return max(1, ceil(self.count / self.question.size))

    @property
    def varying(self) -> int:
        """How many rows of the page have a shown property that varies."""
        return sum(bool(row.varies & set(self.question.properties)) for row in self.rows)


class Engine(Protocol):
    """Answers questions about one snapshot of one dataset.

    ``selections`` holds every selection that a question refers to, by id. Every method raises
    ``Unavailable`` when the question takes too long or too much memory, ``Invalid`` or ``NotFound``
    when it refers to a selection that does not fit; any of them with a sentence for people.
    """

    dataset: Dataset
    calendar: Calendar
    snapshot: str

    def answer(
        self, question: Question, *, restriction: Restriction = None, selections: Selections = ...
    ) -> Answer:
        """One page, with totals and count over everything that matches."""
        ...

    def each(
        self,
        question: Question,
        count: int,
        *,
        seconds: float,
        restriction: Restriction = None,
        selections: Selections = ...,
    ) -> Iterator[list[Row]]:
        """Everything that matches, ``count`` rows, in the order of the pages and bunch by bunch.

        It may take ``seconds`` altogether. Memory does not grow with the rows.
        """
        ...

    def count(
        self,
        question: Question,
        *,
        selection: Selection | None = None,
        restriction: Restriction = None,
        selections: Selections = ...,
    ) -> int:
        """How many entities :meth:`rows` goes through."""
        ...

    def rows(
        self,
        question: Question,
        *,
        selection: Selection | None = None,
        restriction: Restriction = None,
        selections: Selections = ...,
        after: str | None = None,
        limit: int = 1000,
        going_on: bool = False,
    ) -> list[Row]:
        """Entities in the order of their keys from the one behind ``after`` on, at most ``limit``.

        If they are wide they are fewer, but at least one. For who is ``going_on`` to ask for those
        behind them more are found at once; the engine holds those of the last who did.
        A selection decides by itself which entities; without one it is all that the question
        matches. A row has every property of the dimension and the asked measures; of a matrix, its
        totals.
        """
        ...

    def transactions(
        self,
        question: Question,
        number: Number,
        *,
        page: int = 1,
        size: int = 50,
        restriction: Restriction = None,
        selections: Selections = ...,
    ) -> Transactions:
        """The facts behind a number of the grid, newest first, and what they add up to."""
        ...

    def days(
        self, selection: Selection, measure: str, by: str, *, restriction: Restriction = None
    ) -> Mapping[str, Sequence[date]]:
        """The days on which a selection's entities bought, in their order, by another dimension.

        They bought if the measure is above zero: a day on which they only sent back is none.
        """
        ...

    def among(
        self,
        selection: Selection,
        keys: Sequence[str],
        *,
        restriction: Restriction = None,
        selections: Selections = ...,
    ) -> frozenset[str]:
        """Which of the keys a selection holds."""
        ...

    def columns(self, dimension: str) -> tuple[Column, ...]:
        """The columns of a dimension's properties."""
        ...
