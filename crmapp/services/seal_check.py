"""Checks the seals on the audit trail, and names the first that is broken."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from crmapp.db import session
from crmapp.domain import sealing
from crmapp.domain.sealing import Fault
from crmapp.i18n import N_, Text
from crmapp.models import AuditEvent, Seal
from crmapp.services import audit
from crmapp.services.seals import CHANGES, EVENTS, TABLES, columns, sealed_up_to

FAULTS: dict[Fault, str] = {
    Fault.CHANGED: N_("Seal %(number)s is broken: %(what)s %(id)s was changed later."),
    Fault.REMOVED: N_("Seal %(number)s is broken: %(what)s %(id)s was taken away."),
    Fault.ADDED: N_("Seal %(number)s is broken: %(what)s %(id)s was added later."),
    Fault.LINK: N_("Seal %(number)s is broken: it does not fit the one before it."),
}
WHAT = {EVENTS: N_("event"), CHANGES: N_("change")}


@dataclass(frozen=True)
class Broken:
    """The first seal that does not hold, and the row that it does not hold for, if it is one."""

    number: int
    stream: str
    fault: Fault
    row_id: int = 0

    @property
    def sentence(self) -> Text:
        """What is broken, in words."""
        what = Text(WHAT[self.stream])
        return Text(FAULTS[self.fault], {"number": self.number, "what": what, "id": self.row_id})


@dataclass(frozen=True)
class Verdict:
    """How many seals and rows were checked, how many rows wait for one, and the last digest."""

    seals: int
    rows: int
    waiting: int
    head: str
    broken: Broken | None


def check(newest: int | None = None, heads: Callable[[int, str], None] | None = None) -> Verdict:
    """Check all seals, or so many of the newest, from the oldest to the newest.

    ``heads`` is told the number and the digest of each, for who knows one from before.
    """
    last = session.scalar(select(func.max(Seal.number))) or 0
    begin = max(1, last - newest + 1) if newest else 1
    walk = _Walk(begin)
    broken = None
    for seal in _from(begin):
        broken = walk.step(seal)
        if broken:
            break
        if heads:
            heads(seal.number, seal.digest)
    verdict = Verdict(walk.seals, walk.rows, waiting(), walk.head, broken)
    session.rollback()
    return verdict


def waiting() -> int:
    """Return how many rows have no seal yet."""
    return sum(_waiting(stream) for stream in TABLES)


def _from(number: int) -> Iterator[Seal]:
    """Yield the seals from a number on, each let go before the next is read."""
    while True:
        query = select(Seal).where(Seal.number >= number).order_by(Seal.number).limit(1)
        seal = session.scalars(query).one_or_none()
        if seal is None:
            return
        session.expunge(seal)
        yield seal
        number = seal.number + 1


class _Walk:
    """Goes from seal to seal and knows what the next one has to begin with."""

    def __init__(self, begin: int) -> None:
        before = session.get(Seal, begin - 1) if begin > 1 else None
        self.number = begin
        self.head = before.digest if before else sealing.FIRST
        self.seals = self.rows = 0
        self._next = {stream: _first(stream, begin) for stream in TABLES}
        self._erased = _erased_changes()
        self._people = _erased_people()

    def step(self, seal: Seal) -> Broken | None:
        """Check one seal; return what is wrong with it."""
        fits = (seal.number, seal.previous) == (self.number, self.head)
        if not fits or seal.stream not in TABLES or seal.first != self._next[seal.stream]:
            stream = seal.stream if seal.stream in TABLES else EVENTS
            return Broken(self.number, stream, Fault.LINK)
        covered = (seal.previous, seal.stream, seal.first, seal.last)
        if sealing.digest(*covered, seal.rows) != seal.digest:
            return Broken(seal.number, seal.stream, Fault.LINK)
        found = self._rows(seal)
        self.number, self.head = seal.number + 1, seal.digest
        self._next[seal.stream] = seal.last + 1
        self.seals, self.rows = self.seals + 1, self.rows + sealing.count(seal.rows)
        return found

    def _rows(self, seal: Seal) -> Broken | None:
        own = TABLES[seal.stream].c
        span = own.id.between(seal.first, seal.last)
        rows = session.execute(select(*columns(seal.stream)).where(span).order_by(own.id))
        gone = self._is_erased if seal.stream == CHANGES else _never
        found = sealing.compare(seal.rows, (tuple(row) for row in rows), gone)
        if found:
            return Broken(seal.number, seal.stream, found.fault, found.row_id)
        return self._places(seal) if seal.stream == EVENTS else None

    def _places(self, seal: Seal) -> Broken | None:
        """Check the addresses and browsers of events by their commitments."""
        events = select(AuditEvent).where(AuditEvent.id.between(seal.first, seal.last))
        for event in session.scalars(events.order_by(AuditEvent.id)):
            if event.salt is None and event.commitment and event.by_id in self._people:
                continue
            if audit.commitment(event.salt, event.address, event.agent) != event.commitment:
                return Broken(seal.number, EVENTS, Fault.CHANGED, event.id)
        return None

    def _is_erased(self, change_id: int) -> bool:
        place = bisect_right(self._erased, (change_id, 2**63)) - 1
        return place >= 0 and change_id <= self._erased[place][1]


def _never(_row_id: int) -> bool:
    return False


def _first(stream: str, begin: int) -> int:
    """Return the id with which the first seal of a stream from number ``begin`` on begins."""
    before = select(func.max(Seal.last)).where(Seal.stream == stream, Seal.number < begin)
    return (session.scalar(before) or 0) + 1


def _erased_changes() -> list[tuple[int, int]]:
    told = session.scalars(select(AuditEvent.details).where(AuditEvent.kind == "records_erased"))
    return sorted((first, last) for each in told for first, last in each.get("changes", []))


def _erased_people() -> set[int]:
    told = session.scalars(
        select(AuditEvent.about_id).where(
            AuditEvent.kind == "person_erased", AuditEvent.about == "person"
        )
    )
    return {int(each) for each in told}


def _waiting(stream: str) -> int:
    unsealed = TABLES[stream].c.id > sealed_up_to(stream)
    return session.scalar(select(func.count()).where(unsealed)) or 0
