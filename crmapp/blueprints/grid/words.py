"""What the grid says about itself: how to read it, why it is empty, what an action works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask import current_app, url_for
from flask_babel import format_date, format_percent, gettext, ngettext

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.parts import A_UP_TO, B_UP_TO
from crmapp.analytics.query import ACTIVITIES
from crmapp.domain.periods import Period, is_whole_months
from crmapp.domain.permissions import Right
from crmapp.web.access import current_user
from crmapp.web.templating import number
from crmapp.web.texts import language

if TYPE_CHECKING:
    from crmapp.blueprints.grid.sheet import Sheet

ADD_UPDATE = "upserts.create"


@dataclass(frozen=True)
class Upsert:
    """*Add/update account*: where it is sent with which fields, and what it would work on.

    Beside the fields goes a key, so that a form that is sent twice begins one run.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    allowed: bool
    says: str


def measure_text(dataset: Dataset, name: str, locale: str) -> str:
    """A measure's words, with the currency where it is money."""
    measure = dataset.measures[name]
    text = measure.label.text(locale)
    return f"{text} ({dataset.currency})" if measure.kind == "money" and dataset.currency else text


def period_text(column: Column) -> str:
    """The words of a measure's column below those of the measure."""
    if column.words is not None:
        return column.words.text(language())
    if column.period is None:
        return ""
    if column.period_key.startswith("r"):
        return str(gettext("to %(month)s", month=_month(column.period.end)))
    return days_text(column.period)


def days_text(period: Period) -> str:
    """A period's months, or its days where they are not whole months."""
    if not is_whole_months(period):
        return f"{format_date(period.start)} – {format_date(period.end)}"
    first, last = _month(period.start), _month(period.end)
    return first if first == last else f"{first} – {last}"


def _month(day: date) -> str:
    return str(format_date(day, "MMM yyyy"))


def number_text(dataset: Dataset, column: Column, locale: str) -> str:
    """What stands over a measure's column where groups do not: ``Value (USD) – Nov 2025``."""
    return f"{measure_text(dataset, column.measure, locale)} – {period_text(column)}"


def upsert(sheet: Sheet) -> Upsert | None:
    """The action, where the rows are accounts; None elsewhere."""
    if sheet.dataset.accounts != sheet.shape.name or ADD_UPDATE not in current_app.view_functions:
        return None
    allowed = current_user.can(Right.GRID_ADD_UPDATE_ACCOUNTS)
    place = {"dataset": sheet.dataset.name, "dimension": sheet.shape.name}
    fields = place | sheet.question.change().to_args()
    says = _works_on(sheet) if allowed else _lacks(Right.GRID_ADD_UPDATE_ACCOUNTS)
    return Upsert(url_for(ADD_UPDATE), tuple(fields.items()), allowed, says)


def _works_on(sheet: Sheet) -> str:
    if sheet.selected:
        return str(
            ngettext(
                "Works on the selected row.",
                "Works on the %(count)s selected rows.",
                sheet.selected,
                count=number(sheet.selected),
            )
        )
    return str(
        ngettext(
            "Nothing is selected: works on the only row in view, once you have confirmed it.",
            "Nothing is selected: works on all %(count)s rows in view, once you have confirmed it.",
            sheet.count,
            count=number(sheet.count),
        )
    )


def _lacks(right: Right) -> str:
    return str(
        gettext("You lack the right %(right)s. An administrator can grant it.", right=right.value)
    )


def _rounded(currency: str) -> str:
    if not currency:
        return gettext("Sums are rounded to whole numbers.")
    return gettext("Sums are in whole %(currency)s.", currency=currency)


def notes(sheet: Sheet) -> list[str]:
    """How to read the figures, a sentence each."""
    found = [*_of_mode(sheet)]
    if sheet.answer.varying:
        found.append(gettext("* There are several values; the latest by date is shown."))
    if any(map(sheet.is_whole, sheet.numbers)):
        found.append(_rounded(sheet.dataset.currency))
    if sheet.answer.rows:
        found.append(gettext("A double click on a number shows its transactions."))
    if sheet.restricted:
        found.append(gettext("You see the figures of the accounts that are open to you."))
    return [*found, *_origin(sheet)]


def _of_mode(sheet: Sheet) -> Iterator[str]:
    """How to read the columns of a mode."""
    mode, spans = sheet.question.mode, sheet.question.spans(sheet.answer.calendar)
    if mode in ("summary", "variance"):
        yield _compared(sheet.question.period, *spans.values())
    elif (span := spans.get("total")) and not is_whole_months(span):
        yield gettext(
            "Figures are of %(start)s to %(end)s.",
            start=format_date(span.start),
            end=format_date(span.end),
        )
    if mode == "share":
        yield gettext(
            "Shares are of everything in focus, whatever is searched. Class A makes up the first"
            " %(a)s, class B what follows up to %(b)s, class C the rest.",
            a=format_percent(A_UP_TO),
            b=format_percent(B_UP_TO),
        )
    if mode == "matrix":
        yield gettext("The largest are columns; every total is of all.")


def _compared(period: str, now: Period | None, before: Period | None) -> str:
    if now is None or before is None:
        return ""
    if period != "ytd":
        return gettext(
            "%(start)s to %(end)s stands against %(before)s to %(until)s.",
            start=format_date(now.start),
            end=format_date(now.end),
            before=format_date(before.start),
            until=format_date(before.end),
        )
    return gettext(
        "Year to date is %(start)s to %(end)s, last year %(before)s to %(until)s.",
        start=format_date(now.start),
        end=format_date(now.end),
        before=format_date(before.start),
        until=format_date(before.end),
    )


def _origin(sheet: Sheet) -> list[str]:
    calendar = sheet.answer.calendar
    loaded = gettext(
        "Loaded on %(day)s, with figures to %(through)s.",
        day=format_date(calendar.today),
        through=format_date(calendar.through),
    )
    moved = gettext("All dates are moved by whole months, to end with the month before loading.")
    return [loaded, moved] if sheet.dataset.shift else [loaded]


def why_empty(sheet: Sheet) -> str:
    """Why there are no rows."""
    if sheet.question.search:
        # The search may be written from right to left: it is isolated from the sentence.
        return gettext(
            "Nothing matches “%(search)s” here.", search=f"\u2068{sheet.question.search}\u2069"
        )
    if sheet.focused:
        return gettext("What the figures are focused on has none here.")
    if sheet.restricted:
        return gettext("None of the accounts that are open to you has figures here.")
    return gettext("There is nothing to show for this period.")


def remedies(sheet: Sheet) -> list[tuple[str, str]]:
    """What to take away to see rows again: words and addresses."""
    found = []
    if sheet.question.search:
        found.append((gettext("Clear the search"), sheet.url(search="")))
    if sheet.focused:
        found.append((gettext("Remove the focus"), sheet.url(focus=())))
    if sheet.question.activity != ACTIVITIES[0]:
        found.append((gettext("Show rows with figures"), sheet.url(activity=ACTIVITIES[0])))
    if sheet.question.period != "total":
        found.append((gettext("Show all time"), sheet.url(period="total")))
    return found
