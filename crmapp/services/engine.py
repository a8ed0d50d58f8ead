"""How a run is claimed, moved forward under its fence, and ended: the rules that lose nothing.

A worker that holds a claim may write only while the row's fence, cursor and status are those of
its claim; each chunk commits its rows and its cursor together. The lease only says when another
worker may look; it is never what makes a write right.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Engine, and_, case, func, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from crmapp.config import settings
from crmapp.db import beside, db, keep_little, session, unit_of_work, utcnow
from crmapp.db.bulk import seconds_now
from crmapp.domain.runs import ACTIVE, Status
from crmapp.errors import FileLost, RunStopped
from crmapp.garbage import uncollected
from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.queue import later, leaving
from crmapp.services import notifications

CODE_VERSION = 1
"""Of the meaning of cursors and plans; a worker leaves runs of another version alone."""
_ATTEMPTS = 5
CLAIMS = 8
"""So often a run may be taken up without getting any further; what kills its worker will again."""
GAVE_UP = N_(
    "Each worker that took it up died before it got any further, probably for want of memory."
    " Ask an administrator to look at the server's memory and log before you try again."
)
_CHUNK_RETRIES = 3
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right to work on a run: good while the row's fence, cursor and status are these."""

    run_id: int
    kind: str
    fence: int
    status: str
    cursor: int

    def moved(self, cursor: int) -> Claim:
        return replace(self, cursor=cursor)


_working_under: ContextVar[Claim | None] = ContextVar("working_under", default=None)

Advance = Callable[[Claim], Claim | None]
"""Do one chunk of a phase; the claim to go on with, or ``None`` when the phase is over."""


def _free() -> ColumnElement[bool]:
    """Nobody holds the run, or whoever did has been silent too long or lives in the future."""
    return or_(
        Run.lease_until.is_(None),
        Run.lease_until < seconds_now(),
        Run.lease_until > seconds_now() + 2 * settings().lease,
    )


def _due() -> ColumnElement[bool]:
    return and_(
        Run.status.in_([status.value for status in ACTIVE]),
        Run.code_version == CODE_VERSION,
        or_(
            Run.retry_at.is_(None),
            Run.retry_at <= seconds_now(),
            Run.retry_at > seconds_now() + 2.0**_ATTEMPTS,  # said by a clock that was wrong
        ),
        _free(),
    )


def due(limit: int) -> list[int]:
    """Return the runs that somebody should work on now, oldest first.

    A queued run whose lock another run holds is left out until that one ends.
    """
    running = select(Run.lock_key).where(Run.status == Status.RUNNING.value)
    waits = and_(Run.status == Status.QUEUED.value, Run.lock_key.in_(running))
    return list(session.scalars(select(Run.id).where(_due(), ~waits).order_by(Run.id).limit(limit)))


def enqueue(run: Run) -> int:
    """Inside a unit of work: add a run for this code to do, and return its id."""
    run.code_version = CODE_VERSION
    session.add(run)
    session.flush()
    later("runs.work", run_id=run.id)
    return run.id


def claim(run_id: int) -> Claim | None:
    """Take the run with a new fence; ``None`` if it is not due or its lock is held.

    A run that was claimed again and again and never came to a checkpoint fails instead: a process
    that dies, say for want of memory, cannot note that it did.
    """
    try:
        with unit_of_work():
            status = session.scalar(select(Run.status).where(Run.id == run_id))
            begins = status == Status.QUEUED.value
            row = session.execute(
                update(Run)
                .where(Run.id == run_id, Run.status == status, _due())
                .values(
                    status=Status.RUNNING.value if begins else status,
                    fence=Run.fence + 1,
                    claims=Run.claims + 1,
                    lease_until=seconds_now() + settings().lease,
                    started_at=utcnow() if begins else func.coalesce(Run.started_at, utcnow()),
                )
                .returning(Run.kind, Run.fence, Run.status, Run.cursor, Run.claims)
                .execution_options(synchronize_session=False)
            ).one_or_none()
    except IntegrityError:
        return None
    if row is None:
        return None
    held = Claim(run_id, row.kind, row.fence, row.status, row.cursor)
    if row.claims > CLAIMS:
        log.error("run %s was taken up %s times and got no further: it fails", run_id, CLAIMS)
        with unit_of_work():
            end(held, Status.FAILED, error=GAVE_UP)
        return None
    return held


def stranded(run: Run) -> bool:
    """Whether another version of crmapp began the run and nobody works on it: nobody will."""
    if run.status not in ACTIVE or run.code_version == CODE_VERSION:
        return False
    return session.scalar(select(Run.id).where(Run.id == run.id, _free())) is not None


def stop(run: Run) -> None:
    """Inside a unit of work that holds the run's row: end it if it waits, else after its chunk."""
    run.error = None  # what it was tried again for is over
    if run.status == Status.RUNNING and not stranded(run):
        run.cancel_requested = True
    else:
        run.status, run.finished_at = Status.CANCELLED.value, utcnow()
        run.fence, run.lease_until = run.fence + 1, None


def checkpoint(held: Claim, **values: Any) -> Claim:
    """Inside a chunk's unit of work: move the run on, or stop because the claim is lost.

    Raises:
        RunStopped: another worker has the run, or it was ended.
    """
    statement = (
        update(Run)
        .where(
            Run.id == held.run_id,
            Run.fence == held.fence,
            Run.cursor == held.cursor,
            Run.status == held.status,
        )
        .values(lease_until=seconds_now() + settings().lease, attempts=0, claims=0, **values)
        .execution_options(synchronize_session=False)
    )
    moved = cast("CursorResult[Any]", session.execute(statement))
    if moved.rowcount != 1:
        raise RunStopped
    return held.moved(values.get("cursor", held.cursor))


