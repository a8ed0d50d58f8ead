"""What the grid's menus offer: periods, activity, measures, rows per page."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext

from crmapp.analytics.query import ACTIVITIES, SIZES, Question
from crmapp.blueprints.grid.address import address
from crmapp.i18n import N_

PERIOD_TEXTS = {
    "months": N_("Last 12 months"),
    "ytd": N_("Year to date against last year"),
    "total": N_("All time"),
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


def periods(question: Question, measures: tuple[str, ...]) -> list[Choice]:
    """Months of one measure; all time shows every measure, unless several were chosen before."""
    several = question.measures if len(question.measures) > 1 else measures
    return [
        Choice(
            gettext(text),
            address(
                question.change(
                    period=name, measures=several if name == "total" else question.measures
                )
            ),
            question.period == name,
        )
        for name, text in PERIOD_TEXTS.items()
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
