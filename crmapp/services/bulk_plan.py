"""Plan an edit of many accounts: what it makes of each of them, part by part by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, literal, select
from sqlalchemy.orm import aliased

from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.bulk_edits import WHOLE, Edit, Held, Verb, empties, gone, planned
from crmapp.domain.fields import REQUIRED, freeze, is_custom
from crmapp.domain.permissions import Right
from crmapp.domain.plan import PlanRow
from crmapp.domain.runs import Status
from crmapp.errors import Forbidden, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, Run, User
from crmapp.services import bulk_edits, field_owners, fields, layouts, passing_on, planning
from crmapp.services.account_sets import Chosen
from crmapp.services.apply import load
from crmapp.services.engine import Claim, end

BELOW = N_("An account cannot be below one that is below it.")
UNREADABLE = N_("The accounts were chosen by a filter that is there no more. Choose them anew.")


def advance(held: Claim) -> Claim | None:
    """Plan the next part of the accounts, or finish the plan."""
    run = load(held.run_id)
    chosen, by = Chosen.from_json(run.source["chosen"]), session.get_one(User, run.by_id)
    try:
        ids = chosen.after(planning.last_key(run) or 0, planning.PART, by=by)
    except Invalid:  # as a custom field that was retired since
        with unit_of_work():
            end(held, Status.FAILED, error=UNREADABLE)
        return None
    if not ids:
        _finish(held, run)
        return None
    rows = _rows(Edit.from_json(run.source["edit"]), ids, held.cursor, by)
    return planning.keep_part(held, run, rows, ids[-1])


def _rows(edit: Edit, ids: Sequence[int], cursor: int, by: User) -> list[PlanRow]:
    found = {each.id: each for each in _held(edit, ids, by)}
    rows = [
        planned(edit, row_no, found[each]) if each in found else gone(row_no, each)
        for row_no, each in enumerate(ids, cursor + 1)
    ]
    if edit.field in passing_on.FIELDS:
        rows = passing_on.settled(rows)
    return field_owners.left_alone(rows)


def _held(edit: Edit, ids: Sequence[int], by: User) -> list[Held]:
    """Read those of the accounts that are there for ``by``, as they are now."""
    table, restored = Account.__table__.c, edit.verb is Verb.RESTORE
    there = Account.visible_to(by, deleted=restored)
    if restored:
        there = and_(there, table.deleted_at.is_not(None), table.replaced_by.is_(None))
    problem, above = _problem(edit, by), bulk_edits.above(edit)
    needing = _needing(edit, ids, by)
    custom = is_custom(edit.field)
    value = table.custom if custom else table[edit.field] if edit.field else literal(None)
    mine = _may_be_changed(edit, by)
    taken = _taken() if restored else literal(None)
    query = select(table.id, table.version, table.name, value, mine, taken)
    read = query.where(is_one_of(table.id, list(ids)), there)
    held = []
    for id_, version, name, kept, mine_, number in session.connection().execute(read).all():
        before, why = (kept or {}).get(edit.field) if custom else freeze(kept), problem
        if id_ in above:
            why = Text(BELOW)
        elif id_ in needing and empties(edit, before):
            why = Text(REQUIRED)
        held.append(Held(id_, version, name, before, bool(mine_), number, why))
    return held


def _needing(edit: Edit, ids: Sequence[int], by: User) -> set[int]:
    """Return those of the accounts whose value may not be taken away: it counts for them."""
    spec = fields.of("account").get(edit.field)
    takes = edit.verb is Verb.REMOVE_TAGS or (edit.verb is Verb.SET and not edit.typed)
    if not takes or spec is None or not spec.required:
        return set()
    table, deciding = Account.__table__.c, layouts.decisive(by=by)
    standard = [each.name for each in deciding if not is_custom(each.name)]
    own = [each.name for each in deciding if is_custom(each.name)]
    query = select(table.id, table.custom, *(table[name] for name in standard))
    found = session.connection().execute(query.where(is_one_of(table.id, list(ids))))
    needing = set()
    for id_, custom, *values in found:
        held = dict(zip(standard, values, strict=True)) | {name: custom.get(name) for name in own}
        if edit.field not in layouts.left_out(held, by=by):
            needing.add(id_)
    return needing


def _taken() -> Any:
    """Return the number of a deleted account if a living one has it now."""
    account, other = Account.__table__.c, aliased(Account.__table__).c
    has_it = exists().where(
        other.number == account.number,
        other.erp_company == account.erp_company,
        other.deleted_at.is_(None),
    )
    return case((has_it, account.number))


def _problem(edit: Edit, by: User) -> Text | None:
    """Return why no account can hold the value any more."""
    try:
        bulk_edits.still(edit, by=by)
    except Invalid as invalid:
        return next(iter(invalid.fields.values()))
    except Forbidden:  # then no account may be changed, which is said of each
        return None
    return None


def _may_be_changed(edit: Edit, by: User) -> ColumnElement[bool]:
    if edit.verb in WHOLE and not by.can(Right.ACCOUNT_DELETE):
        return false()
    return Account.editable_by(by, deleted=edit.verb is Verb.RESTORE)


def _finish(held: Claim, run: Run) -> None:
    """Join the parts, count, and offer the plan."""
    plan = planning.join_parts(held, run)
    counts = planning.count_actions(plan)
    with unit_of_work():
        planning.offer(held, Status.PLANNED, plan, counts)
