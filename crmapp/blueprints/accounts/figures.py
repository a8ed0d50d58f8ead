"""The figures of the Sales tab: this year against last year, and month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import format_date, get_locale, gettext

from crmapp.analytics.columns import CAPTIONS, Column
from crmapp.services.grids import Figures
from crmapp.web.templating import number, percent, text

YEAR = ("current", "previous", "variance", "percent")


@dataclass(frozen=True)
class Table:
    """Measures by period: captions of the columns, and per measure its label and figures."""

    heads: list[str]
    lines: list[tuple[str, list[tuple[str, bool]]]]


@dataclass(frozen=True)
class Sales:
    """What the tab shows: the database's name, its currency, the year and the months."""

    database: str
    currency: str
    year: Table
    months: Table


def sales(figures: Figures) -> Sales:
    """Write ``figures`` in the reader's language."""
    by_year = [column for column in figures.columns if column.period_key in YEAR]
    by_month = [column for column in figures.columns if column.period_key not in YEAR]
    return Sales(
        figures.dataset.label.text(str(get_locale())),
        figures.dataset.currency,
        _table(figures, by_year),
        _table(figures, by_month),
    )


def _table(figures: Figures, columns: Sequence[Column]) -> Table:
    measures = dict.fromkeys(column.measure for column in columns)
    rows = {name: [each for each in columns if each.measure == name] for name in measures}
    first = next(iter(rows.values()), [])
    lines = [
        (_label(figures, name), [_cell(figures, c) for c in row]) for name, row in rows.items()
    ]
    return Table([_head(column) for column in first], lines)


def _label(figures: Figures, name: str) -> str:
    measure = figures.dataset.measures[name]
    label = measure.label.text(str(get_locale()))
    return f"{label} ({figures.dataset.currency})" if measure.kind == "money" else label


def _head(column: Column) -> str:
    if column.period_key in CAPTIONS or column.period is None:
        return gettext(column.caption)
    return str(format_date(column.period.start, "MMM yyyy"))


def _cell(figures: Figures, column: Column) -> tuple[str, bool]:
    """Return the figure as the reader writes it, and whether it is below zero."""
    value = figures.totals[column.name]
    if not isinstance(value, int | float | Decimal):
        return text(value), False
    if column.kind == "percent":
        return percent(value), value < 0
    return number(value, 2 if column.kind == "money" else None), value < 0
