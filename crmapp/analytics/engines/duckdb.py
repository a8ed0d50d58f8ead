"""The embedded engine: DuckDB over one snapshot file, opened when the first question comes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from crmapp.analytics import dataset as datasets
from crmapp.analytics.across import Across
from crmapp.analytics.columns import Column, measure_columns, property_columns, row_columns
from crmapp.analytics.engine import Answer, Restriction, Row, Selections
from crmapp.analytics.query import SIZES, Number, Question, Selection, selection_of
from crmapp.analytics.ranges import Calendar
from crmapp.analytics.sql import TOTALS, Statement, Writer
from crmapp.analytics.transactions import Transactions, page_of_transactions, transactions_of
from crmapp.errors import Invalid, Unavailable
from crmapp.i18n import N_, Text
from crmapp.memory import Memory

MOST_ROWS = 10_000
AHEAD = 10_000
"""How many rows one question finds for those who go on reading: each takes time of its own."""
_BUNCH = 5_000
NO_SELECTIONS: Selections = MappingProxyType({})
_NONE: frozenset[str] = frozenset()
_abandoned: list[duckdb.DuckDBPyConnection] = []
"""Connections inherited from a parent process: neither usable nor closable in the child."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one question may take: seconds, memory, threads; and how many answers are remembered."""

    seconds: float = 20.0
    memory: str = "1GB"
    threads: int = 2
    remembered: int = 64


@dataclass(frozen=True)
class _Ahead:
    """Rows that were found for whoever goes on reading: of what, behind which key, the rows."""

    asked: tuple[Any, ...]
    after: str
    lines: list[tuple[Any, ...]]


