"""What the grid shows as a chart: bars, lines or a Pareto chart of the rows on the page.

Only places and shapes are decided here, in hundredths of the drawing; the table below has the
numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from flask_babel import gettext, ngettext

from crmapp.analytics.columns import Column
from crmapp.analytics.engine import Row
from crmapp.analytics.query import VIEWS
from crmapp.blueprints.grid.choices import Choice
from crmapp.blueprints.grid.numbers import is_summed, writer
from crmapp.i18n import N_

if TYPE_CHECKING:
    from crmapp.blueprints.grid.sheet import Sheet

MOST_LINES = 8
"""More lines than colours that one can tell apart would say nothing."""
FEWEST_POINTS = 3
BY_TIME = ("months", "moving")
"""The modes whose columns follow one another in time."""
NO_PARTS = ("variance", "percent", "share", "cumulative", "class")
"""Columns whose numbers are no parts of a total."""
VIEW_TEXTS = {
    "grid": N_("Table"),
    "bar": N_("Bar chart"),
    "line": N_("Line chart"),
    "pareto": N_("Pareto chart"),
}


@dataclass(frozen=True)
class Bar:
    """One row's bar from ``start`` on, ``length`` long, both in hundredths of the drawing."""

    name: str
    text: str
    start: float
    length: float
    negative: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points, as SVG writes them; ``number`` is its colour and its dashes."""

    name: str
    points: str
    number: int


@dataclass(frozen=True)
class Chart:
    """``ticks`` are texts of the axis of values with their heights, ``labels`` of the other."""

    kind: str
    title: str
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    ticks: Sequence[tuple[str, float]] = ()
    labels: Sequence[str] = ()
    note: str = ""
    shares: str = field(default="")


def views(sheet: Sheet) -> list[Choice]:
    """The ways to look at the rows that suit them; nothing is drawn to find out."""
    column = _charted(sheet)
    fitting = [name for name in VIEWS if name == "grid" or _fits(sheet, name, column)]
    return [
        Choice(gettext(VIEW_TEXTS[name]), sheet.url(view=name), sheet.question.view == name)
        for name in VIEWS
        if name in fitting or sheet.question.view == name
    ]


def chart_of(sheet: Sheet) -> Chart | None:
    """The chart that the question asks for; None for the table alone."""
    return _drawn(sheet, sheet.question.view) if sheet.question.view != "grid" else None


def _drawn(sheet: Sheet, kind: str) -> Chart | None:
    column = _charted(sheet)
    if column is None or not _fits(sheet, kind, column):
        return None
    return {"bar": _bars, "line": _lines, "pareto": _pareto}[kind](sheet, column)


def _fits(sheet: Sheet, kind: str, column: Column | None) -> bool:
    """Whether the rows can be drawn in this way."""
    if column is None or not sheet.answer.rows:
        return False
    if kind == "line":
        return sheet.question.mode in BY_TIME and len(in_time(sheet, column)) >= FEWEST_POINTS
    if kind == "pareto":
        some = any((_number(row, column) or 0.0) > 0 for row in sheet.answer.rows)
        return some and _total(sheet, column) > 0
    return True


def _charted(sheet: Sheet) -> Column | None:
    """The column that is charted: the one that the rows are sorted by, else the first number."""
    columns = [column for column in sheet.numbers if column.numeric]
    return next((c for c in columns if c.name == sheet.question.sort), next(iter(columns), None))


def _title(sheet: Sheet, column: Column) -> str:
    head = next(head for head in sheet.measures if head.column.name == column.name)
    return _by_dimension(sheet, sheet.heading(head))


def _by_dimension(sheet: Sheet, number: str) -> str:
    dimension = sheet.shape.label.text(sheet.locale)
    return gettext("%(number)s by %(dimension)s", number=number, dimension=dimension)


def _number(row: Row, column: Column) -> float | None:
    value = row.values[column.name]
    return None if value is None or isinstance(value, str) else float(value)  # type: ignore[arg-type]  # no dates among measures


def _bars(sheet: Sheet, column: Column) -> Chart:
    values = [_number(row, column) or 0.0 for row in sheet.answer.rows]
    low, high = min(0.0, *values), max(0.0, *values)
    whole = (high - low) or 1.0
    write = writer(sheet.dataset, column)
    bars = [
        Bar(
            line.name,
            write(row.values[column.name]),
            round(100 * (min(value, 0.0) - low) / whole, 2),
            round(100 * abs(value) / whole, 2),
            value < 0,
        )
        for line, row, value in zip(sheet.lines, sheet.answer.rows, values, strict=True)
    ]
    return Chart("bar", _title(sheet, column), bars=bars)


def _lines(sheet: Sheet, column: Column) -> Chart:
    """One line per row over the periods of the measure, of the first rows."""
    columns = in_time(sheet, column)
    rows = sheet.answer.rows[:MOST_LINES]
    values = [[_number(row, each) or 0.0 for each in columns] for row in rows]
    low, high = _range([value for line in values for value in line])
    lines = [
        Line(named.name, _points(line, low, high), number)
        for number, (named, line) in enumerate(zip(sheet.lines, values, strict=False), 1)
    ]
    more = len(sheet.answer.rows) > MOST_LINES
    measure = sheet.measure_text(column.measure)
    return Chart(
        "line",
        _by_dimension(sheet, measure),
        lines=lines,
        ticks=_ticks(sheet, columns[0], low, high),
        labels=[sheet.head_text(each) for each in columns],
        note=gettext("The first %(count)s rows.", count=MOST_LINES) if more else "",
    )


def through_time(sheet: Sheet) -> list[str]:
    """The columns that a row's own line goes through, where they follow one another in time."""
    if sheet.question.mode not in BY_TIME:
        return []
    names = [column.name for column in in_time(sheet, sheet.numbers[0])]
    return names if len(names) >= FEWEST_POINTS else []


