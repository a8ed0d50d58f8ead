"""What people read from a plan: its counts, and its rows page by page as they read values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.matching import LABELS
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.reasons import sentence
from crmapp.domain.record_keys import ACCOUNT
from crmapp.domain.records import BELONGING
from crmapp.domain.runs import ENDED
from crmapp.i18n import N_, Text
from crmapp.models import (
    Account,
    Activity,
    Change,
    Contact,
    ExternalIdentity,
    PlanDecision,
    Run,
    RunException,
    User,
)
from crmapp.services import decisions, feed_spans, fields, remote_rows
from crmapp.services.feed_states import KIND as FEED
from crmapp.services.remote_rows import RemoteWords
from crmapp.services.words import Line, Words

PAGE = 50
ACTIONS: dict[Planned, str] = {
    Planned.CREATE: N_("To create"),
    Planned.UPDATE: N_("To update"),
    Planned.DELETE: N_("To remove"),
    Planned.RESTORE: N_("To bring back"),
    Planned.AMBIGUOUS: N_("To decide"),
    Planned.KEPT: N_("Left as they are"),
    Planned.REJECTED: N_("Rejected"),
    Planned.UNCHANGED: N_("Unchanged"),
}
"""What is said of the rows of each action, in the order of the tabs."""
_FIELD = "coalesce(json_extract_string(params, '$.field'), '')"
CAUSE = f"reason = ? AND {_FIELD} = ?"
"""Narrows rows to those with a reason that is about a field."""


@dataclass(frozen=True)
class Candidate:
    """An account that a row may mean; ``taken`` is another row that is about it already."""

    id: int
    name: str
    number: str | None
    city: str | None
    taken: int | None


@dataclass(frozen=True)
class ShownRow:
    """One row of a plan as a person reads it.

    ``object`` is the kind of record; ``account`` the id of its account if the reader may see it,
    and only then ``lines`` say what it held; ``found`` the cell that could not be used; ``hidden``
    how many candidates she may not see; ``decision`` what was decided; ``planned`` the row as the
    plan has it; ``rule`` how its account was found, or those that it may be, where that is neither
    its identity nor the mapping's field; ``of`` the source, where a run reads several.
    """

    row_no: int
    object: str
    key: str
    name: str
    account: int | None
    lines: list[Line]
    reason: Text | None
    found: str = ""
    candidates: list[Candidate] = field(default_factory=list)
    hidden: int = 0
    decision: PlanDecision | None = None
    planned: PlanRow | None = None
    rule: str = ""
    of: str = ""


@dataclass(frozen=True)
class Group:
    """Rejected rows that share a reason; ``field`` is the name of the field that it is about."""

    reason: str
    field: str
    sentence: Text
    count: int


@dataclass(frozen=True)
class Shown:
    """A page of the rows of one action: ``first`` is the place of its first row, from 1."""

    rows: list[ShownRow]
    first: int
    count: int
    groups: list[Group]


def counts(run: Run) -> list[tuple[Planned, int]]:
    """Return how many rows have each action, in the order of the tabs.

    Of a run that has ended they are the rows that it carried out; before, those of its plan.
    """
    found = _carried_out(run) if run.status in ENDED else run.counts
    return [(action, found[action]) for action in ACTIONS if found.get(action)]


def _carried_out(run: Run) -> dict[str, int]:
    if not run.done or not run.artefacts:
        return {}
    where, values = _reached(run)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        query = f"SELECT action, count(*) FROM plan WHERE {where} GROUP BY action"  # noqa: S608  (our own text)
        return dict(plan.ask(query, values))


def _reached(run: Run) -> tuple[str, list[Any]]:
    """Return what leaves of a plan the rows that its run carried out, once that has ended."""
    if run.status not in ENDED:
        return "true", []
    skipped = session.scalars(select(RunException.row_no).where(RunException.run_id == run.id))
    where = "row_no <= ? AND row_no NOT IN (SELECT unnest(CAST(? AS BIGINT[])))"
    return where, [run.cursor if run.done else 0, list(skipped)]


def opening(run: Run) -> Planned:
    """Return the action whose rows are shown first."""
    first = (Planned.UPDATE, Planned.CREATE, Planned.DELETE, Planned.RESTORE)
    kinds = [*first, *(action for action in ACTIONS if action not in first)]
    return next((action for action in kinds if run.counts.get(action)), Planned.UNCHANGED)


def written(run: Run) -> int:
    """Return how many accounts the plan writes, with what has been decided so far."""
    planned: int = sum(run.counts.get(a, 0) for a in (Planned.CREATE, Planned.UPDATE))
    if "frozen" in (run.artefacts[0] if run.artefacts else {}):
        return planned
    chosen = decisions.of(run.id).values()
    return planned + sum(each.choice != decisions.Choice.SKIP for each in chosen)


def rows(
    run: Run,
    action: Planned,
    page: int,
    *,
    by: User,
    locale: str,
    reason: str = "",
    about: str = "",
) -> Shown:
    """Return a page of the rows with ``action``; ``reason`` and ``about`` (a field) narrow it.

    Of a run that has ended, rows that it did not reach or skipped are not among them.
    """
    reached, values = _reached(run)
    where, values = f"{reached} AND action = ?", [*values, str(action)]
    said, asked_of = f"{where} AND reason IS NOT NULL", values
    if reason:
        where += f" AND {CAUSE}"
        values = [*values, reason, about]
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        ((count,),) = plan.ask(f"SELECT count(*) FROM plan WHERE {where}", values)  # noqa: S608  (our own text)
        skipped = PAGE * (min(page, max(1, -(-count // PAGE))) - 1)
        found = _page(plan, where, values, skipped)
        grouped = action is Planned.REJECTED or run.kind == FEED
        groups = groups_of(plan, said, asked_of) if grouped else []
        asked = [PlanRow.from_json(row) for row in found]
        shown = _shown(run, asked, plan, by=by, locale=locale)
    return Shown(shown, skipped + 1, count, groups)


def _page(plan: PlanFile, where: str, values: list[Any], skipped: int) -> list[dict[str, Any]]:
    start = plan.ask(
        f"SELECT row_no FROM plan WHERE {where} ORDER BY row_no LIMIT 1 OFFSET ?",  # noqa: S608  (our own text)
        [*values, skipped],
    )
    return plan.rows(f"{where} AND row_no >= ?", [*values, start[0][0]], PAGE) if start else []


def groups_of(plan: PlanFile, where: str, values: Sequence[Any] = ()) -> list[Group]:
    """Group the rows for which ``where`` holds by what is said of them, most frequent first."""
    found = plan.ask(
        f"SELECT reason, {_FIELD} AS field, count(*),"  # noqa: S608  (our own text)
        f" min(row_no), count(DISTINCT params) FROM plan WHERE {where} GROUP BY ALL"
        " ORDER BY count(*) DESC, reason, field",
        values,
    )
    firsts = plan.rows("list_contains(?, row_no)", [[row[3] for row in found]], len(found))
    rows_ = {row["row_no"]: (row["params"], row["object"]) for row in firsts}
    return [
        Group(reason, about, _grouped(Reason(reason), *rows_[first], kinds > 1), count)
        for reason, about, count, first, kinds in found
    ]


def _grouped(reason: Reason, params: Mapping[str, Any], object_: str, differ: bool) -> Text:
    return _said(reason, left_open(params, differ), object_)


def left_open(params: Mapping[str, Any], differ: bool) -> Mapping[str, Any]:
    """Leave open in the words of a group what differs from row to row."""
    if not differ:
        return params
    left_open = dict.fromkeys(params.keys() & {"key", "row", "number"}, "…")
    values = params.get("values") or {}
    cells = {**values, **dict.fromkeys(values.keys() & {"value", "length"}, "…")}
    return {**params, **left_open, "values": cells}


def _said(reason: Reason, params: Mapping[str, Any], object_: str = "account") -> Text:
    known = remote_rows.fields_of(object_)
    return sentence(reason, {"object": object_, **params}, known)


def _shown(
    run: Run, asked: Sequence[PlanRow], plan: PlanFile, *, by: User, locale: str
) -> list[ShownRow]:
    words = {
        object_: _words(object_, asked, by, locale) for object_ in {row.object for row in asked}
    }
    accounts = accounts_of(run, asked, by=by)
    decided = decisions.of(run.id)
    named = _candidates(asked, plan, by)
    readable = {row.row_no for row in asked if _is_open(row, accounts, by)}
    return [
        ShownRow(
            row.row_no,
            row.object,
            row.key,
            row.name,
            accounts.get(row.row_no),
            words[row.object].lines(row.fields) if row.row_no in readable else [],
            _said(row.reason, row.params, row.object) if row.reason else None,
            found_in(run, row),
            [each for id_ in _named(row) if (each := named.get(id_))],
            sum(id_ not in named for id_ in _named(row)),
            decided.get(row.row_no),
            row,
            LABELS.get(row.params.get("rule", ""), ""),
            feed_spans.name_of(run, row.row_no),
        )
        for row in asked
    ]


def _words(object_: str, asked: Sequence[PlanRow], by: User, locale: str) -> Words | RemoteWords:
    if object_ in remote_rows.SYSTEMS:
        return RemoteWords(object_)
    changes = [row.fields for row in asked if row.object == object_]
    specs = {**BELONGING.get(object_, {}), **fields.every(object_)}
    return Words(specs, changes, by=by, locale=locale)


def _is_open(row: PlanRow, accounts: Mapping[int, int], by: User) -> bool:
    """Whether ``by`` may read the values of the row's account, which may be deleted by now."""
    everything = row.record_id is None or by.sees_all
    return everything or row.row_no in accounts


