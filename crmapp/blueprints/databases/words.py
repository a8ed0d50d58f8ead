"""A preview as a reader writes it: the grid's figures as texts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext

from crmapp.analytics.columns import Column
from crmapp.analytics.engine import Value
from crmapp.services.dataset_preview import Preview
from crmapp.web.templating import day, number, percent, text
from crmapp.web.texts import language

SHOWN = 10


@dataclass(frozen=True)
class Grid:
    """A few rows of a grid: heads (text, is it a number), rows and totals of written cells."""

    dimension: str
    heads: list[tuple[str, bool]]
    rows: list[list[str]]
    totals: list[str]
    count: int


def written(seen: Preview) -> Grid | None:
    """Write the first rows of the previewed grid in the reader's language."""
    if seen.answer is None:
        return None
    found, locale = seen.answer, language()
    shape = next(iter(seen.dataset.dimensions.values()))
    rows = [
        [_cell(column, row.values[column.name]) for column in found.columns]
        for row in found.rows[:SHOWN]
    ]
    sums = (_cell(each, found.totals[each.name]) if each.measure else "" for each in found.columns)
    return Grid(
        shape.label.text(locale),
        [(column.heading(locale), column.numeric) for column in found.columns],
        rows,
        [gettext("Total"), *list(sums)[1:]],
        found.count,
    )


def _cell(column: Column, value: Value) -> str:
    if value is not None and column.kind == "date":
        return day(value)  # type: ignore[arg-type]  # the engine gives days
    if not isinstance(value, int | float | Decimal):
        return text(value)
    if column.kind == "percent":
        return percent(value)
    return number(value, 2 if column.kind == "money" else None)
