"""The list of runs: filters, counts, and how the last runs of each job went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal_column, select, union_all
from sqlalchemy.orm import joinedload

from crmapp.db import session
from crmapp.domain.runs import Status
from crmapp.models import Run, User

LAST = 20
"""So many runs of a job are looked back upon."""
COUNT_UP_TO = 10_000
Job = tuple[str, str]
"""Runs of the same kind over the same rows: their kind and lock."""


@dataclass(frozen=True)
class Asked:
    """Which runs are asked for; ``nobody`` are those that a schedule started.

    ``since`` and ``until`` say when they were asked for; ``like`` is one whose job is meant.
    """

    status: str = ""
    kind: str = ""
    person: int | None = None
    nobody: bool = False
    since: datetime | None = None
    until: datetime | None = None
    like: int | None = None


@dataclass(frozen=True)
class Past:
    """One of the last runs of a job: how it stands, and how many rows it had to do with."""

    id: int
    status: Status
    rows: int


def recent(
    asked: Asked | None = None, *, by: User, before: int | None = None, limit: int = 50
) -> list[Run]:
    """Return the runs that ``by`` may see, newest first, older than the id ``before``."""
    query = select(Run).where(*_conditions(asked or Asked(), by)).options(joinedload(Run.by))
    if before is not None:
        query = query.where(Run.id < before)
    return list(session.scalars(query.order_by(Run.id.desc()).limit(limit)))


def count(asked: Asked | None = None, *, by: User) -> tuple[int, bool]:
    """Return how many runs are meant, and whether there are more than that."""
    where = _conditions(asked or Asked(), by)
    one: ColumnElement[int] = literal_column("1")
    some = select(one).select_from(Run).where(*where).limit(COUNT_UP_TO + 1)
    found = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(found, COUNT_UP_TO), found > COUNT_UP_TO


def counts(asked: Asked, *, by: User) -> dict[str, tuple[int, bool]]:
    """Return status → how many of the runs that are meant, whatever their status, have it."""
    found = {each.value: count(replace(asked, status=each.value), by=by) for each in Status}
    return {status: counted for status, counted in found.items() if counted[0]}


def starters(*, by: User) -> list[tuple[int, str]]:
    """Return (id, name) of the people who started a run that ``by`` may see, by name."""
    started = exists().where(Run.by_id == User.id, Run.visible_to(by))
    people = select(User.id, User.name).where(started).order_by(User.name, User.id)
    return [(row.id, row.name) for row in session.execute(people)]


def pasts(runs: Iterable[Run]) -> dict[Job, list[Past]]:
    """Return of the job of each of ``runs`` the last runs, the oldest first."""
    jobs = {(run.kind, run.lock_key) for run in runs}
    if not jobs:
        return {}
    found: dict[Job, list[Past]] = {}
    for kind, lock, id_, status, total in session.execute(union_all(*map(_last, sorted(jobs)))):
        found.setdefault((kind, lock), []).append(Past(id_, Status(status), total or 0))
    return {job: sorted(rows, key=lambda past: past.id) for job, rows in found.items()}


def _last(job: Job) -> Any:
    columns = (Run.kind, Run.lock_key, Run.id, Run.status, Run.total)
    newest = select(*columns).where(Run.kind == job[0], Run.lock_key == job[1])
    return select(newest.order_by(Run.id.desc()).limit(LAST).subquery())


def _conditions(asked: Asked, by: User) -> Sequence[ColumnElement[bool]]:
    found = [Run.visible_to(by)]
    if asked.status:
        found.append(Run.status == asked.status)
    if asked.kind:
        found.append(Run.kind == asked.kind)
    if asked.person is not None:
        found.append(Run.by_id == asked.person)
    if asked.nobody:
        found.append(Run.by_id.is_(None))
    if asked.since is not None:
        found.append(Run.created_at >= asked.since)
    if asked.until is not None:
        found.append(Run.created_at < asked.until)
    if asked.like is not None:
        found += _job_of(asked.like)
    return found


def _job_of(run_id: int) -> list[ColumnElement[bool]]:
    found = select(Run.kind, Run.lock_key).where(Run.id == run_id)
    row = session.execute(found).one_or_none()
    kind, lock = (row.kind, row.lock_key) if row else ("", "")
    return [Run.kind == kind, Run.lock_key == lock]
