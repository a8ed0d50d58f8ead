"""How it stands with CRM mappings: what each reads, how its last run went, what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.ownership import Owner
from crmapp.domain.runs import ACTIVE, Status
from crmapp.models import CrmMapping, FeedCursor, FeedSource, Run, User
from crmapp.services import crm_mappings, feed_sources
from crmapp.services.crm_mappings import RIGHT
from crmapp.services.feed_states import KIND
from crmapp.services.rights import need

SHOWN = 20
"""So many of its last runs are shown."""
_LOOKED_AT = 5
"""So many of the newest runs are looked at for the last that counts."""
TIMES = 3
"""So many of its next times are shown."""


@dataclass(frozen=True)
class Reading:
    """One source of a CRM mapping; ``state`` is that of the source, ``cursor`` how far it is."""

    fed: FedBy
    source: FeedSource
    state: str
    cursor: FeedCursor | None

    @property
    def owners(self) -> Sequence[tuple[Owner, int]]:
        """How many of its fields are whose, the most first."""
        return Counter(map(self.fed.owner_of, self.fed.mapping.fields)).most_common()


@dataclass(frozen=True)
class Standing:
    """A CRM mapping with its sources, its newest run that was begun, and its plans that wait."""

    mapping: CrmMapping
    readings: Sequence[Reading]
    last: Run | None
    waiting: Sequence[Run]

    @property
    def working(self) -> Run | None:
        """The run that is worked on, or is about to be."""
        return self.last if self.last is not None and self.last.status in ACTIVE else None

    @property
    def asks(self) -> Sequence[Run]:
        """The plans that a run has put before a person: what she asked to see herself is not."""
        return [run for run in self.waiting if run.source.get("mode") != "dry"]

    @property
    def wrong(self) -> Sequence[Reading]:
        """The sources that cannot be read, or could not the last time."""
        return [each for each in self.readings if each.state != "ok"]

    @property
    def read_at(self) -> datetime | None:
        """When any of its sources was read last."""
        times = [each.cursor.read_at for each in self.readings if each.cursor]
        return max((at for at in times if at is not None), default=None)

    @property
    def quiet(self) -> bool:
        """Whether it was read after its last run had ended: then nothing had changed."""
        if self.read_at is None or self.working:
            return False
        ended = self.last.finished_at if self.last else None
        return ended is None or self.read_at > ended

    @property
    def failed(self) -> bool:
        """Whether the last run failed and nothing was read since: else it was mended meanwhile."""
        return self.last is not None and self.last.status == Status.FAILED and not self.quiet


def every(*, by: User) -> list[Standing]:
    """Return how it stands with each CRM mapping, by name.

    Raises:
        Forbidden: she lacks the right.
    """
    return _standings(crm_mappings.every(by=by))


def get(mapping_id: int, *, by: User) -> Standing:
    """Return how it stands with a CRM mapping.

    Raises:
        Forbidden, NotFound
    """
    return _standings([crm_mappings.get(mapping_id, by=by)])[0]


def recent(mapping: CrmMapping, *, by: User) -> Sequence[Run]:
    """Return the last runs of a CRM mapping, newest first.

    Raises:
        Forbidden
    """
    need(RIGHT, by=by)
    query = select(Run).where(Run.kind == KIND, Run.lock_key == mapping.lock_key)
    newest = query.options(joinedload(Run.by)).order_by(Run.id.desc()).limit(SHOWN)
    return session.scalars(newest).all()


def others(mapping: CrmMapping | None = None, *, by: User) -> Sequence[FeedSource]:
    """Return the sources in use that a CRM mapping does not read yet, by name.

    Raises:
        Forbidden
    """
    used = Content.from_json(mapping.content).sources if mapping else ()
    ids = {each.source_id for each in used}
    return [each for each in feed_sources.every(by=by) if each.id not in ids]


def next_times(mapping: CrmMapping) -> list[datetime]:
    """Return when a CRM mapping runs next by itself; none if it is paused or has no schedule."""
    found: list[datetime] = []
    at = mapping.next_at if mapping.active else None
    schedule = crm_mappings.schedule_of(mapping)
    while at is not None and len(found) < TIMES:
        found.append(at)
        at = schedule.next_time(at)
    return found


def _standings(mappings: Sequence[CrmMapping]) -> list[Standing]:
    contents = [Content.from_json(each.content) for each in mappings]
    sources = _sources({fed.source_id for content in contents for fed in content.sources})
    cursors = _cursors([each.id for each in mappings])
    keys = [each.lock_key for each in mappings]
    last, waiting = _last(keys), _waiting(keys)
    return [
        Standing(
            mapping,
            [_reading(fed, sources, cursors.get((mapping.id, fed.source_id))) for fed in fed_by],
            last.get(mapping.lock_key),
            waiting.get(mapping.lock_key, ()),
        )
        for mapping, fed_by in zip(mappings, (each.sources for each in contents), strict=True)
    ]


def _reading(fed: FedBy, sources: Mapping[int, FeedSource], cursor: FeedCursor | None) -> Reading:
    source = sources[fed.source_id]
    return Reading(fed, source, feed_sources.state_of(source), cursor)


def _sources(ids: set[int]) -> dict[int, FeedSource]:
    rows = session.scalars(select(FeedSource).where(FeedSource.id.in_(ids)))
    return {row.id: row for row in rows}


def _cursors(ids: Sequence[int]) -> dict[tuple[int, int], FeedCursor]:
    rows = session.scalars(select(FeedCursor).where(FeedCursor.mapping_id.in_(ids)))
    return {(row.mapping_id, row.source_id): row for row in rows}


def _last(keys: Sequence[str]) -> dict[str, Run]:
    """Return the newest run of each: a plan that waits, or that nobody wanted, is none."""
    place = func.row_number().over(partition_by=Run.lock_key, order_by=Run.id.desc())
    begun = select(Run.id, place.label("place")).where(
        Run.kind == KIND, Run.lock_key.in_(keys), Run.status != Status.PLANNED.value
    )
    newest = begun.subquery()
    query = select(Run).join(newest, Run.id == newest.c.id).where(newest.c.place <= _LOOKED_AT)
    found: dict[str, Run] = {}
    for run in session.scalars(query.options(joinedload(Run.by)).order_by(Run.id.desc())):
        if run.status != Status.CANCELLED or run.source["mode"] == "run":
            found.setdefault(run.lock_key, run)
    return found


def _waiting(keys: Sequence[str]) -> dict[str, list[Run]]:
    query = select(Run).where(
        Run.kind == KIND, Run.lock_key.in_(keys), Run.status == Status.PLANNED.value
    )
    found: dict[str, list[Run]] = {}
    for run in session.scalars(query.order_by(Run.id)):
        found.setdefault(run.lock_key, []).append(run)
    return found
