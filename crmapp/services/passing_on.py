"""Accounts that pass on their invoices or their goods to another one: a single step each.

An account that is named by itself passes nothing on; sources of ERPs often say it so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import Artefact
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.mapping import Mapped
from crmapp.domain.plan import Planned, PlanRow
from crmapp.i18n import N_, Text
from crmapp.models import Account
from crmapp.services import planning

FURTHER: Mapping[str, str] = {
    "bill_to_id": N_(
        "This account is billed to another one itself. Enter that one: invoices take one step only."
    ),
    "ship_to_id": N_(
        "The goods of this account go to another one. Enter that one: goods take one step only."
    ),
}
"""Field → why an account cannot be named in it that names another one there."""
RELIED_ON: Mapping[str, str] = {
    "bill_to_id": N_(
        "Other accounts are billed to this one, so it gets its own invoices. Change those first."
    ),
    "ship_to_id": N_(
        "Goods of other accounts go to this one, so it gets its own. Change those first."
    ),
}
"""Field → why an account cannot name another one in it that is named there."""
FIELDS = tuple(FURTHER)


def problem(name: str, account_id: int | None, to: int) -> Text | None:
    """Return why an account, or a new one, cannot pass on to the account ``to``, if so."""
    if _that_pass_on(name, [to]):
        return Text(FURTHER[name])
    if account_id is not None and _relied_on(name, [account_id]):
        return Text(RELIED_ON[name])
    return None


def problem_if_merged(name: str, ids: Collection[int]) -> Text | None:
    """Return why the account that all of ``ids`` become cannot pass on, if others name one."""
    return Text(RELIED_ON[name]) if _relied_on(name, ids, but=ids) else None


def of_its_own(mapped: Mapped) -> Mapped:
    """Let the account of a row that names its own number pass nothing on, known here or not."""
    number = mapped.values.get("number")
    own = [name for name in FIELDS if number and mapped.found.get(name, "").strip() == number]
    if not own:
        return mapped
    problems = {name: said for name, said in mapped.problems.items() if name not in own}
    return mapped._replace(values={**mapped.values, **dict.fromkeys(own)}, problems=problems)


def settled(rows: Sequence[PlanRow]) -> list[PlanRow]:
    """Let accounts that a plan has name themselves pass nothing on; reject what takes two steps.

    What other rows of the plan are about to change is not looked at; :func:`within` does.
    """
    found = list(rows)
    changed = [row.fields for row in rows if row.fields]
    for name in FIELDS:
        if any(fields.get(name, _NOTHING)[1] is not None for fields in changed):
            found = _settled(name, found)
    return found


def within(run_id: int, plan: Artefact, stem: str, names: Collection[str] = FIELDS) -> Artefact:
    """Reject the rows of a plan that name an account which another row has pass on.

    ``names`` are the fields that the rows may fill; ``stem`` is what the plan's file is called.
    """
    for name in FIELDS:
        if name in names and _chained(name, plan):
            which = f"row_no IN ({_CHAINED.format(name=name)})"
            plan = planning.reject(run_id, stem, plan, which, name, FURTHER[name])
    return plan


def _chained(name: str, plan: Artefact) -> bool:
    with artefacts.read([plan.name]) as file:
        return bool(file.ask(f"{_CHAINED.format(name=name)} LIMIT 1"))


_NOTHING = (None, None)
_CHAINED = f"""
    WITH asking AS (
        SELECT row_no, record_id,
            CAST(json_extract_string(fields, '$.{{name}}[1]') AS BIGINT) AS other
        FROM plan
        WHERE action IN ('{Planned.CREATE}', '{Planned.UPDATE}') AND contains(fields, '"{{name}}"')
    )
    SELECT row_no FROM asking
    WHERE other IN (SELECT record_id FROM asking WHERE other IS NOT NULL AND record_id IS NOT NULL)
"""  # noqa: S608  (our own constants)


def _settled(name: str, rows: Sequence[PlanRow]) -> list[PlanRow]:
    asking = [row for row in rows if row.fields.get(name, _NOTHING)[1] is not None]
    numbers = _numbers({row.fields[name][1] for row in asking})
    rows = [_without_itself(name, row, numbers) for row in rows]
    asking = [row for row in rows if row.fields.get(name, _NOTHING)[1] is not None]
    further = _that_pass_on(name, {row.fields[name][1] for row in asking})
    relied_on = _relied_on(name, {row.record_id for row in asking if row.record_id is not None})
    wrong = {}
    for row in asking:
        if row.fields[name][1] in further:
            wrong[row.row_no] = FURTHER[name]
        elif row.record_id in relied_on:
            wrong[row.row_no] = RELIED_ON[name]
    return [_rejected(name, row, wrong[row.row_no]) if row.row_no in wrong else row for row in rows]


def _without_itself(name: str, row: PlanRow, numbers: Mapping[int, str | None]) -> PlanRow:
    before, after = row.fields.get(name, _NOTHING)
    new = row.action is Planned.CREATE
    own = row.fields.get("number", _NOTHING)[1] if new else row.record_id
    if after is None or own is None or own != (numbers.get(after) if new else after):
        return row
    fields = {each: change for each, change in row.fields.items() if each != name}
    if before is not None:
        fields[name] = [before, None]
    action = row.action if fields or row.action is not Planned.UPDATE else Planned.UNCHANGED
    return row._replace(action=action, fields=fields)


def _rejected(name: str, row: PlanRow, said: str) -> PlanRow:
    params = {"field": name, "problem": said, "values": {}, "found": ""}
    return row._replace(
        action=Planned.REJECTED, reason=Reason.BAD_VALUE, params=params, fields={}, link=False
    )


def _numbers(ids: Collection[int]) -> dict[int, str | None]:
    table = Account.__table__.c
    query = select(table.id, table.number).where(is_one_of(table.id, sorted(ids)))
    return {row.id: row.number for row in session.execute(query)}


def _that_pass_on(name: str, ids: Collection[int]) -> set[int]:
    """Return those of the accounts that name another one."""
    table = Account.__table__.c
    query = select(table.id).where(is_one_of(table.id, sorted(ids)), table[name].is_not(None))
    return set(session.scalars(query)) if ids else set()


def _relied_on(name: str, ids: Collection[int], but: Collection[int] = ()) -> set[int]:
    """Return those of the accounts that living ones name, other than ``but``."""
    table = Account.__table__.c
    named, others = table[name], table.id.not_in(but)
    living = table.deleted_at.is_(None)
    query = select(named).where(is_one_of(named, sorted(ids)), living, others).distinct()
    return set(session.scalars(query)) if ids else set()
