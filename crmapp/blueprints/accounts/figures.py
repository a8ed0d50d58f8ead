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
    """Figures in lines: what the lines are, captions of the columns, and per line its label."""

    what: str
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
        _by_measure(figures, by_year),
        _by_period(figures, by_month),
    )


def _by_measure(figures: Figures, columns: Sequence[Column]) -> Table:
    rows = _rows(columns)
    first = next(iter(rows.values()), [])
    lines = [
        (_label(figures, name), [_cell(figures, c) for c in row]) for name, row in rows.items()
    ]
    return Table(gettext("Measure"), [_head(column) for column in first], lines)


def _by_period(figures: Figures, columns: Sequence[Column]) -> Table:
    """Put the periods below each other: twelve beside each other are wider than a screen."""
    rows = _rows(columns)
    lines = [
        (_head(period[0]), [_cell(figures, column) for column in period])
        for period in zip(*rows.values(), strict=True)
    ]
    return Table(gettext("Month"), [_label(figures, name) for name in rows], lines)


def _rows(columns: Sequence[Column]) -> dict[str, list[Column]]:
    """Return measure → its columns, in the order of the periods."""
    measures = dict.fromkeys(column.measure for column in columns)
    return {name: [each for each in columns if each.measure == name] for name in measures}


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
