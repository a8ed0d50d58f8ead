"""A source of customers that tests make up, and CRM mappings over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crmapp.connectors.port import Check
from crmapp.db import session, unit_of_work
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.models import Account, FeedSource, Run
from crmapp.services import crm_mappings, feed_kinds, feeds, runs, undo
from crmapp.services.feed_kinds import FeedKind
from crmapp.services.feed_readers import Column, Cut, Told
from tests.factories import Make

KIND = "made up"
COLUMNS = ("id", "code", "name", "phone", "city", "zip", "changed", "territory")
COLUMNS += ("tax", "email", "branch")
MAPPING = FieldMapping({"name": "name", "number": "code", "phone": "phone"})
PAGE = 3


@dataclass
class Erp:
    """Customers there, by id; ``delta``: it says which changed since the last reading."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    delta: bool = False
    deletions: bool = True
    key: str = "id"
    before: Callable[[int], object] = lambda _page: None
    log: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def check(self) -> Check:
        return Check("Made up", "", "1")

    def objects(self) -> list[Any]:
        return []

    def columns(self, locale: str) -> Sequence[Column]:
        return [Column(name, name.title()) for name in COLUMNS]

    def count(self) -> int:
        return len(self.rows)

    def cuts(self, names: Sequence[str], cursor: Mapping[str, Any] | None) -> Iterator[Cut]:
        since = (cursor or {}).get("at", 0)
        found = [row for at, row in enumerate(self.rows, 1) if not self.delta or at > since]
        for first in range(0, len(found), PAGE):
            self.before(first // PAGE)
            rows = found[first : first + PAGE]
            place = {"at": since + first + len(rows)} if self.delta else None
            yield Cut(rows, place)

    def missing(self, names: Sequence[str]) -> Sequence[str]:
        return [name for name in names if name not in COLUMNS]

    def first(self) -> Iterator[dict[str, Any]]:
        yield from self.rows

    def ids(self) -> Iterator[Sequence[str]]:
        yield [row["id"] for row in self.rows]


_ERPS: dict[str, Erp] = {}


@contextmanager
def _open(told: Told) -> Iterator[Erp]:
    yield _ERPS[told.values["erp"]]


def source(make: Make, erp: Erp, name: str = "Our ERP", **more: Any) -> int:
    """Set a source up that reads ``erp``; return its id."""
    made = FeedKind(
        KIND,
        "Made up",
        "",
        "link",
        (),
        delta=True,
        open=_open,
        object_of=lambda _values: "customer",
    )
    feed_kinds.KINDS[KIND] = made
    _ERPS[name] = erp
    with unit_of_work():
        row = FeedSource(
            name=name,
            kind=KIND,
            settings={"erp": name},
            secrets="",
            object="customer",
            key_column="id",
            **more,
        )
        session.add(row)
        session.flush()
        return row.id


def customer(number: int, name: str = "", **more: Any) -> dict[str, Any]:
    called = name or f"Customer {number}"
    return {"id": f"K{number}", "code": f"C{number}", "name": called, "phone": "555 123", **more}


def mapping(make: Make, *sources: int, content: Content | None = None, name: str = "ERP") -> int:
    """Add a CRM mapping of sources, left to right."""
    plain = Content(tuple(FedBy(each, MAPPING) for each in sources))
    return crm_mappings.add(name, content or plain, by=make.alice)


def feed(make: Make, mapping_id: int, **how: Any) -> Run | None:
    """Run a CRM mapping to its end; ``None`` if it left no run behind."""
    run_id = feeds.start(mapping_id, by=make.alice, **how)
    return work(run_id)


def work(run_id: int) -> Run | None:
    for _phase in range(2):
        runs.work(run_id)
    session.rollback()
    return session.get(Run, run_id)


def take_back(make: Make, run: Run) -> None:
    work(undo.undo_later(run.id, by=make.alice, key=None))


def living(**by: Any) -> list[Account]:
    """Return the living accounts that have a number, in its order."""
    session.rollback()
    query = select(Account).where(Account.deleted_at.is_(None), Account.number.is_not(None))
    return list(session.scalars(query.filter_by(**by).order_by(Account.number, Account.id)))


def numbers() -> list[str | None]:
    return [account.number for account in living()]
