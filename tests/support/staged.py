"""A source that is read page by page, once and in any order, as a file or a page of an API."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmapp.models import User
from crmapp.services import sources
from crmapp.services.sources import Page, SourceColumn, Wrong
from crmapp.services.staged_rows import StagedRows

KIND = "staged"
Row = tuple[str, dict[str, Any]]


@dataclass
class Tape:
    """What comes, page by page; ``before`` is asked before each page, with its number.

    Only one that can be wound goes on where it was left. ``read`` lists the pages that came.
    """

    pages: Sequence[Sequence[Row]]
    winds: bool = True
    before: Callable[[int], object] = lambda _number: None
    wrong: Mapping[int, Wrong] = field(default_factory=dict)
    read: list[int] = field(default_factory=list)
    closed: int = 0

    def stage(self, _kept: Mapping[str, Any], place: Any) -> Generator[Page, None, None]:
        try:
            for number in range(place or 0, len(self.pages)):
                self.before(number)
                self.read.append(number)
                yield Page(self.pages[number], number + 1 if self.winds else None, self.wrong)
        finally:
            self.closed += 1


class TapeSource(StagedRows):
    """The rows that came, with the columns of the made-up customers."""

    def columns(self, locale: str = "") -> list[SourceColumn]:
        return [SourceColumn(name, name.title()) for name in ("code", "name", "phone")]


def register(tape: Tape) -> dict[str, Any]:
    """Make ``tape`` known; return what a run keeps of it."""

    def open_(kept: Mapping[str, Any], _by: User) -> TapeSource:
        return TapeSource(kept)

    sources.register(KIND, open_, stage=tape.stage)
    return {"kind": KIND, "identity": ["test", "customers"], "origin": {"kind": "test"}}


def customers(first: int, last: int, **more: Any) -> list[Row]:
    """Make customers, the last one first."""
    return [
        (f"K{n}", {"code": f"C{n}", "name": f"Customer {n}", "phone": "555 123", **more})
        for n in range(last, first - 1, -1)
    ]
