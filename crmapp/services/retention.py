"""How long things are kept: the files of runs, deleted files, and letters that nobody filed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import aliased

from crmapp import artefacts
from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_into, is_one_of
from crmapp.domain.permissions import Right
from crmapp.domain.runs import ENDED, UNDOABLE
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Attachment, Change, Run, RunRetention, UnfiledLetter, User
from crmapp.services import audit, exports
from crmapp.services.rights import need

RIGHT = Right.SETTINGS_MANAGE
MOST = 3650
DELETED_FILES, LETTERS = "deleted_file", "unfiled_letter"
BESIDE = frozenset({DELETED_FILES, LETTERS})
"""What is kept for a time beside the files of runs."""
USUAL: dict[str, int | None] = {exports.KIND: exports.KEPT.days, DELETED_FILES: 30, LETTERS: 90}
"""Days for kinds of which nobody has said anything; all others are kept for ever."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 50
_ENDED = [status.value for status in ENDED]
_UNDOABLE = [status.value for status in UNDOABLE]


@dataclass(frozen=True)
class Loss:
    """What would be lost: how many runs' files, and how many of those can still be undone.

    And how many deleted files could not be brought back any more, and how many letters would go.
    """

    runs: int = 0
    undoable: int = 0
    files: int = 0
    letters: int = 0

    def __bool__(self) -> bool:
        return self != Loss()


def days() -> dict[str, int | None]:
    """Return kind → for how many days its files are kept; None: for ever."""
    said = session.execute(select(RunRetention.kind, RunRetention.days))
    return USUAL | {row.kind: row.days for row in said}


def days_of(kind: str) -> int | None:
    """Return for how many days the files of runs of ``kind`` are kept; None: for ever."""
    return days().get(kind)


def since(kind: str) -> datetime:
    """Return since when what is of ``kind`` is kept."""
    number = days_of(kind)
    return EVER if number is None else utcnow() - timedelta(days=number)


def loss(wanted: Mapping[str, int | None]) -> Loss:
    """Say what would be lost at once if files were kept for as long as ``wanted`` says."""
    runs = undoable = 0
    for kind, number in wanted.items():
        if number is None or kind in BESIDE:
            continue
        over = _over(kind, utcnow() - timedelta(days=number))
        runs += session.scalar(select(func.count()).select_from(Run).where(*over)) or 0
        changed = exists().where(Change.run_id == Run.id)
        can_be = (Run.status.in_(_UNDOABLE), changed)
        undoable += session.scalar(select(func.count()).select_from(Run).where(*over, *can_be)) or 0
    return Loss(runs, undoable, *(_beside(kind, wanted) for kind in (DELETED_FILES, LETTERS)))


def _beside(kind: str, wanted: Mapping[str, int | None]) -> int:
    """Return how many deleted files or letters would be lost that are kept now."""
    number = wanted.get(kind)
    if number is None:
        return 0
    column = Attachment.deleted_at if kind == DELETED_FILES else UnfiledLetter.came_at
    gone = (column > since(kind), column < utcnow() - timedelta(days=number))
    return session.scalar(select(func.count()).where(*gone)) or 0


def keep(wanted: Mapping[str, int | None], *, confirmed: Loss | None, by: User) -> None:
    """Set for how many days the files of runs are kept, by their kinds.

    ``confirmed`` is what she was told would be lost at once.

    Raises:
        Forbidden: she may not change settings.
        Invalid: a number cannot be used; or, under ``confirm``, something would be lost at once.
    """
    need(RIGHT, by=by)
    wrong: dict[str, str | Text] = {
        kind: Text(
            N_("Enter 1 to %(most)s days, or nothing to keep them for ever."), {"most": MOST}
        )
        for kind, number in wanted.items()
        if number is not None and not 1 <= number <= MOST
    }
    if wrong:
        raise Invalid(wrong)
    would = loss(_shorter(wanted))
    if would and confirmed != would:
        raise Invalid({"confirm": N_("Read what would be lost, and confirm it.")})
    with unit_of_work():
        audit.note("retention_set", by=by, about="retention", days=dict(wanted))
        for kind, number in wanted.items():
            row = insert_into(RunRetention).values(kind=kind, days=number)
            session.execute(
                row.on_conflict_do_update(index_elements=["kind"], set_={"days": number})
            )


def _shorter(wanted: Mapping[str, int | None]) -> dict[str, int | None]:
    now = days()
    return {kind: number for kind, number in wanted.items() if number != now.get(kind)}


def forget_old() -> int:
    """Delete the files whose time is over; return how many runs lost theirs.

    Asked every few seconds: runs whose files are gone are in no index that it reads. Runs that have
    not ended keep theirs, and so does one of whose rows a retry is not done.
    """
    gone = 0
    for kind, number in days().items():
        if number is not None and kind not in BESIDE:
            gone += _forget(kind, utcnow() - timedelta(days=number))
    session.rollback()
    return gone


def _forget(kind: str, limit: datetime) -> int:
    """Delete the files of some runs before that is noted: who dies between does it again."""
    over = select(Run.id).where(*_over(kind, limit)).order_by(Run.finished_at).limit(_BATCH)
    if not session.scalars(over.limit(1)).first():
        return 0
    session.rollback()
    with unit_of_work():
        ids = list(session.scalars(over.with_for_update()))
        gone = update(Run).where(is_one_of(Run.id, ids)).values(files_gone_at=utcnow())
        session.execute(gone.execution_options(synchronize_session=False))
        for run_id in ids:
            artefacts.clear(run_id)
            exports.remove(run_id)
    return len(ids)


def _over(kind: str, limit: datetime) -> tuple[ColumnElement[bool], ...]:
    """Which runs of a kind have ended before ``limit`` and still have their files."""
    retry = aliased(Run)
    needed = exists().where(retry.retries_id == Run.id, retry.status.not_in(_ENDED))
    return (
        Run.kind == kind,
        Run.files_gone_at.is_(None),
        Run.finished_at.is_not(None),
        Run.finished_at < limit,
        Run.status.in_(_ENDED),
        ~needed,
    )
