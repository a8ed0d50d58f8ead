"""Numbers that the rows of a plan give to accounts while others still have them.

A number that another row of the plan takes away is free behind that row; one that nobody takes
away is for a person to settle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import Artefact, PlanFile
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.numbers import Key, Order, order
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Account, Run
from crmapp.services import planning
from crmapp.services.apply import AGAIN
from crmapp.services.records import NUMBER_TAKEN

RING = 100
"""So many accounts may hand their numbers round in a ring: they are written at once."""
_ACCOUNT = Account.__table__.c
_HOLDER = "holder"
_PART = 5000
_KEY_FIELDS = ("number", "erp_company")


def marked(
    planned: Sequence[PlanRow], actions: Collection[Planned] = (Planned.CREATE, Planned.UPDATE)
) -> list[PlanRow]:
    """Say with rows which other account has the number that they give."""
    rows = [row for row in planned if row.action in actions and row.fields.keys() & {*_KEY_FIELDS}]
    if not rows:
        return list(planned)
    present = _present([row.record_id for row in rows if row.record_id is not None])
    wanted = {row.row_no: key for row in rows if (key := _wanted(row, present))}
    held = _held(wanted.values())
    holders = {row_no: held[key] for row_no, key in wanted.items() if key in held}
    if not holders:
        return list(planned)
    return [
        row._replace(params={**row.params, _HOLDER: holders[row.row_no]})
        if holders.get(row.row_no, row.record_id) != row.record_id
        else row
        for row in planned
    ]


def _present(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what accounts hold in the fields that make their numbers unique."""
    query = select(_ACCOUNT.id, *(_ACCOUNT[name] for name in _KEY_FIELDS))
    found = session.execute(query.where(is_one_of(_ACCOUNT.id, ids))) if ids else ()
    return {id_: dict(zip(_KEY_FIELDS, values, strict=True)) for id_, *values in found}


def _wanted(row: PlanRow, present: Mapping[int, Mapping[str, Any]]) -> Key | None:
    after = {name: after for name, (_before, after) in row.fields.items()}
    values = {**present.get(row.record_id or 0, {}), **after}
    number = values.get("number")
    return (values.get("erp_company") or "", number) if number else None


def _held(keys: Any) -> dict[Key, int]:
    """Return which living accounts have the numbers."""
    numbers = sorted({number for _company, number in keys})
    if not numbers:
        return {}
    query = select(_ACCOUNT.erp_company, _ACCOUNT.number, _ACCOUNT.id).where(
        _ACCOUNT.deleted_at.is_(None),
        _ACCOUNT.number.is_not(None),
        is_one_of(_ACCOUNT.number, numbers),
    )
    return {(company, number): id_ for company, number, id_ in session.execute(query)}


def settle(run: Run, plan: Artefact) -> Artefact:
    """Put the rows of a plan in the order in which numbers become free; refuse what never can."""
    with artefacts.read([plan.name]) as file:
        found = _order(file)
        if not found.rows and not found.refused:
            return plan
        ((last,),) = file.ask("SELECT max(row_no) FROM plan")
    places = [*enumerate(found.rows, last + 1), *((None, row_no) for row_no in found.refused)]
    listed = ", ".join(f"({row_no}, {place or 'NULL'})" for place, row_no in places)
    return artefacts.rewrite(
        run.id, planning.STEM, [plan.name], _SETTLED.replace("{places}", listed)
    )


def reject_kept(run: Run, plan: Artefact) -> Artefact:
    """Reject the rows of a plan that give a number which its account keeps, or which go too far."""
    with artefacts.read([plan.name]) as file:
        never = sorted(_order(file, AGAIN).refused)
    if not never:
        return plan
    which = f"row_no IN ({', '.join(map(str, never))})"
    found = "coalesce(json_extract_string(fields, '$.number[1]'), '')"
    return planning.reject(run.id, planning.STEM, plan, which, "number", NUMBER_TAKEN, found)


def _order(file: PlanFile, longest_ring: int = RING) -> Order:
    marked = file.ask(
        f"SELECT row_no, CAST(json_extract(params, '$.{_HOLDER}') AS BIGINT) FROM plan"  # noqa: S608  (our own constants)
        f" WHERE action IN ('{Planned.CREATE}', '{Planned.UPDATE}')"
        f""" AND params LIKE '%"{_HOLDER}"%'"""
    )
    leaving = dict(_leaving(file, sorted({holder for _row_no, holder in marked})))
    return order({row_no: leaving.get(holder) for row_no, holder in marked}, longest_ring)


def _leaving(file: PlanFile, holders: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the accounts that get another number or none, and the rows that say so."""
    for first in range(0, len(holders), _PART):
        yield from file.ask(
            f"SELECT record_id, row_no FROM plan WHERE action = '{Planned.UPDATE}'"  # noqa: S608  (our own constant)
            " AND record_id IN (SELECT unnest(CAST(? AS BIGINT[])))"
            " AND (json_exists(fields, '$.number') OR json_exists(fields, '$.erp_company'))",
            [holders[first : first + _PART]],
        )


_SETTLED = f"""
    WITH places(row_no, place) AS (VALUES {{places}}),
    settled AS (
        SELECT plan.*, places.place, places.row_no IS NOT NULL AND places.place IS NULL AS refused
        FROM plan LEFT JOIN places USING (row_no)
    )
    SELECT * EXCLUDE (place, refused) REPLACE (
        coalesce(place, row_no) AS row_no,
        if(refused, '{Planned.REJECTED}', action) AS action,
        if(refused, '{Reason.NUMBER_TAKEN}', reason) AS reason,
        if(refused, json_object(
            'number', json_extract_string(fields, '$.number[1]'),
            '{_HOLDER}', CAST(json_extract(params, '$.{_HOLDER}') AS BIGINT)
        )::VARCHAR, params) AS params,
        if(refused, '{{}}', fields) AS fields,
        link AND NOT refused AS link,
        if(refused, '[]', also) AS also
    )
    FROM settled
"""  # noqa: S608  (our own constants)
"""Rows that take a number over stand behind all others; one that cannot says who has it."""
