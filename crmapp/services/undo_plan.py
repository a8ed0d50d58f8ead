"""Plan an undo: for each change of a run, what takes it back, and what people's edits keep.

A field is taken back if its latest change is the run's, those aside that were undone themselves,
and no source of another CRM mapping keeps it; so is that a record was made, deleted or restored.
A created account goes unless people added to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)

from crmapp.artefacts import fitting
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Link, Reason
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.domain.undo import LIVES, Logged, Made, Present, Taken, is_as_left, take_back
from crmapp.models import Account, Activity, Attachment, Change, Contact, Run, User
from crmapp.services import (
    field_owners,
    ledger,
    list_states,
    merges,
    planning,
    records,
    replacement_plan,
    undo_since,
)
from crmapp.services.apply import load
from crmapp.services.engine import Claim
from crmapp.services.feed_states import KIND as FEED
from crmapp.services.ledger import Holder

_GIVES_BACK = (replacement_plan.KIND, list_states.KIND, merges.KIND)
_GIVEN = {"owner_id", "team_id"}


def advance(held: Claim) -> Claim | None:
    """Plan how to take back the next part of the run's changes, or finish and go on to run."""
    run = load(held.run_id)
    after = planning.last_key(run) or ("", 0)
    query = next_changes(run, *after)
    widths = session.scalars(query.with_only_columns(func.length(cast(Change.fields, Text))))
    changes = [Made(*row) for row in session.execute(query.limit(fitting(widths)))]
    now = present(changes, session.get_one(Run, run.undoes_id))
    taken = _taken(changes, now)
    rows = [
        take_back(held.cursor + n, change, now.get((change.object, change.record_id)))
        for n, change in enumerate(taken, 1)
    ]
    if not rows:
        _finish(held, run)
        return None
    rows = _hers(run, _left_alone(run, rows))
    return planning.keep_part(held, run, rows, (taken[-1].object, taken[-1].record_id))


def _hers(run: Run, rows: list[PlanRow]) -> list[PlanRow]:
    """Keep accounts as they are that are not hers any more, of an edit that only its maker undoes.

    What she gave away herself comes back. Who has the right to undo runs undoes all of one.
    """
    by = session.get_one(User, run.by_id)
    if by.can(Right.RUN_UNDO):
        return rows
    ids = sorted({row.record_id for row in rows if row.record_id is not None})
    query = select(Account.id).where(is_one_of(Account.id, ids), Account.editable_by(by))
    hers = set(session.scalars(query))
    nothing: dict[str, Any] = {"params": {}, "fields": {}, "numbers": {}, "links": []}
    return [
        row
        if row.action is not Planned.UPDATE
        or row.record_id in hers
        or not _GIVEN.isdisjoint(row.fields)
        else row._replace(action=Planned.KEPT, reason=Reason.NOT_YOURS, **nothing)
        for row in rows
    ]


def _left_alone(run: Run, rows: list[PlanRow]) -> list[PlanRow]:
    """Take from rows what a source keeps, unless the run that is undone might write there itself.

    It might if it read that source; or if it replaced a value of a pick list, whose value comes
    back for whoever held it; or if it merged accounts, with which the source's customers moved.
    """
    while run.undoes_id is not None:  # an undo of an undo is the run itself again
        run = session.get_one(Run, run.undoes_id)
    if run.kind in _GIVES_BACK:
        return rows
    return field_owners.left_alone(rows, but=run.source["mapping"] if run.kind == FEED else None)


def _taken(changes: Sequence[Made], now: Mapping[tuple[str, int], Present]) -> list[Taken]:
    """Say of each change which of its fields and links still are as it left them."""
    links = {change.id: [Link(*each) for each in change.links] for change in changes}
    held = ledger.holders({link.key for each in links.values() for link in each})
    logs = undo_since.read(changes, links, now, held)
    taken = []
    for change in changes:
        every, log = links[change.id], logs.get(change.id, ())
        linked = [link for link in every if _stands(link, change.id, held.get(link.key), log)]
        moved = [link.external_id for link in every if link not in linked]
        described = (change.id, change.record_id, change.action, change.fields)
        standing = _standing(change, now.get((change.object, change.record_id)), log)
        taken.append(Taken(*described, linked, moved, change.object, standing))
    return taken