@contextmanager
def keep_alive(held: Claim) -> Iterator[None]:
    """Renew the lease while a step takes long outside of any transaction, as planning may.

    Else two workers would take the run from each other for ever. A frozen process renews nothing.
    """
    over = threading.Event()
    beats = threading.Thread(target=_renew, args=(held, over, db.engine), daemon=True)
    beats.start()
    try:
        yield
    finally:
        over.set()
        beats.join()


def _renew(held: Claim, over: threading.Event, engine: Engine) -> None:
    lease = settings().lease
    still_ours = _mine(held).where(Run.status == held.status, Run.lease_until.is_not(None))
    while not over.wait(lease / 3):
        with suppress(DBAPIError), beside(engine) as connection:
            until = seconds_now(engine.dialect.name) + lease
            connection.execute(still_ours.values(lease_until=until))


def work(run_id: int, phases: Mapping[tuple[str, str], Advance]) -> None:
    """Claim the run and work on it for one time slice; ring again if more is left.

    ``phases`` maps (kind, status) to what advances that phase.
    """
    held = claim(run_id)
    _working_under.set(held)
    if held is None:
        return
    keep_little()
    deadline = time.monotonic() + settings().time_slice
    advance = phases[held.kind, held.status]
    if held.status == Status.PLANNING:
        advance = partial(_kept_alive, advance)
    try:
        step: Claim | None = held
        while step is not None and time.monotonic() < deadline and not leaving():
            held = step
            step = _persist(advance, held)
        if step is not None:
            _leave(step)
    except RunStopped:
        log.info("run %s: another worker has it", run_id)
    except FileLost as error:  # it is not there the next time either
        log.error("run %s: a file of its plan is missing or damaged", run_id)
        with unit_of_work():
            end(held, Status.FAILED, error=error.message.text)


def _kept_alive(advance: Advance, held: Claim) -> Claim | None:
    """Do a step of planning: its source may be slow, and it writes only at its end."""
    with keep_alive(held):
        return advance(held)


def _persist(advance: Advance, held: Claim) -> Claim | None:
    """Do a chunk; once more if a person took the same number in the same moment."""
    for attempt in range(_CHUNK_RETRIES):
        try:
            with uncollected():
                return advance(held)
        except IntegrityError:
            if attempt == _CHUNK_RETRIES - 1:
                raise
    raise AssertionError("unreachable")


def _leave(held: Claim) -> None:
    """End the time slice: free the run and ring for the next slice."""
    with unit_of_work():
        checkpoint(held)
        session.execute(_mine(held).values(lease_until=None))
        later("runs.work", run_id=held.run_id)


def end(held: Claim, status: Status, **values: Any) -> None:
    """Inside the last chunk's unit of work: end the run and tell whoever started it."""
    checkpoint(held)
    session.execute(
        _mine(held).values(status=status.value, finished_at=utcnow(), lease_until=None, **values)
    )
    notifications.run_ended(held.run_id)


def hand_over(held: Claim, status: Status, **values: Any) -> None:
    """Inside a unit of work: put the run into its next phase, free for anybody."""
    checkpoint(held)
    session.execute(_mine(held).values(status=status.value, lease_until=None, **values))
    if status in ACTIVE:
        later("runs.work", run_id=held.run_id)


def crashed(error: str) -> None:
    """Note that what this process worked on raised; try again later, five times at most.

    A claim that was lost meanwhile has no say: the run is somebody else's.
    """
    held = _working_under.get()
    if held is None:
        return
    with unit_of_work():
        run = session.get(Run, held.run_id)
        if run is None or (run.fence, run.status) != (held.fence, held.status):
            return
        _later_or_never(held.moved(run.cursor), run.attempts + 1, {"error": error})


def put_off(held: Claim, after: float | None, **problem: Any) -> None:
    """Leave the run for a while, because another system is away; ``problem`` says what is wrong.

    ``after`` is what it asked to wait, in seconds. After five times in a row the run fails.
    """
    with unit_of_work():
        checked = session.scalar(
            select(Run.attempts).where(Run.id == held.run_id, Run.fence == held.fence)
        )
        if checked is None:
            raise RunStopped
        _later_or_never(held, checked + 1, problem, after or 0.0)


def _later_or_never(
    held: Claim, attempts: int, problem: Mapping[str, Any], after: float = 0.0
) -> None:
    """Inside a unit of work: have the run taken up again in a while, or fail if that was enough."""
    if attempts >= _ATTEMPTS:
        end(held, Status.FAILED, **problem)
        return
    pause = min(max(2.0**attempts, after), 2.0**_ATTEMPTS)  # a longer one counts as a wrong clock
    session.execute(
        _mine(held).values(
            attempts=attempts,
            claims=case((Run.claims > 0, Run.claims - 1), else_=0),  # this worker did not die
            lease_until=None,
            retry_at=seconds_now() + pause,
            error=problem["error"],
        )
    )


def _mine(held: Claim) -> Any:
    return (
        update(Run)
        .where(Run.id == held.run_id, Run.fence == held.fence)
        .execution_options(synchronize_session=False)
    )


def merge_counts(kept: Mapping[str, int], more: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add ``more`` (name, count) to ``kept``."""
    counts = dict(kept)
    for name, count in more:
        counts[name] = counts.get(name, 0) + count
    return counts
