"""The figures of the Sales tab: this year against last year, month by month, and the rhythm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import format_date, get_locale, gettext, ngettext

from crmapp.analytics.columns import CAPTIONS, Column
from crmapp.analytics.engine import Value
from crmapp.blueprints.accounts.chart import Bar, bars
from crmapp.domain.permissions import Right
from crmapp.services.account_sales import Figures
from crmapp.web.access import current_user
from crmapp.web.templating import NONE, number, percent, text

YEAR = ("current", "previous", "variance", "percent")


@dataclass(frozen=True)
class Cell:
    """A figure as the reader writes it; ``href`` leads to the transactions behind it."""

    text: str
    below: bool = False
    href: str = ""


@dataclass(frozen=True)
class Table:
    """Figures in lines: what the lines are, captions of the columns, and per line its label."""

    what: str
    heads: list[str]
    lines: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Fact:
    """One figure that stands out: what it is, its words, a hint, and whether it is a warning."""

    label: str
    cell: Cell
    hint: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Sales:
    """What the tab shows of one database."""

    name: str
    database: str
    grid: str
    through: str
    facts: list[Fact]
    chart: str
    bars: list[Bar]
    year: Table
    months: Table


def sales(figures: Figures) -> Sales:
    """Write ``figures`` in the reader's language."""
    by_year = [column for column in figures.columns if column.period_key in YEAR]
    by_month = [column for column in figures.columns if column.period_key not in YEAR]
    months = [column for column in by_month if column.period is not None]
    main = next(iter(_rows(months).values()), [])
    shown = [each for each in main if each.period_key != "total"]
    return Sales(
        figures.dataset.name,
        figures.dataset.label.text(str(get_locale())),
        _link("grid.show", figures, {"q": figures.keys[0]} if len(figures.keys) == 1 else {}),
        format_date(figures.calendar.through),
        _facts(figures, by_year),
        _label(figures, shown[0].measure) if shown else "",
        bars(
            [(_head(each), figures.totals[each.name], _cell(figures, each).text) for each in shown]
        ),
        _by_measure(figures, by_year),
        _by_period(figures, by_month),
    )


def _facts(figures: Figures, by_year: Sequence[Column]) -> list[Fact]:
    """Return this year's main figure, the last order, the rhythm, and whether one is overdue."""
    first = {each.period_key: each for each in next(iter(_rows(by_year).values()), [])}
    found = []
    if first:
        change = _cell(figures, first["percent"]).text
        hint = gettext("%(change)s against last year", change=change) if change != NONE else ""
        found.append(Fact(_head(first["current"]), _cell(figures, first["current"]), hint))
    rhythm = figures.rhythm
    if rhythm.last is not None:
        measure = next(iter(figures.dataset.measures))
        newest = _behind(figures, "total", measure, f"{measure}.total")
        found.append(Fact(gettext("Last order"), Cell(format_date(rhythm.last), href=newest)))
    if rhythm.gap is not None:
        days = ngettext("%(num)s day", "%(num)s days", rhythm.gap)
        found.append(Fact(gettext("Usual time between orders"), Cell(days)))
    if rhythm.overdue:
        late = ngettext("%(num)s day", "%(num)s days", rhythm.overdue)
        found.append(Fact(gettext("Next order overdue by"), Cell(late), kind="warn"))
    return found


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
    currency = figures.dataset.currency if measure.kind == "money" else ""
    return f"{label} ({currency})" if currency else label


def _head(column: Column) -> str:
    if column.period_key in CAPTIONS or column.period is None:
        return gettext(column.caption)
    return str(format_date(column.period.start, "MMM yyyy"))


def _cell(figures: Figures, column: Column) -> Cell:
    """Return the figure, whether it is below zero, and the way to what is behind it."""
    value = figures.totals[column.name]
    if not isinstance(value, int | float | Decimal):
        return Cell(text(value))
    written = _writer(column)(value)
    period = "ytd" if column.period_key in YEAR else "months"
    return Cell(written, value < 0, _behind(figures, period, column.measure, column.name))


def _writer(column: Column) -> Callable[[Value], str]:
    if column.kind == "percent":
        return percent  # type: ignore[return-value]  # of a number, as is checked before
    digits = 2 if column.kind == "money" else None
    return lambda value: number(value, digits)  # type: ignore[arg-type]  # as above


def _behind(figures: Figures, period: str, measure: str, column: str) -> str:
    """Return the address of the transactions behind a figure, for those who may open the grid."""
    args = {"period": period, "measures": measure, "of": column, "key": list(figures.keys)}
    return _link("grid.transactions", figures, args)


def _link(endpoint: str, figures: Figures, args: Mapping[str, Any]) -> str:
    if not current_user.can(Right.GRID_VIEW):
        return ""
    name, dimension = figures.dataset.name, figures.dataset.accounts
    return url_for(endpoint, dataset=name, dimension=dimension, **args)
