"""What an account bought: its own figures from every database that knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Engine, Value
from crmapp.analytics.query import Question, Selection
from crmapp.analytics.ranges import Calendar
from crmapp.db import session
from crmapp.domain.rhythm import Rhythm, rhythm
from crmapp.errors import DatasetError, NotFound, Unavailable
from crmapp.models import Account, ExternalIdentity, User
from crmapp.services import datasets
from crmapp.services.grids import SYSTEM

_CHOSEN = 1  # the number of the only selection: the account's customers
Problem = DatasetError | NotFound | Unavailable


@dataclass(frozen=True)
class Figures:
    """What a database knows of one account, which is its customers ``keys``.

    ``totals`` has one value per column: the year to date, and twelve months of each measure.
    """

    dataset: Dataset
    snapshot: str
    calendar: Calendar
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    totals: Mapping[str, Value]
    rhythm: Rhythm


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
    days = engine.days(customers)
    return Figures(
        engine.dataset,
        engine.snapshot,
        engine.calendar,
        keys,
        tuple(columns),
        totals,
        rhythm(days, engine.calendar.through),
    )


def _questions(dataset: Dataset, dimension: str) -> list[Question]:
    every = ",".join(dataset.measures)
    focus = {f"focus.{dimension}": str(_CHOSEN)}
    asked = [{"period": "ytd", "measures": every} | focus]
    asked += [{"period": "months", "measures": one} | focus for one in dataset.measures]
    return [Question.from_args(dataset, dimension, args) for args in asked]
