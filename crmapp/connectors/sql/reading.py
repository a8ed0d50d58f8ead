"""Reading a table in pages by its key, or what changed of it by its stamp and key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, null, or_, select

from crmapp.connectors.cursors import LOOK_BACK
from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Cursor, Page, Record, RemoteKind
from crmapp.connectors.sql import ages
from crmapp.connectors.sql.line import Line
from crmapp.connectors.sql.tables import Column, Table
from crmapp.connectors.sql.values import column_from_sql, earlier, found, kept, key_of, not_after
from crmapp.domain.search import fold
from crmapp.i18n import N_, Text

Values = Sequence[Any]


@dataclass(frozen=True)
class SqlPlace:
    """A place in a reading.

    ``key`` and ``stamp`` are of the first row that was not given out yet, so that rows that share
    a key, or that the database takes for equal ("a" and "A"), are never lost between two pages;
    ``beyond`` says that all rows of this place were given out. ``keyless`` says that only rows
    without a key are left. ``begun`` is the latest stamp there was when the reading began: the
    time by the database's own clock.
    """

    since: Any = None
    begun: Any = None
    stamp: Any = None
    key: Any = None
    beyond: bool = False
    keyless: bool = False

    @classmethod
    def of(cls, cursor: Cursor | None) -> SqlPlace:
        return cls(**{name: found(value) for name, value in (cursor or {}).items()})

    def cursor(self) -> Cursor:
        """Return the cursor that continues this reading."""
        return {name: kept(getattr(self, name)) for name in self.__dataclass_fields__}

    @property
    def is_beginning(self) -> bool:
        return self.key is None and not self.keyless


Part = tuple[Sequence[Values], SqlPlace]
"""Rows, and the place after them."""


class Reading:
    """Reads some columns of one table."""

    def __init__(self, line: Line, table: Table, fields: Sequence[str], stamp: str, size: int):
        self._line = line
        self._table = table
        self._key = table.column(key_column(table))
        self._stamp = table.column(stamp) if stamp else None
        first = (self._key.name, stamp) if stamp else (self._key.name,)
        self._columns = [table.column(name) for name in dict.fromkeys((*first, *fields))]
        self._size = size

    def pages(self, cursor: Cursor | None) -> Iterator[Page]:
        """Give out the records in pages, and last of all how to go on another time."""
        place = SqlPlace.of(cursor)
        if place.is_beginning:
            place = replace(place, begun=self._latest())
        for rows, after in self._parts(place):
            yield Page(self._records(rows), after.cursor())
        yield Page((), self._finished(place.begun))

    def ids(self) -> Iterator[list[str]]:
        """Give out the keys of all rows in pages."""
        for rows, _ in self._parts(SqlPlace()):
            keys = dict.fromkeys(key_of(row[0]) for row in rows)
            if once := [key for key in keys if key is not None]:
                yield once

    def _parts(self, place: SqlPlace) -> Iterator[Part]:
        while not place.keyless:
            rows = self._page(place)
            if len(rows) <= self._size:
                place = replace(place, stamp=None, key=None, beyond=False, keyless=True)
                yield rows, place
                break
            count, before = self._surely(place, rows), place
            place = self._at(place, rows[count])
            if count and place != before:
                yield rows[:count], place
            else:  # more rows share this place than a page has
                yield from self._streamed(self._asked(place).where(self._is_at(place)), place)
                place = replace(place, beyond=True)
        if self._key.nullable:
            yield from self._streamed(self._asked(place).where(self._key_of.is_(None)), place)

    def _page(self, place: SqlPlace) -> Sequence[Values]:
        """Return the rows from a place on: one more than a page has, if there are so many."""
        asked = self._asked(place).where(self._is_from(place)).order_by(*self._order(place))
        with self._line.open(self._table.object) as connection:
            return connection.execute(asked.limit(self._size + 1)).fetchall()

    def _streamed(self, asked: Select[Any], place: SqlPlace) -> Iterator[Part]:
        """Give out rows that nothing tells apart: a reading that is continued reads all again."""
        for rows in self._line.stream(self._table.object, asked, self._size):
            yield rows, place

    def _asked(self, place: SqlPlace) -> Select[Any]:
        asked = select(*map(self._of, self._columns)).select_from(self._table.source)
        if place.since is None:
            return asked
        return asked.where(self._stamp_of >= place.since, self._has_stamp)

    def _of(self, column: Column) -> ColumnElement[Any]:
        return self._table.source.c[column.name]

    @property
    def _key_of(self) -> ColumnElement[Any]:
        return self._of(self._key)

    @property
    def _stamp_of(self) -> ColumnElement[Any]:
        return self._of(self._stamp) if self._stamp else null()

    @property
    def _has_stamp(self) -> ColumnElement[bool]:
        kind = self._stamp.field.kind if self._stamp else RemoteKind.OTHER
        return ages.is_ours(self._stamp_of, kind, self._line.kind)

    def _order(self, place: SqlPlace) -> tuple[ColumnElement[Any], ...]:
        return (self._key_of,) if place.since is None else (self._stamp_of, self._key_of)

    def _is_from(self, place: SqlPlace) -> ColumnElement[bool]:
        key, stamp = self._key_of, self._stamp_of
        if place.key is None:
            return key.is_not(None)
        from_here: ColumnElement[bool] = key > place.key if place.beyond else key >= place.key
        if place.since is None:
            return from_here
        # The first half alone would do; it lets an index on the stamp be used.
        return and_(stamp >= place.stamp, key.is_not(None), or_(stamp > place.stamp, from_here))

    def _is_at(self, place: SqlPlace) -> ColumnElement[bool]:
        here: ColumnElement[bool] = self._key_of == place.key
        return here if place.since is None else and_(self._stamp_of == place.stamp, here)

    def _at(self, place: SqlPlace, row: Values) -> SqlPlace:
        stamp = None if place.since is None else row[1]
        return replace(place, key=row[0], stamp=stamp, beyond=False)

    def _surely(self, place: SqlPlace, rows: Sequence[Values]) -> int:
        """Return how many rows stand before those that share the last one's place."""
        here = self._folded(place, rows[-1])
        alike = takewhile(lambda row: self._folded(place, row) == here, reversed(rows))
        return len(rows) - sum(1 for _ in alike)

    @staticmethod
    def _folded(place: SqlPlace, row: Values) -> Any:
        """Return the place of a row, the same for all that a database may take for equal."""
        key = _folded(row[0])
        return key if place.since is None else (key, _folded(row[1]))

    def _latest(self) -> Any:
        """Return the latest stamp there is, None if there are no stamps."""
        if self._stamp is None:
            return None
        with self._line.open(self._table.object) as connection:
            latest = connection.scalar(select(func.max(self._stamp_of)).where(self._has_stamp))
        if latest is None:
            return None
        latest = not_after(latest, datetime.now(UTC), self._stamp.zone)
        earlier(latest, LOOK_BACK, self._stamp.name)  # it can be told what is before it
        return latest

    def _finished(self, begun: Any) -> Cursor | None:
        if self._stamp is None:
            return None
        if begun is None:
            return SqlPlace().cursor()
        return SqlPlace(since=earlier(begun, LOOK_BACK, self._stamp.name)).cursor()

    def _records(self, rows: Sequence[Values]) -> tuple[Record, ...]:
        """Return rows as records, made column by column: each value would take twice the time."""
        names = [each.name for each in self._columns]
        columns = map(self._cells, self._columns, zip(*rows, strict=True))
        return tuple(dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True))

    def _cells(self, column: Column, values: Sequence[Any]) -> Sequence[Any]:
        if column is self._key:
            return [*map(key_of, values)]
        return column_from_sql(values, column.field.kind, column.zone)


def key_column(table: Table) -> str:
    """Return the column that rows are known by.

    Raises:
        ConfigBroken: there is none.
    """
    if not table.key:
        raise ConfigBroken(
            Text(
                N_("%(object)s has no primary key of one column. Choose its key column."),
                {"object": table.object},
            ),
            field=table.object,
        )
    return table.key


def _folded(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value
