"""What becomes of the runs that a person began, once she may do less than when she began them."""

from __future__ import annotations

from sqlalchemy import or_, select

from crmapp.db import session
from crmapp.domain.runs import ENDED, PERSONAL, Status
from crmapp.i18n import N_
from crmapp.models import Run, User
from crmapp.services import audit, engine

_ENDED = [status.value for status in ENDED]
OUTLIVED = N_("Whoever began the run has left since, or may do less.")


def stop_all_of(person_id: int, *, by: User | None) -> None:
    """Inside a unit of work: stop what she began of her own, after its chunk if it is at work.

    What was done stays, and can be undone; what she may do still she begins anew. What nobody has
    begun to plan yet is planned with what she may do now.
    """
    begun = or_(Run.status != Status.PLANNING.value, Run.started_at.is_not(None))
    hers = (Run.by_id == person_id, Run.kind.in_(PERSONAL), Run.status.not_in(_ENDED), begun)
    for run in session.scalars(select(Run).where(*hers).order_by(Run.id).with_for_update()).all():
        engine.stop(run)
        run.error = OUTLIVED
        audit.note("run_cancelled", by=by, about="run", about_id=run.id, kind_of_run=run.kind)
