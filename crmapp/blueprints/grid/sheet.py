"""The grid as its template needs it: heads, lines and totals written out, and every link."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import groupby
from secrets import token_urlsafe

from flask import current_app, flash
from flask_babel import gettext, ngettext
from markupsafe import Markup

from crmapp.analytics.arguments import FOCUS
from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Dimension
from crmapp.analytics.engine import Answer, Row
from crmapp.analytics.modes import OF_ONE_MEASURE
from crmapp.analytics.query import Question, carried, measures_for
from crmapp.blueprints.grid import charts, choices, words
from crmapp.blueprints.grid.address import DAYS, address, grid_url
from crmapp.blueprints.grid.cells import Cell, Head, Line
from crmapp.blueprints.grid.charts import Chart
from crmapp.blueprints.grid.choices import Choice
from crmapp.blueprints.grid.numbers import is_summed
from crmapp.blueprints.grid.row_writer import RowWriter
from crmapp.services import focuses, grids
from crmapp.services.focuses import Focus
from crmapp.web.access import current_user
from crmapp.web.kept import Texts
from crmapp.web.paging import Pager
from crmapp.web.templating import number
from crmapp.web.texts import language

MOST = 5_000
"""So many rows are kept by a process, about three kilobytes each."""
_texts = Texts(MOST)


def sheet_of(question: Question) -> Sheet:
    """Ask, and prepare the answer for the page; a page behind the end becomes the last one."""
    answer = grids.answer(question, by=current_user)
    if question.page > answer.pages:
        text = ngettext(
            "There is only this page.",
            "There are %(count)s pages; this is the last.",
            answer.pages,
            count=number(answer.pages),
        )
        flash(text, "info")
        answer = grids.answer(question.change(page=answer.pages), by=current_user)
    return Sheet(answer, focuses.of(question, by=current_user))


class Sheet:
    """One page of the grid, written out in the reader's language."""

    def __init__(self, answer: Answer, focused: Sequence[Focus] = ()) -> None:
        self.dataset = answer.dataset
        self.answer = answer
        self.focused = tuple(focused)
        self.question = answer.question
        self.shape: Dimension = answer.dataset.dimension(answer.question.dimension)
        self.locale = language()

    # --- columns --------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[Column]:
        """Properties, then measures; a total of others stands before them, in sight."""
        return sorted(self.answer.columns, key=self._place)

    @cached_property
    def numbers(self) -> list[Column]:
        """The columns of the measures."""
        return [column for column in self.columns if column.measure]

    @cached_property
    def heads(self) -> list[Head]:
        return [self._head(column) for column in self.columns]

    @property
    def properties(self) -> list[Head]:
        return [head for head in self.heads if not head.column.measure]

    @cached_property
    def measures(self) -> list[Head]:
        return [head for head in self.heads if head.column.measure]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """What stands above the measures' columns: a measure and how many columns it has."""
        names = [head.column.measure for head in self.measures]
        return [(self.measure_text(name), len(list(same))) for name, same in groupby(names)]

    def measure_text(self, name: str) -> str:
        return words.measure_text(self.dataset, name, self.locale)

    def _place(self, column: Column) -> tuple[int, bool]:
        """Where a column stands; sorting keeps the order of those that stand in one place."""
        measures = self.question.shown_measures
        if not column.measure:
            return -1, False
        return measures.index(column.measure), column.period_key != "total"

    def _head(self, column: Column) -> Head:
        question = self.question
        sorted_now = question.sort == column.name
        down = not question.descending if sorted_now else column.numeric
        return Head(
            column=column,
            text=self.head_text(column),
            href=self.url(sort=column.name, descending=down),
            state=("descending" if question.descending else "ascending") if sorted_now else "",
            title=column.name == self.named,
            aside=column.name in self.aside,
        )

    @cached_property
    def aside(self) -> frozenset[str]:
        """The columns that give way to figures on a phone: properties that nobody asked for."""
        shown = self.question.properties
        return frozenset(shown) - {self.named} if shown == self.shape.shown else frozenset()

    def heading(self, head: Head) -> str:
        """What stands over a column where groups do not: ``Value (USD) – Nov 2025``."""
        measure = self.measure_text(head.column.measure) if head.column.measure else head.text
        return measure if measure == head.text else f"{measure} – {head.text}"

    def head_text(self, column: Column) -> str:
        if not column.measure:
            return column.label.text(self.locale)
        if self.question.mode == "total":
            return self.measure_text(column.measure)
        return words.period_text(column)

    # --- rows -----------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> list[Line]:
        return [self._write.line(row) for row in self.answer.rows]

    @cached_property
    def rows(self) -> Markup:
        """The lines as they stand in the table: what was written before is not written again."""
        frame = f"{self.answer.snapshot} {self.locale} {self.url(selection=None)}"
        texts = (
            _texts.of(
                (frame, each.key, each.selected, each.varies, *each.values.values()),
                partial(self._written, each),
            )
            for each in self.answer.rows
        )
        return Markup("".join(texts))  # noqa: S704  (written by a template)

    def _written(self, row: Row) -> str:
        macros = current_app.jinja_env.get_template("grid/_rows.html").module
        varies = gettext("There are several values; the latest by date is shown.")
        return str(macros.row(self._write.line(row), varies))  # type: ignore[attr-defined]  # its macro

    @cached_property
    def totals(self) -> list[Cell]:
        """The totals of the measures' columns, over everything that matches."""
        return self._write.totals()

    @cached_property
    def _write(self) -> RowWriter:
        return RowWriter(self)

    @cached_property
    def named(self) -> str:
        """The property that names a row: the dimension's, or else the first that is shown."""
        shown = self.question.properties
        return self.shape.title if self.shape.title in shown else shown[0]

    # --- words ----------------------------------------------------------------------------------

    @property
    def caption(self) -> str:
        return gettext(
            "%(dimension)s, %(period)s",
            dimension=self.shape.label.text(self.locale),
            period=f"{self.chosen_mode}, {self.chosen_period}",
        )

    @property
    def count_text(self) -> str:
        return ngettext("%(count)s row", "%(count)s rows", self.count, count=number(self.count))

    @property
    def selected_text(self) -> str:
        count = number(self.selected)
        return ngettext("%(count)s selected", "%(count)s selected", self.selected, count=count)

    @property
    def notes(self) -> list[str]:
        return words.notes(self)

    @property
    def empty_text(self) -> str:
        return words.why_empty(self)

    @property
    def remedies(self) -> list[tuple[str, str]]:
        return words.remedies(self)

    @cached_property
    def upsert(self) -> words.Upsert | None:
        return words.upsert(self)

    def is_whole(self, column: Column) -> bool:
        """Whether a column's amounts are written without cents."""
        return column.kind == "money" and is_summed(self.dataset, column)

    # --- choices --------------------------------------------------------------------------------

    @cached_property
    def modes(self) -> list[Choice]:
        return choices.modes(self.question, self.dataset)

    @cached_property
    def chosen_mode(self) -> str:
        return choices.chosen(self.modes)

    @cached_property
    def periods(self) -> list[Choice]:
        return choices.periods(self.question, self.dataset)

    @cached_property
    def chosen_period(self) -> str:
        return choices.period_text(self.question.period, self.answer.calendar)

    @cached_property
    def views(self) -> list[Choice]:
        return charts.views(self)

    @cached_property
    def chart(self) -> Chart | None:
        return charts.chart_of(self)

    @property
    def against(self) -> list[Choice]:
        return choices.against(self.question)

    @property
    def chosen_against(self) -> str:
        return choices.period_text(self.question.against, self.answer.calendar)

    @property
    def across(self) -> list[Choice]:
        return choices.across(self.question, self.dataset, self.locale)

    @property
    def chosen_across(self) -> str:
        return choices.chosen(self.across)

    @property
    def tops(self) -> list[Choice]:
        return choices.tops(self.question)

    @property
    def of_one_measure(self) -> bool:
        return self.question.mode in OF_ONE_MEASURE

    @property
    def measures_offered(self) -> tuple[str, ...]:
        return measures_for(self.dataset, self.question.mode)

    def days(self, name: str) -> list[tuple[str, str]]:
        """The two fields for the days of ``period`` or ``against``, with the days they are now."""
        calendar, question = self.answer.calendar, self.question
        span = (
            calendar.span(question.period)
            if name == "period"
            else calendar.compared(question.period, question.against)
        )
        days = (span.start.isoformat(), span.end.isoformat()) if span else ("", "")
        return list(zip(DAYS[name], days, strict=True))

    @cached_property
    def activities(self) -> list[Choice]:
        return choices.activities(self.question)

    @cached_property
    def sizes(self) -> list[Choice]:
        return choices.sizes(self.question)

    @property
    def chosen_activity(self) -> str:
        return choices.chosen(self.activities)

    # --- counts ---------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        return self.answer.count

    @property
    def selected(self) -> int:
        return self.answer.selected

    @property
    def page_selected(self) -> bool:
        rows = self.answer.rows
        return bool(rows) and all(row.selected for row in rows)

    @property
    def offers_all(self) -> bool:
        """Whether the page is selected and there is more: the second step of selecting all."""
        return self.page_selected and self.answer.pages > 1 and self.selected < self.count

    @property
    def restricted(self) -> bool:
        """Whether the reader sees only some accounts' figures."""
        return not current_user.sees_all

    # --- addresses ------------------------------------------------------------------------------

    @property
    def here(self) -> str:
        """The address of this grid without any argument."""
        return grid_url(self.dataset.name, self.shape.name)

    @cached_property
    def afresh(self) -> Question:
        """The question from its first page on: all that most of the addresses follow from."""
        return self.question.change()

    def url(self, **changes: object) -> str:
        """The address of this grid with some of its question changed."""
        return address(self.question.change(**changes))

    def dimension_url(self, name: str) -> str:
        """The address of another dimension: with the same period, measures and focus."""
        focus = {f"{FOCUS}{each}": number for each, number in self.question.focus}
        return grid_url(self.dataset.name, name, carried(self.question, name) | focus)

    def file_url(self, kind: str) -> str:
        """Where all that this grid shows is a file: csv or xlsx."""
        return address(self.afresh, f"grid.{kind}")

    @property
    def large(self) -> bool:
        """Whether it has more rows than a file that is sent at once may have."""
        return self.count > grids.WHOLE

    def new_key(self) -> str:
        """Keeps a form that is sent twice from working twice."""
        return token_urlsafe(16)

    @property
    def export_url(self) -> str:
        """Where a file of any size is asked for."""
        return address(self.afresh, "grid.export")

    @property
    def selection_url(self) -> str:
        """Where a changed selection of this very page is sent to."""
        return address(self.question, "grid.select")

    def without(self, *names: str) -> list[tuple[str, str]]:
        """The question's arguments as hidden fields, without those a form has fields for.

        Another period would come in its own usual mode: the present one is named.
        """
        args = self.afresh.to_args()
        if "period" in names:
            args["mode"] = self.question.mode
        return [(name, value) for name, value in args.items() if name not in names]

    def unfocused_url(self, dimension: str) -> str:
        kept = tuple(pair for pair in self.question.focus if pair[0] != dimension)
        return self.url(focus=kept)

    @property
    def pager(self) -> Pager:
        page, size = self.question.page, self.question.size
        first = (page - 1) * size + 1
        label = gettext(
            "%(first)s–%(last)s of %(count)s",
            first=number(first),
            last=number(first + len(self.answer.rows) - 1),
            count=number(self.count),
        )
        return Pager(
            label=label if self.answer.rows else "",
            first=self.url(page=1) if page > 2 else None,
            previous=self.url(page=page - 1) if page > 1 else None,
            next=self.url(page=page + 1) if page < self.answer.pages else None,
        )
