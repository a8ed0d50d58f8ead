"""What sources are read from: a dimension of a dataset, or an object of another system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmapp.analytics.columns import property_columns
from crmapp.analytics.dataset import MISSING
from crmapp.analytics.engine import Engine, Row
from crmapp.analytics.query import Question
from crmapp.connectors.errors import ConfigBroken, Retryable
from crmapp.connectors.port import (
    Catalogue,
    Check,
    Cursor,
    Description,
    Listed,
    Reader,
    RemoteKind,
)
from crmapp.errors import DatasetError, Invalid, NotFound, Unavailable
from crmapp.services import datasets
from crmapp.services.feed_readers import Cells, Column, Cut

PAGE = 1000
MOST_COLUMNS = 200
"""So many columns are read of another system at most, where a mapping does not say which."""
_PARTS_SAY_MORE = frozenset({RemoteKind.ADDRESS, RemoteKind.LOCATION})


class DimensionOrigin:
    """The entities of a dimension in the newest snapshot, with their properties."""

    delta = False
    deletions = True

    def __init__(self, dataset: str, dimension: str) -> None:
        try:
            self._engine: Engine = datasets.engine_for(dataset)
            self._shape = self._engine.dataset.dimension(dimension)
        except (NotFound, DatasetError, Invalid) as error:
            raise ConfigBroken(error.message, field=f"{dataset}/{dimension}") from error
        self.key = self._shape.key
        asked = {"period": "total", "activity": "all"}
        self._question = Question.from_args(self._engine.dataset, dimension, asked)

    def check(self) -> Check:
        return Check(self._engine.dataset.label.text(), "", self._engine.snapshot)

    def objects(self) -> list[Listed]:
        return []

    def columns(self, locale: str) -> list[Column]:
        return [
            Column(each.name, each.label.text(locale)) for each in property_columns(self._shape)
        ]

    def missing(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in self._shape.properties]

    def count(self) -> int:
        return self._engine.count(self._question)

    def cuts(self, names: Sequence[str], cursor: Cursor | None) -> Iterator[Cut]:
        properties = tuple(self._shape.properties)
        for rows in self._pages():
            cells = [
                {**{name: row.values[name] for name in properties}, self.key: row.key}
                for row in rows
                if not row.missing
            ]
            yield Cut(cells, None)

    def first(self) -> Iterator[Cells]:
        return (row for cut in self.cuts((), None) for row in cut.rows)

    def ids(self) -> Iterator[Sequence[str]]:
        for rows in self._pages():
            yield [row.key for row in rows if row.key != MISSING]

    def _pages(self) -> Iterator[list[Row]]:
        after: str | None = None
        try:
            while rows := self._next(after):
                after = rows[-1].key
                yield rows
        except Unavailable as error:
            raise Retryable(error.message) from error

    def _next(self, after: str | None) -> list[Row]:
        return self._engine.rows(self._question, after=after, limit=PAGE, going_on=True)


class RemoteOrigin:
    """An object of another system, through the port of connectors."""

    deletions = True

    def __init__(
        self,
        reader: Reader,
        object: str,
        *,
        tables: Catalogue | None = None,
        counts: bool = True,
    ) -> None:
        self._reader, self._object, self._tables, self._counts = reader, object, tables, counts
        self.delta = reader.capabilities.delta
        self._known: Description | None = None

    @property
    def key(self) -> str:
        fields = self._described.fields
        return next((each.name for each in fields if each.kind is RemoteKind.ID), "")

    @property
    def _described(self) -> Description:
        if self._known is None:
            self._known = self._reader.describe(self._object)
        return self._known

    def check(self) -> Check:
        return self._reader.check()

    def objects(self) -> list[Listed]:
        return self._tables.objects() if self._tables else []

    def columns(self, locale: str) -> list[Column]:
        found = [each for each in self._described.fields if each.kind not in _PARTS_SAY_MORE]
        first = [each for each in found if each.name == self.key]
        rest = [each for each in found if each.name != self.key]
        return [Column(each.name, each.called) for each in (*first, *rest)][:MOST_COLUMNS]

    def missing(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if self._described.field(name) is None]

    def count(self) -> int | None:
        return self._reader.count(self._object) if self._counts else None

    def cuts(self, names: Sequence[str], cursor: Cursor | None) -> Iterator[Cut]:
        chosen = names or [each.name for each in self.columns("")]
        for page in self._reader.read(self._object, chosen, cursor):
            yield Cut(page.records, page.cursor)

    def first(self) -> Iterator[Cells]:
        return (row for cut in self.cuts((), None) for row in cut.rows)

    def ids(self) -> Iterator[Sequence[str]]:
        return self._reader.read_ids(self._object)