def found_in(run: Run, row: PlanRow) -> str:
    """Return the cell that a row was rejected for; empty if it is not about one, or says it."""
    if "value" in (row.params.get("values") or {}):
        return ""
    mapping = feed_spans.of(run, row.row_no).get("mapping", run.mapping)
    column = mapping.get("columns", {}).get(row.params.get("field"))
    return "" if column is None else str(row.source.get(column) or "")


def _named(row: PlanRow) -> list[int]:
    return list(row.params.get("candidates", ())) if row.action is Planned.AMBIGUOUS else []


def _candidates(asked: Sequence[PlanRow], plan: PlanFile, by: User) -> dict[int, Candidate]:
    ids = sorted({id_ for row in asked for id_ in _named(row)})
    if not ids:
        return {}
    table, taken = Account.__table__.c, decisions.meant(plan, ids)
    query = select(table.id, table.name, table.number, table.billing_city)
    found = session.execute(query.where(is_one_of(table.id, ids), Account.visible_to(by)))
    return {row.id: Candidate(*row, taken.get(row.id)) for row in found}


def accounts_of(run: Run, asked: Iterable[PlanRow], *, by: User) -> dict[int, int]:
    """Return row number → its account, of the rows whose account lives and ``by`` may see.

    A contact or an activity leads to the account that it belongs to. What the run created is found
    in the ledger of identities, by the row's key, or else by the number that it was given.
    """
    rows_ = list(asked)
    ids = _accounts_meant([row for row in rows_ if row.record_id is not None])
    ids |= {row.row_no: row.fields[ACCOUNT][1] for row in rows_ if ACCOUNT in row.fields}
    rows_ = [row for row in rows_ if row.row_no not in ids]
    if run.done:
        ids |= _created([row for row in rows_ if row.action is Planned.CREATE], run)
    table = Account.__table__.c.id
    seen = select(table).where(is_one_of(table, sorted(set(ids.values()))), Account.visible_to(by))
    open_ = set(session.scalars(seen)) if ids else set()
    return {row_no: id_ for row_no, id_ in ids.items() if id_ in open_}


