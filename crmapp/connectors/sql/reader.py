"""A database as the port asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from sqlalchemy import func, not_, or_, select

from crmapp.connectors.port import Capabilities, Check, Cursor, Description, Listed, Page
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql import ages, tables
from crmapp.connectors.sql.line import PATIENCE, Line
from crmapp.connectors.sql.reading import Reading
from crmapp.connectors.sql.settings import TESTED, SqlSettings
from crmapp.patience import Patience

PAGE = 5000
UNTESTED, STAMPS_EMPTY = "untested", "stamps_empty"
"""Notes of a check: this kind of database is used untested; rows without a stamp are read only when
everything is."""


class SqlReader:
    """Reads tables and views, or the query that the settings hold. It is a context that closes it.

    ``page`` is how many records a page has at most. ``patience`` is with each question; give less
    where somebody waits for a page of the browser.
    """

    def __init__(
        self,
        settings: SqlSettings,
        reach: SourceReach,
        *,
        patience: Patience = PATIENCE,
        page: int = PAGE,
    ) -> None:
        self._settings = settings
        self._line = Line(settings, reach, patience)
        self._page = page
        self.capabilities = Capabilities(delta=bool(settings.stamp), max_batch=0, concurrency=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._line.close()

    def check(self) -> Check:
        if self._settings.query:
            tables.checked(self._settings.query, self._line.kind)
        with self._line.open() as connection:
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
        url = self._line.url
        notes = () if self._line.kind in TESTED else (UNTESTED,)
        return Check(
            organisation=url.database or url.host or "",
            user=url.username or "",
            version=f"{self._line.kind} {version}".strip(),
            notes=notes,
        )

    def notes(self, object: str) -> tuple[str, ...]:
        """Return codes of what is worth a word about how ``object`` will be read."""
        if not self._settings.stamp:
            return ()
        table = self._table(object)
        with self._line.open(object) as connection:
            stamp = table.source.c[self._settings.stamp]
            kind = table.column(self._settings.stamp).field.kind
            lacks = or_(stamp.is_(None), not_(ages.is_ours(stamp, kind, self._line.kind)))
            empty = connection.execute(select(stamp).where(lacks).limit(1)).first()
        return () if empty is None else (STAMPS_EMPTY,)

    def objects(self) -> list[Listed]:
        if self._settings.query:
            return [Listed(tables.QUERY, tables.QUERY)]
        with self._line.open() as connection:
            return list(tables.objects(connection))

    def describe(self, object: str) -> Description:
        """Return what ``object`` consists of; without a key as long as none is chosen or known."""
        return self._table(object).description()

    def count(self, object: str) -> int:
        table = self._table(object)
        with self._line.open(object) as connection:
            counted = select(func.count()).select_from(table.source)
            return int(connection.scalar(counted) or 0)

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        yield from self._reading(object, fields, self._settings.stamp).pages(cursor)

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        yield from self._reading(object, (), "").ids()

    def _reading(self, object: str, fields: Sequence[str], stamp: str) -> Reading:
        return Reading(self._line, self._table(object), fields, stamp, self._page)

    def _table(self, object: str) -> tables.Table:
        with self._line.open(object) as connection:
            return tables.found(connection, self._settings, object)