class DuckDBEngine:
    """Answers questions about one snapshot file; safe to share between threads.

    See :class:`crmapp.analytics.engine.Engine` for what it promises.
    """

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.snapshot = path.stem
        self._path = path
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._process = 0
        self._asked = 0
        self._answers: Memory[Answer] = Memory(self._limits.remembered)
        self._lines: Memory[list[tuple[Any, ...]]] = Memory(self._limits.remembered)
        self._ahead: _Ahead | None = None
        ((description,),) = self._cursor().execute("SELECT about FROM snapshot").fetchall()
        about = json.loads(description)
        self.dataset = datasets.parse(about["text"], about["file"])
        self.calendar = Calendar(
            date.fromisoformat(about["today"]), date.fromisoformat(about["through"])
        )

    def answer(
        self,
        question: Question,
        *,
        restriction: Restriction = None,
        selections: Selections = NO_SELECTIONS,
    ) -> Answer:
        seen = None if restriction is None else frozenset(restriction)
        key = question, seen, frozenset(selections.items())
        found = self._answers.get(key)
        if found is None:
            found = self._answer(question, seen, selections)
            if question.size <= SIZES[-1]:
                self._answers.keep(key, found)
        return found

    def _answer(
        self, question: Question, restriction: Restriction, selections: Selections
    ) -> Answer:
        properties = property_columns(
            self.dataset.dimension(question.dimension), question.properties
        )
        writer = self._writer(restriction, selections, question)
        measures = measure_columns(self.dataset, question, self.calendar, writer.across)
        columns = (*properties, *measures)
        names = [column.name for column in columns]
        lines = self._fetch(writer.page(question), remember=question.size <= SIZES[-1])
        rows = tuple(_rows_of_page(names, lines))
        *_, (part, _, _, count, _, _, *sums) = lines
        if part != TOTALS:
            raise AssertionError("an answer ends with its totals")
        plain = Answer(
            question=question,
            dataset=self.dataset,
            snapshot=self.snapshot,
            calendar=self.calendar,
            columns=columns,
            rows=rows,
            totals=dict(zip(names, sums, strict=True)),
            count=count,
        )
        return self._marked(plain, restriction, selections)

    def each(
        self,
        question: Question,
        count: int,
        *,
        seconds: float,
        restriction: Restriction = None,
        selections: Selections = NO_SELECTIONS,
    ) -> Iterator[list[Row]]:
        writer = self._writer(restriction, selections, question)
        shape = self.dataset.dimension(question.dimension)
        measures = measure_columns(self.dataset, question, self.calendar, writer.across)
        names = [each.name for each in (*property_columns(shape, question.properties), *measures)]
        everything = question.change(page=1, size=max(count, 1))
        with self._asking(writer.page(everything), seconds) as asked:
            while lines := asked.fetchmany(_BUNCH):
                yield list(_rows_of_page(names, lines))

    def count(
        self,
        question: Question,
        *,
        selection: Selection | None = None,
        restriction: Restriction = None,
        selections: Selections = NO_SELECTIONS,
    ) -> int:
        statement = self._writer(restriction, selections).count(question, selection)
        return int(self._fetch(statement)[0][0])

    def rows(
        self,
        question: Question,
        *,
        selection: Selection | None = None,
        restriction: Restriction = None,
        selections: Selections = NO_SELECTIONS,
        after: str | None = None,
        limit: int = 1000,
        going_on: bool = False,
    ) -> list[Row]:
        if not 0 < limit <= MOST_ROWS:
            raise Invalid(
                {"limit": Text(N_("Ask for 1 to %(count)s rows at a time."), {"count": MOST_ROWS})}
            )
        names = [column.name for column in row_columns(self.dataset, question, self.calendar)]
        seen = None if restriction is None else frozenset(restriction)
        asked = question, selection, seen, frozenset(selections.items())
        lines = self._found_ahead(asked, after) if going_on else []
        if not lines:
            most = AHEAD if going_on else limit
            statement = self._writer(restriction, selections).rows(question, selection, after, most)
            lines = self._fetch(statement, remember=False)
            if going_on:
                self._forget_what_was_read()
        if len(lines) > limit:
            self._ahead = _Ahead(asked, lines[limit - 1][0], lines[limit:])
        return [
            Row(key, dict(zip(names, values, strict=True)), frozenset(varies) if varies else _NONE)
            for key, varies, *values in lines[:limit]
        ]

    def _forget_what_was_read(self) -> None:
        """Give back the memory that the engine keeps pages of the file in, up to its limit.

        Other questions need it: while there are any, nothing is done.
        """
        with self._lock:
            if self._connection is None or self._asked:
                return
            with suppress(duckdb.OutOfMemoryException):
                self._connection.execute("SET memory_limit = '1MB'")
            self._connection.execute(f"SET memory_limit = '{self._limits.memory}'")

    def _found_ahead(self, asked: tuple[Any, ...], after: str | None) -> list[tuple[Any, ...]]:
        """Take the rows that were found before, if they are those behind ``after``."""
        with self._lock:
            ahead, self._ahead = self._ahead, None
        if ahead is None or (ahead.asked, ahead.after) != (asked, after):
            return []
        return ahead.lines

    def transactions(
        self,
        question: Question,
        number: Number,
        *,
        page: int = 1,
        size: int = 50,
        restriction: Restriction = None,
        selections: Selections = NO_SELECTIONS,
    ) -> Transactions:
        writer = self._writer(restriction, selections, question)
        asked = page_of_transactions(writer, question, number, page=page, size=size)
        return transactions_of(writer, question, self._fetch(asked))

    def days(
        self, selection: Selection, measure: str, by: str, *, restriction: Restriction = None
    ) -> Mapping[str, Sequence[date]]:
        statement = self._writer(restriction, NO_SELECTIONS).days(selection, measure, by)
        return dict(self._fetch(statement, remember=False))

    def among(
        self,
        selection: Selection,
        keys: Sequence[str],
        *,
        restriction: Restriction = None,
        selections: Selections = NO_SELECTIONS,
    ) -> frozenset[str]:
        statement = self._writer(restriction, selections).among(selection, keys)
        return frozenset(key for (key,) in self._fetch(statement))

    def columns(self, dimension: str) -> tuple[Column, ...]:
        return property_columns(self.dataset.dimension(dimension))

    def _writer(
        self, restriction: Restriction, selections: Selections, matrix: Question | None = None
    ) -> Writer:
        """A writer for this reader; for a page of a ``matrix``, one that knows its columns."""
        writer = Writer(self.dataset, self.calendar, restriction, selections)
        if matrix is not None and matrix.mode == "matrix":
            shape = self.dataset.dimension(matrix.across)
            writer.across = Across.read(shape, self._fetch(writer.widest(matrix)))
        return writer

    def _marked(self, answer: Answer, restriction: Restriction, selections: Selections) -> Answer:
        """The answer with its selected rows marked and counted."""
        question = answer.question
        if question.selection is None:
            return answer
        selection = selection_of(selections, question.selection, question.dimension)
        keys = [row.key for row in answer.rows]
        held = self.among(selection, keys, restriction=restriction, selections=selections)
        count = self.count(
            question, selection=selection, restriction=restriction, selections=selections
        )
        rows = tuple(row._replace(selected=row.key in held) for row in answer.rows)
        return replace(answer, rows=rows, selected=count)

    def _fetch(self, statement: Statement, remember: bool = True) -> list[tuple[Any, ...]]:
        """Run a statement within the limits; the same one again is answered from memory."""
        key = (statement.sql, json.dumps(statement.params, default=str))
        lines = self._lines.get(key)
        if lines is None:
            lines = self._ask(statement)
            if remember:
                self._lines.keep(key, lines)
        return lines

    def _ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        with self._asking(statement, self._limits.seconds) as asked:
            return asked.fetchall()

    @contextmanager
    def _asking(self, statement: Statement, seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run a statement within the limits; what it finds is fetched inside."""
        cursor = self._cursor()
        with self._counted(), _time_limit(cursor, seconds):
            try:
                yield cursor.execute(statement.sql, dict(statement.params))
            except duckdb.InterruptException as error:
                raise Unavailable(
                    Text(
                        N_(
                            "This question took longer than %(seconds)s seconds. Narrow it down by"
                            " a search, a focus or a shorter period."
                        ),
                        {"seconds": f"{seconds:g}"},
                    )
                ) from error
            except duckdb.OutOfMemoryException as error:
                raise Unavailable(
                    Text(
                        N_(
                            "This question needs more memory than %(memory)s. Narrow it down by"
                            " a search, a focus or a shorter period."
                        ),
                        {"memory": self._limits.memory},
                    )
                ) from error

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count the questions that are being answered."""
        with self._lock:
            self._asked += 1
        try:
            yield
        finally:
            with self._lock:
                self._asked -= 1

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one question; the database is opened once per process."""
        with self._lock:
            if self._connection is None or self._process != os.getpid():
                if self._connection is not None:
                    _abandoned.append(self._connection)
                self._connection = self._connect()
                self._process = os.getpid()
            return self._connection.cursor()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            self._path,
            read_only=True,
            config={
                "threads": self._limits.threads,
                "memory_limit": self._limits.memory,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_access": False,
            },
        )
        connection.execute("SET enable_progress_bar = false")
        return connection


def _rows_of_page(names: Sequence[str], lines: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    """The entities among the lines of a page: the line with the totals has no key."""
    for _part, _sort, _id, _count, key, varies, *values in lines:
        if key is not None:
            yield Row(key, dict(zip(names, values, strict=True)), frozenset(varies))


@contextmanager
def _time_limit(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
