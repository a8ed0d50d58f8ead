"""What the grid's menus offer: modes, periods, activity, rows per page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext

from crmapp.analytics.dataset import Dataset
from crmapp.analytics.query import ACROSS, ACTIVITIES, SIZES, Question, measures_for, modes_for
from crmapp.analytics.ranges import AGAINST, COMPARABLE, RANGES, Calendar
from crmapp.blueprints.grid.address import address
from crmapp.blueprints.grid.words import days_text
from crmapp.i18n import N_

MODE_TEXTS = {
    "months": (N_("By month"), N_("A column for each month of the period, and their total")),
    "moving": (N_("Rolling 12 months"), N_("Each month with the eleven before it")),
    "summary": (N_("Summary"), N_("The period against the year before")),
    "total": (N_("Totals"), N_("One figure for the whole period")),
    "variance": (N_("Variance"), N_("Any two periods, sorted by the difference")),
    "share": (N_("Share"), N_("Of the total, added up from the largest on, in classes A, B and C")),
    "matrix": (N_("Matrix"), N_("By a second dimension, the largest as columns")),
}
PERIOD_TEXTS = {
    "month": N_("Last month"),
    "quarter": N_("Last 3 months"),
    "months": N_("Last 12 months"),
    "ytd": N_("Year to date"),
    "year": N_("Last calendar year"),
    "total": N_("All time"),
    "year_before": N_("The year before"),
    "just_before": N_("The period before"),
}
ACTIVITY_TEXTS = {
    "with": N_("With figures"),
    "without": N_("Without figures"),
    "all": N_("With and without figures"),
}


@dataclass(frozen=True)
class Choice:
    """One entry of a menu: its words, the address it leads to, whether it is chosen now."""

    text: str
    href: str
    chosen: bool
    hint: str = ""


def modes(question: Question, dataset: Dataset) -> list[Choice]:
    """The layouts of the measures; each keeps the period, if it can."""
    offered = modes_for(dataset)
    return [
        Choice(
            gettext(text),
            address(question.change(**_entering(question, dataset, name))),
            question.mode == name,
            gettext(hint),
        )
        for name, (text, hint) in MODE_TEXTS.items()
        if name in offered
    ]


def periods(question: Question, dataset: Dataset) -> list[Choice]:
    """The periods with a name; all time becomes totals where months cannot be shown."""
    return [
        _period(question, "period", name, _measures(question.change(period=name), dataset))
        for name in PERIOD_TEXTS
        if name in RANGES
    ]


def against(question: Question) -> list[Choice]:
    """What a variance's period can stand against."""
    offered = (*AGAINST, *(name for name in PERIOD_TEXTS if name in COMPARABLE))
    return [_period(question, "against", name) for name in offered if name != question.period]


def period_text(words: str, calendar: Calendar) -> str:
    """The name of a period, or the days that it is."""
    span = calendar.span(words) if words not in PERIOD_TEXTS else None
    return days_text(span) if span else gettext(PERIOD_TEXTS[words])


def across(question: Question, dataset: Dataset, locale: str) -> list[Choice]:
    """The dimensions that a matrix can have across."""
    return [
        Choice(
            shape.label.text(locale),
            address(question.change(across=name)),
            question.across == name,
        )
        for name, shape in dataset.dimensions.items()
        if name != question.dimension
    ]


def tops(question: Question) -> list[Choice]:
    """How many columns a matrix has, beside that of all others."""
    return [
        Choice(
            ngettext("%(num)s column", "%(num)s columns", count),
            address(question.change(top=count)),
            question.top == count,
        )
        for count in ACROSS
    ]


def activities(question: Question) -> list[Choice]:
    return [
        Choice(
            gettext(ACTIVITY_TEXTS[name]),
            address(question.change(activity=name)),
            question.activity == name,
        )
        for name in ACTIVITIES
    ]


def sizes(question: Question) -> list[Choice]:
    return [
        Choice(str(size), address(question.change(size=size)), question.size == size)
        for size in SIZES
    ]


def chosen(offered: Iterable[Choice]) -> str:
    """The words of what is chosen; nothing if none of it is."""
    return next((choice.text for choice in offered if choice.chosen), "")


def _period(
    question: Question, name: str, words: str, more: Mapping[str, Any] | None = None
) -> Choice:
    changes = {name: words} | dict(more or {})
    return Choice(
        gettext(PERIOD_TEXTS[words]),
        address(question.change(**changes)),
        getattr(question, name) == words,
    )


def _entering(question: Question, dataset: Dataset, mode: str) -> dict[str, Any]:
    """What changes when one goes to another mode."""
    changes: dict[str, Any] = {"mode": mode}
    if mode == "matrix":
        others = (name for name in dataset.dimensions if name != question.dimension)
        changes["across"] = question.across or next(others)
    return changes | _measures(question.change(**changes), dataset)


def _measures(question: Question, dataset: Dataset) -> dict[str, Any]:
    """Totals show every measure, unless several were chosen; shares one that adds up."""
    possible = measures_for(dataset, question.mode)
    kept = tuple(name for name in question.measures if name in possible) or possible[:1]
    if question.mode == "total" and len(kept) == 1:
        kept = possible
    return {"measures": kept}
