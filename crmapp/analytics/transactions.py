"""The facts behind a number of the grid, one by one, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmapp.analytics.columns import Column, measure_columns
from crmapp.analytics.dataset import Dataset, Label
from crmapp.analytics.parts import of_facts, quoted, table_of, where
from crmapp.analytics.query import Number, Question, no_such_column
from crmapp.analytics.ranges import Calendar
from crmapp.analytics.sql import PAGE, TOTALS, Statement, Writer
from crmapp.i18n import N_

DAY = "day"
_DAY = Label(N_("Date"), "Date")


@dataclass(frozen=True)
class Transactions:
    """A page of the facts behind a number, newest first.

    ``totals`` (by a measure's name) and ``count`` are of all of them; the total of the number's
    own measure is that number. ``numbers``: the columns of the grid that the number stands in.
    """

    calendar: Calendar
    numbers: tuple[Column, ...]
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    totals: Mapping[str, Any]
    count: int


def transaction_columns(dataset: Dataset) -> tuple[Column, ...]:
    """The day, what the dataset says of a fact, its measures, its entities by their names."""
    details = (Column(f"detail.{d.name}", d.label, d.kind) for d in dataset.details.values())
    entities = (Column(f"of.{d.name}", d.label, "text") for d in dataset.dimensions.values())
    measures = (Column(m.name, m.label, m.kind) for m in dataset.measures.values())
    return (Column(DAY, _DAY, "date"), *details, *measures, *entities)


def page_of_transactions(
    writer: Writer, question: Question, number: Number, *, page: int, size: int
) -> Statement:
    """One page of transactions, then a line with the totals and the number of all.

    Raises:
        Invalid: the grid has no such column now: of the months of a year, of a matrix.
    """
    dataset = writer.dataset
    numbers = measure_columns(dataset, question, writer.calendar, writer.across)
    if all(column.period_key != number.column for column in numbers):
        no_such_column(number.column, [column.name for column in numbers])
    own = ["p._day", *(f"p.l_{name}" for name in dataset.details)]
    entities = [
        f"COALESCE(CAST({table_of(name)}.{quoted(one.title)} AS VARCHAR), {table_of(name)}._key)"
        for name, one in dataset.dimensions.items()
    ]
    tables = [table_of(name) for name in dataset.dimensions]
    joins = " ".join(f"JOIN {table} ON {table}._id = p.{table}" for table in tables)
    measures = [of_facts(dataset, measure) for measure in dataset.measures.values()]
    totals = [*["NULL"] * len(own), *measures, *["NULL"] * len(entities)]
    return writer.statement(
        f"WITH f AS (SELECT *, rowid AS _row FROM fact{where(writer.behind(question, number))}),\n"
        f"p AS (SELECT * FROM f ORDER BY _day DESC, _row LIMIT {writer.bind(size)}"
        f" OFFSET {writer.bind((page - 1) * size)})\n"
        f"SELECT {PAGE} AS _part, p._day AS _when, p._row AS _row, NULL AS _count,"
        f" {', '.join([*own, *measures, *entities])} FROM p {joins} GROUP BY ALL\n"
        f"UNION ALL SELECT {TOTALS}, NULL, NULL, COUNT(*), {', '.join(totals)} FROM f\n"
        "ORDER BY _part, _when DESC, _row"
    )


def transactions_of(
    writer: Writer, question: Question, found: list[tuple[Any, ...]]
) -> Transactions:
    """Read the answer to :func:`page_of_transactions`."""
    dataset = writer.dataset
    columns = transaction_columns(dataset)
    names = [column.name for column in columns]
    *rows, (_part, _when, _row, count, *sums) = found
    totals = dict(zip(names, sums, strict=True))
    return Transactions(
        calendar=writer.calendar,
        numbers=measure_columns(dataset, question, writer.calendar, writer.across),
        columns=columns,
        rows=tuple(dict(zip(names, values, strict=True)) for _, _, _, _, *values in rows),
        totals={name: totals[name] for name in dataset.measures},
        count=count,
    )
