"""The sweeper: it alone decides what is worked on again, from the rows and nothing else."""

from __future__ import annotations

from crmapp.config import settings
from crmapp.db import session
from crmapp.queue import bell, ring, unheard
from crmapp.services import (
    account_sync,
    api_tokens,
    attachment_sweep,
    dataset_schedule,
    engine,
    feeds,
    idempotency,
    left_files,
    mailboxes,
    managed_lists,
    reminders,
    request_log,
    retention,
    seals,
    sign_ins,
    unfiled,
    webhook_log,
)

_MOST = 50


def sweep() -> int:
    """Start what is scheduled, ring for the runs that are due, return how many bells were heard.

    Not for those whose bell still waits on the queue: while the workers are busy it would ring
    again and again, and each bell costs a worker a moment. When the queue is away it stops at the
    first bell.
    """
    dataset_schedule.start_due()
    managed_lists.start_due()
    account_sync.start_due()
    feeds.start_due()
    reminders.send_due()
    mailboxes.wake()
    request_log.forget_old()
    retention.forget_old()
    seals.seal()
    unfiled.forget_old()
    sign_ins.forget_old()
    api_tokens.forget_expired()
    idempotency.forget_old()
    webhook_log.forget_old()
    heard = 0
    due = engine.due(_MOST)
    session.rollback()
    waiting = unheard() if due else set()
    for run_id in due:
        if bell("runs.work", run_id=run_id) in waiting:
            continue
        if not ring("runs.work", run_id=run_id):
            break
        heard += 1
    attachment_sweep.forget_old()  # last: a disk that is in trouble keeps no run from going on
    left_files.delete_old()
    settings().swept_file.touch()
    return heard
