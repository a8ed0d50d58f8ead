"""Who leads an account that is several customers of a CRM mapping: it says what the account holds.

That is the one of the source furthest left, and of one source the one that has been this account
for longest: one that came with a merge follows. A reading of what changed may have the others
without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import ExternalIdentity
from crmapp.services.feed_join import LED_BY

_LEDGER = ExternalIdentity.__table__.c
_SINCE = func.coalesce(_LEDGER.change_id, 0)
"""By the change that made it so: since when a customer has been the account that it is."""
_LAST = (1 << 62, 0)
"""Stands for a customer that is none yet."""
Since = tuple[int, int]
"""Since which change, and, of those that moved with one, in which place of the ledger."""


def marked(
    planned: Sequence[PlanRow], number: int, sources: Sequence[Mapping[str, Any]]
) -> list[PlanRow]:
    """Say of rows that would change accounts of several customers who leads: source, and key.

    ``number`` is that of their source among the ``sources`` of the run.
    """
    ids = {row.record_id for row in planned if row.action is Planned.UPDATE} - {None}
    known = _customers(sorted(id_ for id_ in ids if id_ is not None), sources) if ids else {}
    return [_marked(row, number, known.get(row.record_id or 0, [])) for row in planned]


def _customers(
    ids: Sequence[int], sources: Sequence[Mapping[str, Any]]
) -> dict[int, list[tuple[int, Since, str]]]:
    """Return account → its customers in the sources: number of the source, since when, key."""
    numbers = {tuple(kept["identity"]): number for number, kept in enumerate(sources)}
    ours = or_(*(and_(_LEDGER.system == each[0], _LEDGER.object == each[1]) for each in numbers))
    query = select(
        *(_LEDGER.account_id, _LEDGER.system, _LEDGER.object),
        *(_SINCE, _LEDGER.id, _LEDGER.external_id),
    ).where(ours, is_one_of(_LEDGER.account_id, ids))
    found: dict[int, list[tuple[int, Since, str]]] = {}
    for account, system, object_, since, id_, key in session.execute(query):
        found.setdefault(account, []).append((numbers[system, object_], (since, id_), key))
    return found


def _marked(row: PlanRow, number: int, known: Sequence[tuple[int, Since, str]]) -> PlanRow:
    if row.action is not Planned.UPDATE:
        return row
    others = [each for each in known if (each[0], each[2]) != (number, row.key)]
    if not others:
        return row
    since = next((at for n, at, key in known if (n, key) == (number, row.key)), _LAST)
    leader = min(*others, (number, since, row.key))
    return row._replace(params={**row.params, LED_BY: [leader[0], leader[2]]})


def followed(planned: Sequence[PlanRow], identity: Sequence[str] | None) -> list[PlanRow]:
    """Leave alone accounts of which another customer of the same source is the leader.

    A customer that is not known to be the account yet leads: the source may call it anew.
    """
    ids = {row.record_id for row in planned if row.action is Planned.UPDATE} - {None}
    if identity is None or not ids:
        return list(planned)
    known = _customers(sorted(id_ for id_ in ids if id_ is not None), [{"identity": identity}])
    return [_followed(row, sorted(known.get(row.record_id or 0, []))) for row in planned]


def _followed(row: PlanRow, known: Sequence[tuple[int, Since, str]]) -> PlanRow:
    keys = [key for _number, _since, key in known]
    if row.action is not Planned.UPDATE or row.key not in keys[1:]:
        return row
    return row._replace(
        action=Planned.KEPT,
        reason=Reason.FOLLOWS,
        params={"key": keys[0]},
        fields={},
        numbers={},
        link=False,
    )
