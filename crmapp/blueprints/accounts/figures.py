"""The figures of the Sales tab: this year and last, by month, the rhythm, and what was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import format_date, gettext, ngettext

from crmapp.analytics.columns import CAPTIONS, Column
from crmapp.analytics.engine import Value
from crmapp.blueprints.accounts.chart import Bar, bars
from crmapp.domain.periods import MONTHS, Period, last_months, year_before
from crmapp.domain.permissions import Right
from crmapp.services.account_sales import Category, Figures
from crmapp.web.access import current_user
from crmapp.web.templating import NONE, number, percent, text
from crmapp.web.texts import language

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
    """What the tab shows of one database; ``categories`` is how it calls what accounts buy."""

    name: str
    database: str
    grid: str
    through: str
    facts: list[Fact]
    chart: str
    bars: list[Bar]
    year: Table
    months: Table
    categories: str
    gone: list[Table]
    measured: str
    has_rhythm: bool


def sales(figures: Figures) -> Sales:
    """Write ``figures`` in the reader's language."""
    by_year = [column for column in figures.columns if column.period_key in YEAR]
    by_month = [column for column in figures.columns if column.period_key not in YEAR]
    months = [column for column in by_month if column.period is not None]
    main = next(iter(_rows(months).values()), [])
    shown = [each for each in main if each.period_key != "total"]
    return Sales(
        figures.dataset.name,
        figures.dataset.label.text(language()),
        _link("grid.show", figures, {"q": figures.keys[0]} if len(figures.keys) == 1 else {}),
        format_date(figures.calendar.through),
        _facts(figures, by_year),
        _label(figures, shown[0].measure) if shown else "",
        bars(
            [(_head(each), figures.totals[each.name], _cell(figures, each).text) for each in shown]
        ),
        _by_measure(figures, by_year),
        _by_period(figures, by_month),
        _categories(figures),
        _gone(figures),
        _label(figures, figures.main),
        figures.rhythm.gap is not None,
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
        newest = _behind(figures, "total", figures.main, f"{figures.main}.total")
        hint = "" if rhythm.gap is not None else gettext("too few orders for a rhythm")
        found.append(Fact(gettext("Last order"), Cell(format_date(rhythm.last), href=newest), hint))
    if rhythm.gap is not None:
        found.append(Fact(gettext("Usual time between orders"), Cell(_days(rhythm.gap))))
    if rhythm.overdue:
        late = Cell(_days(rhythm.overdue))
        found.append(Fact(gettext("Next order overdue by"), late, kind="warn"))
    return found + _lost(figures)


def _lost(figures: Figures) -> list[Fact]:
    """Return what the lost categories were worth together."""
    lost = [category for category in figures.categories if category.lost]
    if not lost:
        return []
    worth = sum(category.before for category in lost)
    href = _bought(figures, "previous", *(category.key for category in lost))
    label = gettext("Lost: %(what)s", what=_categories(figures))
    count = gettext("%(count)s of %(all)s", count=len(lost), all=len(figures.categories))
    return [Fact(label, _amount(figures, worth, href), count, "warn")]


def _gone(figures: Figures) -> list[Table]:
    """Put the lost categories below each other, and then those that shrink."""
    found = {
        gettext("Lost"): [each for each in figures.categories if each.lost],
        gettext("Shrinking"): [each for each in figures.categories if each.shrinking],
    }
    last = last_months(figures.calendar.today, MONTHS)
    heads = [_months(year_before(last)), _months(last)]
    heads += [gettext("Last order"), gettext("Usual time between orders")]
    return [
        Table(what, heads, [(each.title, _habit(figures, each)) for each in shown])
        for what, shown in found.items()
        if shown
    ]


def _habit(figures: Figures, category: Category) -> list[Cell]:
    habit = category.rhythm
    return [
        _amount(figures, category.before, _bought(figures, "previous", category.key)),
        _amount(figures, category.now, _bought(figures, "current", category.key)),
        Cell(format_date(habit.last) if habit.last else NONE),
        Cell(_days(habit.gap) if habit.gap is not None else NONE),
    ]


def _categories(figures: Figures) -> str:
    """How the database calls what accounts buy; empty if it does not say."""
    name = figures.dataset.categories
    return figures.dataset.dimension(name).label.text(language()) if name else ""


def _days(count: int) -> str:
    return ngettext("%(num)s day", "%(num)s days", count)


def _months(period: Period) -> str:
    return f"{format_date(period.start, 'MMM yyyy')} – {format_date(period.end, 'MMM yyyy')}"


def _amount(figures: Figures, value: Value, href: str) -> Cell:
    if not isinstance(value, int | float | Decimal):
        return Cell(text(value))
    kind = figures.dataset.measures[figures.main].kind
    return Cell(number(value, 2 if kind == "money" else None), value < 0, href)


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
    label = measure.label.text(language())
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


def _bought(figures: Figures, which: str, *categories: str) -> str:
    """Return the address of what was bought of categories, in one of the two years."""
    args = {"period": "months", "mode": "summary", "measures": figures.main}
    of = {"of": f"{figures.main}.{which}", "key": categories, "account": figures.keys}
    return _link("grid.transactions", figures, args | of, figures.dataset.categories)


def _link(
    endpoint: str, figures: Figures, args: Mapping[str, Any], dimension: str | None = None
) -> str:
    if not current_user.can(Right.GRID_VIEW):
        return ""
    shown = dimension or figures.dataset.accounts
    return url_for(endpoint, dataset=figures.dataset.name, dimension=shown, **args)