def _standing(change: Made, now: Present | None, log: Sequence[Logged]) -> list[str]:
    if now is None:
        return []
    record = (change.object, change.record_id)
    return [
        name
        for name in undo_since.written(change)
        if is_as_left((*record, name), change.id, now.last(name), log)
    ]


def _stands(link: Link, change_id: int, holder: Holder | None, log: Sequence[Logged]) -> bool:
    if holder is None or link.after is None:
        return holder is None and link.after is None
    still = is_as_left(link.key, change_id, holder.change, log)
    return still and holder.account == link.after


def next_changes(run: Run, object_: str, record_id: int) -> Select[*tuple[Any, ...]]:
    """Build the question for the changes of the run that is undone behind that of this record.

    A run changes each record once; in the order of kinds and ids an index has them.
    """
    change = Change.__table__.c
    return (
        select(
            *(change.id, change.object, change.record_id, change.action),
            *(change.fields, change.links),
        )
        .where(
            change.run_id == run.undoes_id,
            tuple_(change.object, change.record_id) > (object_, record_id),
        )
        .order_by(change.object, change.record_id)
        .limit(planning.PART)
    )


def present(taken: Sequence[Made], undone: Run) -> dict[tuple[str, int], Present]:
    """Read the changed records as they are now, deleted ones too: kind and id → record.

    What the run ``undone`` moved to a record was not added to it since, nor what a record had
    before that run brought it back.
    """
    found: dict[tuple[str, int], Present] = {}
    for object_, back in dict.fromkeys((each.object, each.action == "restored") for each in taken):
        ids = [
            each.record_id
            for each in taken
            if each.object == object_ and (each.action == "restored") == back
        ]
        now = _present(object_, ids, undone.id, undone.started_at if back else None)
        found |= {(object_, id_): each for id_, each in now.items()}
    return found


def _present(
    object_: str, ids: Sequence[int], undone: int, since: datetime | None
) -> dict[int, Present]:
    table = records.table_of(records.MODELS[object_]).c
    added = or_(*_uses(object_, undone, since), false())
    last = select(func.coalesce(func.max(Change.id), 0)).where(
        Change.object == object_, Change.record_id == table.id
    )
    edited = last.where(Change.by_id.is_not(None)).scalar_subquery()
    life = last.where(Change.action.in_(LIVES)).scalar_subquery()
    rows = session.connection().execute(
        select(
            *(table.id, table[records.NAMES.get(object_, "name")], table.version, table.lineage),
            *(table.deleted_at.is_not(None), edited, added, life),
        ).where(is_one_of(table.id, list(ids)))
    )
    return {
        id_: Present(name, version, lineage, bool(deleted), edited_, bool(added_), life_)
        for id_, name, version, lineage, deleted, edited_, added_, life_ in rows.all()
    }


def _uses(object_: str, undone: int, since: datetime | None) -> list[ColumnElement[bool]]:
    """Say what may have come to a record, or did ``since`` a moment: then it stays."""
    account, contact = Account.__table__.c, Contact.__table__.c
    activity, file = Activity.__table__.c, Attachment.__table__.c
    if object_ == "account":
        return [
            exists().where(
                each.account_id == account.id,
                each.deleted_at.is_(None),
                ~_moved_by(undone, name, each.id),
                *([] if since is None else [each.updated_at >= since]),
            )
            for name, each in (("contact", contact), ("activity", activity), ("attachment", file))
        ]
    if object_ == "activity":
        return [exists().where(file.activity_id == activity.id, file.deleted_at.is_(None))]
    if object_ == "contact":
        return [
            exists().where(activity.contact_id == contact.id, activity.deleted_at.is_(None)),
            exists().where(
                account.id == contact.account_id, account.primary_contact_id == contact.id
            ),
        ]
    return []


def _moved_by(run_id: int, object_: str, record_id: ColumnElement[int]) -> ColumnElement[bool]:
    change = Change.__table__.c
    return exists().where(
        change.run_id == run_id,
        change.object == object_,
        change.record_id == record_id,
        change.action == "updated",
    )


def _finish(held: Claim, run: Run) -> None:
    """Join the parts into the plan and run it: an undo was confirmed when it was asked for."""
    plan = planning.join_parts(held, run)
    counts = planning.count_actions(plan)
    with unit_of_work():
        planning.offer(held, Status.QUEUED, plan, counts)
