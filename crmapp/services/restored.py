"""Makes the past fit the present once a backup is back: sessions end, nothing is sent twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, update

from crmapp import contents
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.runs import ACTIVE, Status
from crmapp.i18n import N_
from crmapp.models import Attachment, MailOutbox, Run, SignIn, User
from crmapp.services import account_sync_states, audit, key_rotation, list_states, seal_check

WRITES_ELSEWHERE = (list_states.KIND, account_sync_states.KIND)
"""Kinds of runs that may have changed another system after the backup was made."""
NOT_AGAIN = N_(
    "It was under way when a backup was made that has been restored since. What it did at the other"
    " system is not known here: start it again."
)
MAY_BE_SENT = N_(
    "It waited when a backup was made that has been restored since: it may have been sent."
)


@dataclass(frozen=True)
class Settled:
    """What was done, and ``troubles``: sentences about what is not as it was."""

    people: int
    letters: int
    stopped: tuple[int, ...]
    going_on: tuple[int, ...]
    troubles: tuple[str, ...] = field(default=())


def settle(manifest: Mapping[str, Any], *, send_letters: bool = False) -> Settled:
    """End all sessions, keep letters that may have been sent, free or end the runs under way."""
    with unit_of_work():
        people = list(session.scalars(select(User)))
        for person in people:
            person.fs_uniquifier = uuid.uuid4().hex
        session.execute(delete(SignIn))
        letters = 0 if send_letters else _keep_letters()
        stopped, going_on = _settle_runs()
        told = {"letters": letters, "stopped": len(stopped), "going_on": len(going_on)}
        audit.note("restored", by=None, about="backup", about_id=manifest["made_at"], **told)
    return Settled(len(people), letters, stopped, going_on, tuple(_troubles(manifest)))


def _keep_letters() -> int:
    waiting = select(MailOutbox.id).where(MailOutbox.status == "queued")
    ids = session.scalars(waiting).all()
    values = {"status": "failed", "error": MAY_BE_SENT}
    session.execute(update(MailOutbox).where(MailOutbox.status == "queued").values(**values))
    return len(ids)


def _settle_runs() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Free the runs that were under way, so that the sweeper rings for them, but end some.

    What a run wrote here is in the backup up to its cursor; what it wrote elsewhere may be more.
    """
    active = select(Run).where(Run.status.in_([status.value for status in ACTIVE]))
    stopped, going_on = [], []
    for run in session.scalars(active.order_by(Run.id)):
        run.fence, run.lease_until, run.retry_at, run.claims = run.fence + 1, None, None, 0
        if run.kind in WRITES_ELSEWHERE:
            run.status, run.finished_at = Status.CANCELLED.value, utcnow()
            run.error = NOT_AGAIN
            stopped.append(run.id)
        else:
            going_on.append(run.id)
    return tuple(stopped), tuple(going_on)


def _troubles(manifest: Mapping[str, Any]) -> list[str]:
    found = []
    heads: list[str] = []
    verdict = seal_check.check(heads=lambda number, digest: heads.append(f"{number}:{digest}"))
    if verdict.broken:
        found.append(f"The audit trail was broken before: {verdict.broken.sentence}")
    elif manifest.get("seal") and manifest["seal"] not in heads:
        found.append(f"The audit trail lacks the seal {manifest['seal']} of the backup.")
    if lost := key_rotation.unreadable():
        found.append(f"No key opens the secrets of {', '.join(lost)}: enter them again.")
    if lacking := _lacking():
        found.append(f"{lacking} attached files are named and not there.")
    return found


def _lacking() -> int:
    """Count the attached files that rows name and that are not there."""
    named = select(Attachment.sha256).distinct().execution_options(yield_per=1000)
    lacking = sum(not contents.place_of(each).exists() for each in session.scalars(named))
    session.rollback()
    return lacking


def counts(names: list[str]) -> dict[str, int]:
    """Return how many rows each of these tables has."""
    tables = User.metadata.tables
    found = {
        name: session.scalar(select(func.count()).select_from(tables[name])) or 0
        for name in names
        if name in tables
    }
    session.rollback()
    return found
