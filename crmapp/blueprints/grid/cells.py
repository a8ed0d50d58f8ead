"""The pieces of a grid's table: heads, cells and lines, written out."""

from __future__ import annotations

from dataclasses import dataclass

from crmapp.analytics.columns import Column
from crmapp.blueprints.grid.numbers import MINUS, NOTHING


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column's header: its words, the link that sorts by it, and how it is sorted now."""

    column: Column
    text: str
    href: str
    state: str
    title: bool
    aside: bool

    @property
    def id(self) -> str:
        return f"grid-sort-{self.column.name.replace('.', '-').replace('_', '-')}"


@dataclass(frozen=True)
class Cell:
    """A value written out; ``css`` are its classes.

    ``behind`` is the address of the transactions behind it. Of a row's numbers one is ``main``: it
    alone is a stop for the keyboard, and its transactions lead on to those of the others.
    ``trend`` are the points of a small line beside the number, as SVG writes them.
    """

    text: str
    css: str = ""
    title: bool = False
    varies: bool = False
    behind: str = ""
    main: bool = False
    trend: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the grid; ``id`` is stable, so that the focus stays when it is swapped."""

    key: str
    id: str
    name: str
    selected: bool
    cells: list[Cell]


def css_of(text: str, numeric: bool, aside: bool) -> str:
    """The classes of a cell."""
    if not numeric:
        return "aside" if aside else ""
    number = {NOTHING: "num nil", MINUS: "num neg"}.get(text[0], "num")
    return f"{number} aside" if aside else number
