"""What an account bought and no longer buys: its figures from every database that knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain

from sqlalchemy import select

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Engine, Row, Value
from crmapp.analytics.query import SIZES, Question, Selection, measures_for
from crmapp.analytics.ranges import Calendar
from crmapp.db import session
from crmapp.domain.rhythm import Rhythm, is_lost, rhythm
from crmapp.errors import DatasetError, NotFound, Unavailable
from crmapp.models import Account, ExternalIdentity, User
from crmapp.services import datasets
from crmapp.services.grids import SYSTEM

_CHOSEN = 1  # the number of the only selection: the account's customers
Problem = DatasetError | NotFound | Unavailable


@dataclass(frozen=True)
class Category:
    """What an account bought of a category: in the year ``before`` the last twelve months, and in
    those (``now``, none if nothing), with the rhythm of its orders and whether it is given up.
    """

    key: str
    title: str
    before: int | float | Decimal
    now: Value
    rhythm: Rhythm
    lost: bool

    @property
    def shrinking(self) -> bool:
        """Whether less than half of it is left."""
        now = self.now if isinstance(self.now, int | float | Decimal) else 0
        return not self.lost and 2 * now < self.before


@dataclass(frozen=True)
class Figures:
    """What a database knows of one account, which is its customers ``keys``.

    ``totals`` has one value per column: the year to date, and twelve months of each measure.
    ``categories`` are those of which something was bought in the year before the last twelve
    months, what was worth most first, by the measure ``main``; of many, the first 200.
    """

    dataset: Dataset
    snapshot: str
    calendar: Calendar
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    totals: Mapping[str, Value]
    rhythm: Rhythm
    main: str
    categories: tuple[Category, ...]


def of(account_id: int, *, by: User) -> tuple[list[Figures], list[Problem]]:
    """Return the figures of an account that ``by`` sees, and why a database has none to give.

    Both are empty if no database knows the account.
    """
    found: list[Figures] = []
    problems: list[Problem] = []
    for name, customers in _customers(account_id, by).items():
        try:
            engine = datasets.engine_for(name)
            keys = tuple(key for kind, key in customers if kind == engine.dataset.accounts)
            if keys:
                found.append(_figures(engine, keys))
        except (DatasetError, NotFound, Unavailable) as problem:
            problems.append(problem)
    return found, problems


def _customers(account_id: int, by: User) -> dict[str, list[tuple[str, str]]]:
    """Return database → (dimension, key) of the entities that the ledger says the account is."""
    identity = ExternalIdentity
    query = (
        select(identity.system, identity.object, identity.external_id)
        .join(Account, Account.id == identity.account_id)
        .where(identity.account_id == account_id, identity.system.startswith(SYSTEM))
        .where(Account.visible_to(by, deleted=True))
        .order_by(identity.system, identity.external_id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for system, kind, key in session.execute(query):
        found.setdefault(system.removeprefix(SYSTEM), []).append((kind, key))
    return found


def _figures(engine: Engine, keys: tuple[str, ...]) -> Figures:
    dimension = engine.dataset.accounts or ""
    customers = Selection.some(dimension, keys)
    columns: list[Column] = []
    totals: dict[str, Value] = {}
    for question in _questions(engine.dataset, dimension):
        answer = engine.answer(question, selections={_CHOSEN: customers})
        measures = [column for column in answer.columns if column.measure]
        columns += measures
        totals |= {column.name: answer.totals[column.name] for column in measures}
    main = next(iter(measures_for(engine.dataset, "share") or engine.dataset.measures))
    days = engine.days(customers, main, engine.dataset.categories or dimension)
    return Figures(
        engine.dataset,
        engine.snapshot,
        engine.calendar,
        keys,
        tuple(columns),
        totals,
        rhythm(chain.from_iterable(days.values()), engine.calendar.through),
        main,
        _categories(engine, customers, main, days),
    )


def _categories(
    engine: Engine, customers: Selection, main: str, days: Mapping[str, Sequence[date]]
) -> tuple[Category, ...]:
    dimension = engine.dataset.categories
    if dimension is None:
        return ()
    title = engine.dataset.dimension(dimension).title
    asked = {"period": "months", "mode": "summary", "measures": main, "properties": title}
    asked |= {"sort": f"-{main}.previous", "size": str(SIZES[-1])}
    asked |= {f"focus.{customers.dimension}": str(_CHOSEN)}
    question = Question.from_args(engine.dataset, dimension, asked)
    rows = engine.answer(question, selections={_CHOSEN: customers}).rows
    today = engine.calendar.through
    found = (_category(row, title, main, days.get(row.key, ()), today) for row in rows)
    return tuple(category for category in found if category is not None)


def _category(
    row: Row, title: str, main: str, days: Sequence[date], today: date
) -> Category | None:
    """What was bought of a category; nothing if it was not, or only sent back, or is none."""
    before, now = (row.values[f"{main}.{key}"] for key in ("previous", "current"))
    if row.missing or not isinstance(before, int | float | Decimal) or before <= 0:
        return None
    habit = rhythm(days, today)
    called = str(row.values[title] or row.key)
    return Category(row.key, called, before, now, habit, is_lost(habit, today))


def _questions(dataset: Dataset, dimension: str) -> list[Question]:
    every = ",".join(dataset.measures)
    focus = {f"focus.{dimension}": str(_CHOSEN)}
    asked = [{"period": "ytd", "measures": every} | focus]
    asked += [{"period": "months", "measures": one} | focus for one in dataset.measures]
    return [Question.from_args(dataset, dimension, args) for args in asked]