def _created(rows_: Sequence[PlanRow], run: Run) -> dict[int, int]:
    """Return row number → the account that the run created for it."""
    keys: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows_:
        identity = feed_spans.of(run, row.row_no).get("identity") or run.source.get("identity")
        if identity:
            keys.setdefault((identity[0], identity[1]), {})[row.key] = row.row_no
    if not keys:
        return _created_by_number(rows_, run)
    ids: dict[int, int] = {}
    ledger = ExternalIdentity.__table__.c
    for (system, object_), mine in keys.items():
        query = select(ledger.external_id, ledger.account_id).where(
            ledger.system == system,
            ledger.object == object_,
            is_one_of(ledger.external_id, sorted(mine)),
        )
        ids |= {mine[key]: account for key, account in session.execute(query)}
    return ids


def _created_by_number(rows_: Sequence[PlanRow], run: Run) -> dict[int, int]:
    """Return what :func:`_created` does of rows without a key, where they had a number."""
    numbered = {row.fields["number"][1]: row.row_no for row in rows_ if "number" in row.fields}
    if not numbered:
        return {}
    theirs = select(Change.record_id).where(Change.run_id == run.id, Change.object == "account")
    query = select(Account.number, Account.id).where(
        is_one_of(Account.number, list(numbered)), Account.id.in_(theirs)
    )
    return {numbered[number]: id_ for number, id_ in session.execute(query)}


def _accounts_meant(rows: Sequence[PlanRow]) -> dict[int, int]:
    """Return row number → the account that the row is about, be it by a contact or activity."""
    known = ("account", *remote_rows.SYSTEMS)
    found = {row.row_no: row.record_id for row in rows if row.object in known}
    for model in (Contact, Activity):
        mine = {row.record_id: row.row_no for row in rows if row.object == model.__tablename__}
        if mine:
            query = select(model.id, model.account_id).where(is_one_of(model.id, list(mine)))
            found |= {mine[row.id]: row.account_id for row in session.execute(query)}
    return {row_no: id_ for row_no, id_ in found.items() if id_ is not None}
