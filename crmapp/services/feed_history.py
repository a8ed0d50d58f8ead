"""What the change log says about rows of a feed: who changed a field last, what was undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from sqlalchemy import Text, func, select
from sqlalchemy.orm import aliased

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.feeds import FedBy
from crmapp.domain.ownership import Last, Owner
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Account, Change, ExternalIdentity, MatchAnswer, Run
from crmapp.services import ledger

_ACCOUNT = Account.__table__.c
_LOG = Change.__table__.c


def lasts(planned: Sequence[PlanRow], fed: FedBy) -> dict[int, dict[str, Last]]:
    """Return account → field → its last change, of the fields that rows would change."""
    names: dict[int, set[str]] = {}
    for row in planned:
        if row.action is Planned.UPDATE and row.record_id is not None:
            names.setdefault(row.record_id, set()).update(row.fields)
    if not names:
        return {}
    query = select(_ACCOUNT.id, _ACCOUNT.lineage).where(is_one_of(_ACCOUNT.id, sorted(names)))
    wanted = {
        (id_, name): lineage[name]
        for id_, lineage in session.execute(query)
        for name in names[id_] & lineage.keys()
    }
    changes = _changes(sorted(set(wanted.values())))
    found: dict[int, dict[str, Last]] = {}
    for (id_, name), change_id in wanted.items():
        if change_id in changes and (last := _last(changes[change_id], name)):
            found.setdefault(id_, {})[name] = last
    for id_, mine in found.items():
        by_hand = {n for n, last in mine.items() if last.person}
        newest = {name for name in by_hand if fed.owner_of(name) is Owner.NEWEST}
        for name, given in (_given(id_, newest) if newest else {}).items():
            mine[name] = replace(mine[name], given=given)
    return found


def _changes(ids: Sequence[int]) -> dict[int, Any]:
    run = aliased(Run)
    query = (
        select(_LOG.id, _LOG.fields, _LOG.at, _LOG.by_id, run.undoes_id)
        .select_from(Change)
        .outerjoin(run, run.id == _LOG.run_id)
        .where(is_one_of(_LOG.id, ids))
    )
    return {row.id: row for row in session.execute(query)}


def _last(change: Any, name: str) -> Last | None:
    if name not in change.fields:
        return None
    before, after = change.fields[name]
    undo = change.undoes_id is not None
    return Last(change.at, before, after, change.by_id is not None, undo, before)


def _given(account_id: int, names: set[str]) -> dict[str, Any]:
    """Return what fields held before people began to change them, the last time they did."""
    query = (
        select(_LOG.fields, _LOG.by_id)
        .where(_LOG.object == "account", _LOG.record_id == account_id)
        .order_by(_LOG.id.desc())
    )
    found: dict[str, Any] = {}
    left = set(names)
    for fields, by_id in session.execute(query):
        for name in left & fields.keys():
            if by_id is None:
                left.discard(name)
            else:
                found[name] = fields[name][0]
        if not left:
            break
    return found


def leave_alone(
    planned: Sequence[PlanRow], identity: tuple[str, str], companies: Mapping[int, str]
) -> list[PlanRow]:
    """Do not create again what somebody deleted, or took back by undoing a run.

    What was taken back is left alone until the source says something else of it; what a person
    deleted until she restores it.
    """
    rows = [row for row in planned if row.action is Planned.CREATE]
    if not rows:
        return list(planned)
    reasons = _undone(rows, companies) | _deleted(rows, identity)
    return [
        row._replace(
            action=Planned.UNCHANGED, reason=reasons[row.row_no], fields={}, link=False, also=()
        )
        if row.row_no in reasons
        else row
        for row in planned
    ]


def leave_unlinked(planned: Sequence[PlanRow], identity: tuple[str, str]) -> list[PlanRow]:
    """Do not link again what somebody unlinked, until the source or a person says otherwise."""
    left = {
        row.row_no: (row.record_id, row.key)
        for row in planned
        if row.link and row.record_id is not None and not row.fields
    }
    taken: set[tuple[int, str]] = set()
    pairs = set(left.values())
    while pairs:  # one key of each account at a time
        keys = dict(sorted(pairs))
        pairs -= set(keys.items())
        gone = ledger.unlinked({id_: (*identity, key) for id_, key in keys.items()})
        taken |= {(id_, keys[id_]) for id_ in gone}
    taken -= _said_since(taken, identity)
    return [
        row._replace(action=Planned.UNCHANGED, reason=Reason.UNDONE, params={}, link=False)
        if left.get(row.row_no) in taken
        else row
        for row in planned
    ]


def _said_since(
    pairs: AbstractSet[tuple[int, str]], identity: tuple[str, str]
) -> set[tuple[int, str]]:
    """Return those of account and key of which a person said so after the last link changed."""
    if not pairs:
        return set()
    links = _LOG.links.cast(Text) != "[]"
    ids = sorted({account for account, _key in pairs})
    query = select(_LOG.record_id, func.max(_LOG.at)).where(
        _LOG.object == "account", is_one_of(_LOG.record_id, ids), links
    )
    last = {row[0]: row[1] for row in session.execute(query.group_by(_LOG.record_id))}
    kept = MatchAnswer.__table__.c
    answers = select(kept.account_id, kept.external_id, kept.at).where(
        kept.system == identity[0], kept.object == identity[1], is_one_of(kept.account_id, ids)
    )
    said = {(row.account_id, row.external_id): row.at for row in session.execute(answers)}
    return {pair for pair in pairs if pair in said and said[pair] > last[pair[0]]}


def _deleted(rows: Sequence[PlanRow], identity: tuple[str, str]) -> dict[int, Reason]:
    """Find rows whose account was deleted here, by the ledger of identities."""
    ledger = ExternalIdentity.__table__.c
    query = (
        select(ledger.external_id)
        .join(Account, _ACCOUNT.id == ledger.account_id)
        .where(_ACCOUNT.deleted_at.is_not(None))
        .where(ledger.system == identity[0], ledger.object == identity[1])
        .where(is_one_of(ledger.external_id, [row.key for row in rows]))
    )
    gone = set(session.scalars(query))
    return {row.row_no: Reason.DELETED_HERE for row in rows if row.key in gone}


def _undone(rows: Sequence[PlanRow], companies: Mapping[int, str]) -> dict[int, Reason]:
    """Find rows that were created before just as they would be now, and then taken back."""
    numbers = {row.fields["number"][1]: row for row in rows if "number" in row.fields}
    query = select(_ACCOUNT.id, _ACCOUNT.number, _ACCOUNT.erp_company).where(
        _ACCOUNT.deleted_at.is_not(None), is_one_of(_ACCOUNT.number, sorted(numbers))
    )
    found = {row.id: row for row in session.execute(query)} if numbers else {}
    if not found:
        return {}
    born = _born_and_taken_back(sorted(found))
    taken: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for id_, fields in born.items():
        key = found[id_].number or "", found[id_].erp_company
        taken.setdefault(key, []).append(fields)
    return {
        row.row_no: Reason.UNDONE
        for row in rows
        if any(
            all(
                fields.get(name, [None, None])[1] == after
                for name, (_b, after) in row.fields.items()
            )
            for fields in taken.get((row.fields["number"][1], companies.get(row.row_no, "")), ())
        )
    }


def _born_and_taken_back(ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return account → what it was created with, of those whose last change is an undo of that."""
    run = aliased(Run)
    query = (
        select(_LOG.record_id, _LOG.action, _LOG.fields, run.undoes_id)
        .select_from(Change)
        .outerjoin(run, run.id == _LOG.run_id)
        .where(_LOG.object == "account", is_one_of(_LOG.record_id, list(ids)))
        .order_by(_LOG.id)
    )
    born: dict[int, Mapping[str, Any]] = {}
    undone: dict[int, bool] = {}
    for id_, action, fields, undoes in session.execute(query):
        if action == "created":
            born[id_] = fields
        undone[id_] = action == "deleted" and undoes is not None
    return {id_: fields for id_, fields in born.items() if undone[id_]}
