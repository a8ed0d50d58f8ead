"""Write contacts and activities of a run, but give none to an account that is deleted by now."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Outcome, Reason, Write
from crmapp.domain.record_keys import ACCOUNT
from crmapp.models import Account, Run
from crmapp.services import records


def write(object_: str, writes: Sequence[Write], *, run: Run) -> list[Outcome]:
    """Write records of one kind and return what became of each, in their order."""
    homes = {each.values[ACCOUNT] for each in writes if ACCOUNT in each.values}
    living = _living(sorted(homes))
    homeless = [ACCOUNT in each.values and each.values[ACCOUNT] not in living for each in writes]
    wanted = [each for each, lost in zip(writes, homeless, strict=True) if not lost]
    done = iter(records.write(records.MODELS[object_], wanted, run=run))
    return [
        Outcome(each, "skipped", each.record_id, Reason.ACCOUNT_GONE) if lost else next(done)
        for each, lost in zip(writes, homeless, strict=True)
    ]


def _living(ids: Sequence[int]) -> frozenset[int]:
    """Return those of the accounts that live; they cannot be deleted until all is written."""
    if not ids:
        return frozenset()
    account = Account.__table__.c
    query = select(account.id).where(is_one_of(account.id, ids), account.deleted_at.is_(None))
    return frozenset(session.scalars(query.order_by(account.id).with_for_update(read=True)))
