"""The grid as one person sees it: answers, selections and sources within what she may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmapp.analytics.columns import row_columns
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Answer, Engine, Row
from crmapp.analytics.query import Number, Question, selection_of
from crmapp.analytics.transactions import Transactions
from crmapp.config import settings
from crmapp.db import session
from crmapp.domain.permissions import Right
from crmapp.errors import Forbidden
from crmapp.i18n import LOCALES
from crmapp.models import Account, ExternalIdentity, User
from crmapp.services import datasets, selections, sources
from crmapp.services.sources import Rows, SourceColumn, by_key

SYSTEM = "dataset:"
"""How the ledger of identities begins the names of databases."""
WHOLE = 20_000
"""The most rows that one answer may hold; more do not belong into one request."""


def ask(name: str, dimension: str, args: Mapping[str, str], *, by: User) -> Question:
    """Read a URL's arguments as a question about a dataset.

    Raises:
        Forbidden: ``by`` may not open the grid.
        NotFound: there is no such dataset or dimension.
        Invalid: an argument cannot be used.
    """
    return Question.from_args(_engine(name, by).dataset, dimension, args)


def dataset(name: str, *, by: User) -> Dataset:
    """The dataset as its current snapshot was built."""
    return _engine(name, by).dataset


def answer(question: Question, *, by: User) -> Answer:
    """One page of the grid, with totals and count over all that matches and ``by`` may see.

    Raises:
        Forbidden, NotFound, Invalid
        Unavailable: the question takes too long or too much memory.
    """
    engine = _engine(question.dataset, by)
    return engine.answer(
        question,
        restriction=restriction_for(by, engine.dataset),
        selections=selections.referred(question, engine.dataset, by=by),
    )


def whole(question: Question, *, by: User) -> Answer | None:
    """Every row that matches, on one page, in the order of the grid; for a file.

    None if there are more than :data:`WHOLE` rows.

    Raises:
        Forbidden, NotFound, Unavailable
        Invalid: an argument cannot be used.
    """
    found = answer(question.change(page=1, size=WHOLE), by=by)
    return found if found.count <= WHOLE else None


def transactions(question: Question, number: Number, *, by: User) -> Transactions:
    """The facts behind a number of the grid: the page and size of the question, newest first.

    Raises:
        Forbidden, NotFound, Invalid, Unavailable
    """
    engine = _engine(question.dataset, by)
    return engine.transactions(
        question,
        number,
        page=question.page,
        size=question.size,
        restriction=restriction_for(by, engine.dataset),
        selections=selections.referred(question, engine.dataset, by=by),
    )


def select_all(question: Question, *, by: User) -> int:
    """Select everything that the question matches; return the id of the selection."""
    answer(question.change(selection=None), by=by)
    return selections.select_all(question, by=by)


def restriction_for(user: User, dataset: Dataset) -> frozenset[str] | None:
    """The keys of the accounts whose figures ``user`` may see; None is all of them.

    They come from the ledger of identities, which only runs write: a number that somebody typed
    into an account opens no figures.
    """
    if user.sees_all:
        return None
    if dataset.accounts is None:
        return frozenset()
    system, kind = identity(dataset, dataset.accounts)
    query = (
        select(ExternalIdentity.external_id)
        .join(Account, Account.id == ExternalIdentity.account_id)
        .where(ExternalIdentity.system == system, ExternalIdentity.object == kind)
        .where(Account.visible_to(user))
    )
    return frozenset(session.scalars(query))


def identity(dataset: Dataset, dimension: str) -> tuple[str, str]:
    """How the ledger of identities names a dimension's entities: system and object."""
    return SYSTEM + dataset.name, dimension


def source(question: Question, *, by: User) -> dict[str, Any]:
    """Freeze what a run would read: the selected rows, or all that the question matches.

    Raises:
        Forbidden, NotFound, Invalid
    """
    engine = _engine(question.dataset, by)
    referred = selections.referred(question, engine.dataset, by=by)
    selected = question.selection
    if selected is not None:
        chosen = selection_of(referred, selected, question.dimension)
        if chosen.mode == "some" and not chosen.keys:  # everything was deselected again
            return source(question.change(selection=None), by=by)
    return {
        "kind": "grid",
        "dataset": question.dataset,
        "snapshot": engine.snapshot,
        "dimension": question.dimension,
        "args": question.change().to_args(),
        "selections": selections.kept(referred),
        "identity": list(identity(engine.dataset, question.dimension)),
        "origin": {"kind": "grid", "dataset": question.dataset, "snapshot": engine.snapshot},
        "everything": selected is None,
        "titles": titles(engine.dataset, question.dimension),
    }


def titles(dataset: Dataset, dimension: str) -> dict[str, str]:
    """What a run over a grid is called, in each language: *Sales · Customers*."""
    shape = dataset.dimension(dimension)
    return {
        locale: f"{dataset.label.text(locale)} · {shape.label.text(locale)}" for locale in LOCALES
    }


def renew(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Pin a source to the newest snapshot of its dataset."""
    snapshot = datasets.engine_for(kept["dataset"]).snapshot
    return {**kept, "snapshot": snapshot, "origin": {**kept["origin"], "snapshot": snapshot}}


class GridSource:
    """The rows of a frozen question about a pinned snapshot, for the pipeline."""

    def __init__(self, kept: Mapping[str, Any], by: User) -> None:
        self._engine = datasets.engine_for(kept["dataset"], kept["snapshot"])
        shape = self._engine.dataset
        self._question = Question.from_args(shape, kept["dimension"], kept["args"])
        self._selections = selections.unkept(kept["selections"], shape)
        number = self._question.selection
        self._selection = self._selections[number] if number is not None else None
        self._restriction = restriction_for(by, shape)
        self._locale = by.locale or settings().default_locale

    def columns(self, locale: str = "") -> Sequence[SourceColumn]:
        """The dimension's properties and the question's measures, with samples."""
        language = locale or self._locale
        rows = self._rows(None, sources.SAMPLED)
        return [
            sources.column(
                column.name, column.heading(language), [row.values[column.name] for row in rows]
            )
            for column in row_columns(self._engine.dataset, self._question, self._engine.calendar)
        ]

    def count(self) -> int:
        return self._engine.count(
            self._question,
            selection=self._selection,
            restriction=self._restriction,
            selections=self._selections,
        )

    def rows(self, after: str | None, limit: int) -> Rows:
        return by_key([(row.key, _filled(row)) for row in self._rows(after, limit, going_on=True)])

    def _rows(self, after: str | None, limit: int, going_on: bool = False) -> list[Row]:
        return self._engine.rows(
            self._question,
            selection=self._selection,
            restriction=self._restriction,
            selections=self._selections,
            after=after,
            limit=limit,
            going_on=going_on,
        )


def _filled(row: Row) -> dict[str, Any]:
    """Return what is there of a row: most have no figures in most of the grid's columns."""
    return {name: value for name, value in row.values.items() if value is not None}


def _engine(name: str, by: User) -> Engine:
    if not by.can(Right.GRID_VIEW):
        raise Forbidden(Right.GRID_VIEW)
    return datasets.engine_for(name)