def trend(values: Sequence[float]) -> str:
    """The points of a row's own line, between its lowest and its highest value and 0."""
    low, high = _range(values)
    step = 100 / (len(values) - 1)
    heights = (100 - 100 * (value - low) / (high - low) for value in values)
    return " ".join(f"{place * step:.0f},{height:.0f}" for place, height in enumerate(heights))


def in_time(sheet: Sheet, column: Column) -> list[Column]:
    """The columns of a measure whose days follow one another, the earliest first."""
    dated = [
        (each.period.end, each)
        for each in sheet.numbers
        if each.measure == column.measure and each.period is not None and each.period_key != "total"
    ]
    return [each for _end, each in sorted(dated, key=lambda pair: pair[0])]


def _pareto(sheet: Sheet, column: Column) -> Chart:
    """The largest rows first, and how much of the total they make together."""
    found = _largest_first(sheet, column)
    whole = _total(sheet, column)
    width, highest, write = 100 / len(found), found[0][1], writer(sheet.dataset, column)
    shares = [min(share, 100.0) for share in accumulate(100 * value / whole for _, value in found)]
    points = [
        f"{(place + 0.5) * width:.2f},{100 - share:.2f}" for place, share in enumerate(shares)
    ]
    return Chart(
        "pareto",
        _title(sheet, column),
        bars=[
            Bar(name, write(value), round(place * width, 3), round(100 * value / highest, 2))
            for place, (name, value) in enumerate(found)
        ],
        ticks=_ticks(sheet, column, 0.0, highest),
        note=_made_together(len(found), round(shares[-1])),
        shares=" ".join(points),
    )


def _made_together(rows: int, share: int) -> str:
    return ngettext(
        "The only row shown makes %(share)s %% of the total.",
        "The %(count)s rows shown make %(share)s %% of the total.",
        rows,
        count=rows,
        share=share,
    )


def _total(sheet: Sheet, column: Column) -> float:
    """The total that the rows are parts of; 0 where they are not."""
    total = sheet.answer.totals.get(column.name)
    adds_up = is_summed(sheet.dataset, column) and column.period_key not in NO_PARTS
    if not adds_up or total is None or isinstance(total, str):
        return 0.0
    return float(total)  # type: ignore[arg-type]  # a sum is a number


def _largest_first(sheet: Sheet, column: Column) -> list[tuple[str, float]]:
    found = [
        (line.name, value)
        for line, row in zip(sheet.lines, sheet.answer.rows, strict=True)
        if (value := _number(row, column)) is not None and value > 0
    ]
    return sorted(found, key=lambda pair: -pair[1])


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(0.0, *values), max(0.0, *values)
    return (low, high) if high > low else (0.0, 1.0)


def _points(values: Sequence[float], low: float, high: float) -> str:
    step = 100 / (len(values) - 1)
    return " ".join(
        f"{place * step:.2f},{100 - 100 * (value - low) / (high - low):.2f}"
        for place, value in enumerate(values)
    )


def _ticks(sheet: Sheet, column: Column, low: float, high: float) -> list[tuple[str, float]]:
    """The values at the top, in the middle and at the bottom, with their heights."""
    write = writer(sheet.dataset, column)
    return [(write(low + (high - low) * part), 100 - 100 * part) for part in (1.0, 0.5, 0.0)]
