"""Statements that are made once: to make one often takes longer than to carry it out.

A small one is carried out on SQLite without the library, which takes five times as long to hand it
over and to read its answer as the database takes to find that.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CompoundSelect, Dialect, Select

from crmapp.db.session import connection
from crmapp.memory import Memory

Query = Select[*tuple[Any, ...]]
Statement = Query | CompoundSelect[*tuple[Any, ...]]


class Ready:
    """A statement that reads, ready to be carried out again and again."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._plain: _Plain | None = None

    def rows(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return its rows, whose columns are attributes.

        What goes wrong is the library's to tell: it carries the statement out once more.
        """
        here = connection()
        if here.dialect.name == "sqlite":
            if self._plain is None:
                self._plain = _Plain(self._statement, here.dialect)
            driver = here.connection.driver_connection
            try:
                if driver is not None and self._plain.possible:
                    return self._plain.rows(driver, values)
            except sqlite3.Error:
                pass
        return here.execute(self._statement, values).all()


class _Plain:
    """A statement as SQLite's driver takes it, and what its values and its answer need.

    One with lists among its values is another one for each number of them, and not possible.
    """

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self.possible = "POSTCOMPILE" not in self._sql
        binds = [(name, compiled.binds[name]) for name in compiled.positiontup or ()]
        self._values = [
            (name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds
        ]
        self._known = {name: bind.effective_value for name, bind in binds if not bind.required}
        columns = list(statement.selected_columns)
        of = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]
        self._answers = [(at, process) for at, process in enumerate(of) if process]
        names = [str(each.key or "") for each in columns]
        self._named = cast(Any, namedtuple("Row", names, rename=True))._make

    def rows(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> list[Any]:
        known = {**self._known, **values}
        given = [process(known[n]) if process else known[n] for n, process in self._values]
        found = driver.execute(self._sql, given).fetchall()
        if self._answers:
            found = [self._read(row) for row in found]
        return list(map(self._named, found))

    def _read(self, row: Sequence[Any]) -> list[Any]:
        cells = list(row)
        for at, process in self._answers:
            cells[at] = process(cells[at])
        return cells


class Statements(Memory[Ready]):
    """Keeps the statements that were asked for last, each under all that decides it."""
