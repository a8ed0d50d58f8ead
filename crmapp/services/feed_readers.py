"""The port to the customers of a source: their columns, their rows by key, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Check, Cursor, Listed
from crmapp.domain.sheet_errors import is_error
from crmapp.domain.steps import as_text
from crmapp.i18n import N_, Text
from crmapp.services import sources
from crmapp.services.sources import SAMPLED, SourceColumn

Cells = Mapping[str, Any]
_GONE = N_("The column %(column)s is not there any more.")


@dataclass(frozen=True)
class FeedPage:
    """Rows as (key, cells), and where to go on after them; the key "" is a row without one.

    ``cursor`` is None after the last page of a reading that cannot be continued later.
    """

    rows: Sequence[tuple[str, Cells]]
    cursor: Cursor | None


class FeedReader(Protocol):
    """An open source.

    ``delta``: it can read only what changed since a cursor. ``deletions``: a reading without a
    cursor is of everything there is, and :meth:`read_ids` says what is gone; without it a row that
    does not come means nothing.

    Raises:
        ConnectorError, TableError: it cannot be read on; the message says why.
    """

    identity: tuple[str, str]
    delta: bool
    deletions: bool

    def names(self) -> Sequence[str]:
        """What the columns that a mapping may use are called; none is told as long as none is."""

    def columns(self, locale: str = "") -> Sequence[SourceColumn]:
        """The columns that a mapping may use, with samples."""

    def look(self, locale: str = "") -> tuple[Sequence[SourceColumn], Sequence[Cells]]:
        """The columns, and the rows that their samples are of, read before or not."""

    def read(self, cursor: Cursor | None = None) -> Iterator[FeedPage]:
        """The rows, all or those that changed since ``cursor``; a key may come several times."""

    def read_ids(self) -> Iterator[Sequence[str]]:
        """The keys of all rows, in pages; only for a source with ``deletions``."""


@dataclass(frozen=True)
class Column:
    """A column of an origin, in the reader's language."""

    name: str
    label: str


@dataclass(frozen=True)
class Cut:
    """A page of an origin: its rows, and where to go on after them.

    Of ``broken`` rows it is not known which cell belongs to which column: they have no key.
    """

    rows: Sequence[Cells]
    cursor: Cursor | None
    broken: Sequence[Cells] = ()


class Origin(Protocol):
    """What a kind of source opens: one table of the other side, whatever that calls it.

    ``delta`` and ``deletions`` are those of :class:`FeedReader`. ``key`` is the column by which
    the other side itself tells its rows apart, empty if it does not.

    Raises:
        ConnectorError, TableError: it cannot be read; the message says why.
    """

    @property
    def delta(self) -> bool: ...

    @property
    def deletions(self) -> bool: ...

    @property
    def key(self) -> str: ...

    def check(self) -> Check:
        """Look who we are there."""

    def objects(self) -> list[Listed]:
        """What could be read instead; empty where there is nothing to choose."""

    def columns(self, locale: str) -> Sequence[Column]:
        """The columns, in their order; none as long as there is nothing to read."""

    def missing(self, names: Sequence[str]) -> Sequence[str]:
        """Which of the columns ``names`` are not there, as far as can be told before reading."""

    def count(self) -> int | None:
        """How many rows there are; None where only reading them tells."""

    def cuts(self, names: Sequence[str], cursor: Cursor | None) -> Iterator[Cut]:
        """The rows with at least the columns ``names``; all of them if it is empty."""

    def first(self) -> Iterator[Cells]:
        """Rows to look at, whether they were read before or not."""

    def ids(self) -> Iterator[Sequence[str]]:
        """The values of ``key`` of all rows, in pages."""


@dataclass(frozen=True)
class Told:
    """What is set for a source. ``values`` are its settings; ``id`` is 0 of one that is tried."""

    id: int
    kind: str
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    object: str = ""
    key_column: str = ""
    company_column: str = ""
    stamp_column: str = ""


class SourceReader:
    """Reads an origin by the key that was chosen for the source."""

    def __init__(
        self, origin: Origin, told: Told, identity: tuple[str, str], only: Iterable[str] = ()
    ) -> None:
        self.identity = identity
        self.delta, self.deletions = origin.delta, origin.deletions
        self._origin = origin
        self._key, self._company = told.key_column or origin.key, told.company_column
        kept = (self._key, self._company, *only) if only else ()
        self._only = tuple(dict.fromkeys(name for name in kept if name))

    def names(self) -> list[str]:
        return [each.name for each in self._origin.columns("")]

    def columns(self, locale: str = "") -> list[SourceColumn]:
        return self.look(locale)[0]

    def look(self, locale: str = "") -> tuple[list[SourceColumn], list[Cells]]:
        rows = self.begin(SAMPLED)
        columns = [
            sources.column(each.name, each.label, [row.get(each.name) for row in rows])
            for each in self._origin.columns(locale)
        ]
        return columns, rows

    def begin(self, most: int) -> list[Cells]:
        """Return the first rows, with every column."""
        return list(islice(self._origin.first(), most))

    def read(self, cursor: Cursor | None = None) -> Iterator[FeedPage]:
        self._check_columns()
        for cut in self._origin.cuts(self._only, cursor):
            rows = [(self._key_of(cells), cells) for cells in cut.rows]
            yield FeedPage([*rows, *(("", cells) for cells in cut.broken)], cut.cursor)

    def read_ids(self) -> Iterator[Sequence[str]]:
        if self._key == self._origin.key and not self._company:
            yield from self._origin.ids()
            return
        self._check_columns()
        needed = [name for name in (self._key, self._company) if name]
        for cut in self._origin.cuts(needed, None):
            yield [key for cells in cut.rows if (key := self._key_of(cells))]

    def _key_of(self, cells: Cells) -> str:
        """The key; where rows are of several companies, a number may be there once in each."""
        key = as_text(cells.get(self._key)).strip()
        if is_error(key):
            return ""
        company = as_text(cells.get(self._company)).strip() if self._company else ""
        return f"{company}/{key}" if key and company else key

    def _check_columns(self) -> None:
        """Refuse to read rows that all would be without a key.

        Raises:
            ConfigBroken: a column that was chosen is gone.
        """
        for name in self._origin.missing([self._key, self._company, *self._only]):
            if name:
                raise ConfigBroken(Text(_GONE, {"column": name}), field=name)
