"""The transactions behind a number of the grid, so that it can be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from flask import Response, request
from flask_babel import gettext

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import MISSING, Dataset
from crmapp.analytics.engine import Value
from crmapp.analytics.query import Number, Question
from crmapp.analytics.transactions import Transactions
from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import address, asked, grid_url
from crmapp.blueprints.grid.choices import Choice, chosen
from crmapp.blueprints.grid.numbers import writer
from crmapp.blueprints.grid.words import number_text
from crmapp.domain.permissions import Right
from crmapp.services import grids
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page
from crmapp.web.paging import Pager
from crmapp.web.templating import number as written
from crmapp.web.texts import language

OURS = ("of", "key", "account")
"""Arguments of this page beside the question's: the number's column, the keys of its entities, and
those of the accounts that it is narrowed down to."""


@bp.get("/<dataset>/<dimension>/transactions")
@requires(Right.GRID_VIEW)
def transactions(dataset: str, dimension: str) -> Response:
    """Show the transactions behind a number, newest first, and that they add up to it."""
    question = asked(dataset, dimension, besides=OURS)
    column, keys, accounts = request.args.get("of", ""), *map(request.args.getlist, OURS[1:])
    number = Number.read(question, column, keys, accounts)
    found = grids.transactions(question, number, by=current_user)
    shape = grids.dataset(dataset, by=current_user)
    view = TransactionsView(shape, question, found, column, number)
    return page("grid/transactions.html", "grid/_transactions.html", view=view)


class TransactionsView:
    """A page of transactions, written out in the reader's language."""

    def __init__(
        self, dataset: Dataset, question: Question, found: Transactions, column: str, number: Number
    ) -> None:
        self.dataset = dataset
        self.question = question
        self.found = found
        self.column = column
        self.number = number
        self.shape = dataset.dimension(question.dimension)
        self.locale = language()

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """The columns' words, and whether numbers stand below them."""
        return [(each.label.text(self.locale), each.numeric) for each in self.found.columns]

    @cached_property
    def rows(self) -> list[list[str]]:
        return [
            [self._text(column, row[column.name]) for column in self.found.columns]
            for row in self.found.rows
        ]

    @property
    def totals(self) -> list[str]:
        """What all transactions come to, a text for each column; empty below what is no measure."""
        totals = self.found.totals
        return [
            self._text(column, totals[column.name]) if column.name in totals else ""
            for column in self.found.columns[1:]
        ]

    @property
    def entity(self) -> str:
        """Whose transactions they are: the entity's name; of the total, all that was in view."""
        names = self._names(self.shape.name, self.number.entities)
        of = names or gettext("Total")
        accounts = self._names(self.dataset.accounts or "", self.number.accounts)
        return f"{of} · {accounts}" if accounts else of

    @cached_property
    def choices(self) -> list[Choice]:
        """The numbers of the row, each with its transactions."""
        return [
            Choice(
                number_text(self.dataset, column, self.locale),
                self._url(of=column.name),
                column.name == self.column,
            )
            for column in self.found.numbers
        ]

    @property
    def chosen_text(self) -> str:
        return chosen(self.choices)

    @property
    def grid(self) -> str:
        """The address of the grid that the number stands in."""
        return address(self.question.change())

    @property
    def pager(self) -> Pager:
        number, size, count = self.question.page, self.question.size, self.found.count
        first = (number - 1) * size + 1
        last = first + len(self.rows) - 1
        label = gettext(
            "%(first)s–%(last)s of %(count)s",
            first=written(first),
            last=written(last),
            count=written(count),
        )
        return Pager(
            label=label if self.rows else "",
            first=self._url() if number > 2 else None,
            previous=self._url(page=number - 1) if number > 1 else None,
            next=self._url(page=number + 1) if last < count else None,
        )

    def _url(self, of: str = "", page: int = 1) -> str:
        args: dict[str, str | list[str]] = {**self.question.change(page=page).to_args()}
        args |= {"of": of or self.column, "key": list(self.number.entities)}
        args |= {"account": list(self.number.accounts)}
        return grid_url(self.dataset.name, self.shape.name, args, "grid.transactions")

    def _text(self, column: Column, value: Value) -> str:
        return self._writers[column.name](self._entity(column.name, value))

    def _names(self, dimension: str, keys: Sequence[str]) -> str:
        """How the entities with these keys are called on the page, or else their keys."""
        of = f"of.{dimension}"
        found = [str(self._entity(of, row[of])) for row in self.found.rows if keys]
        return ", ".join(dict.fromkeys(found or keys))

    def _entity(self, column: str, value: Value) -> Value:
        shape = self.dataset.dimensions.get(column.removeprefix("of."))
        if value == MISSING and shape is not None and shape.missing is not None:
            return shape.missing.text(self.locale)
        return value

    @cached_property
    def _writers(self) -> Mapping[str, Callable[[Value], str]]:
        return {column.name: writer(self.dataset, column) for column in self.found.columns}
