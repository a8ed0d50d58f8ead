"""Several accounts made one: what is kept of each, what moves, and where the others have gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.fields import BadValue, Field, Kind, freeze
from crmapp.domain.merging import Row
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, Run, User
from crmapp.services import (
    accounts,
    editing,
    field_owners,
    fields,
    merge_relations,
    named_accounts,
    passing_on,
    records,
)
from crmapp.services.apply import write_rows
from crmapp.services.engine import CODE_VERSION
from crmapp.services.field_owners import Keeper
from crmapp.services.idempotency import once
from crmapp.services.rights import need

KIND = "merge"
MOST = 5
"""So many accounts are merged at a time, the survivor included."""
_PART = 5000
_SELF = N_("Choose another account: this is the one you are merging into.")
_TOO_MANY = N_("Merge at most %(most)s accounts at a time.")
_STALE = N_("Somebody changed these accounts while you were looking. Look at them again.")


@dataclass(frozen=True)
class Draft:
    """Accounts that may become one, the survivor first, and their fields side by side.

    ``keepers`` are the survivor's fields that a source keeps; ``moving`` counts what moves.
    """

    accounts: Sequence[Account]
    rows: Sequence[Row]
    keepers: Mapping[str, Keeper]
    moving: Mapping[str, int]

    @property
    def into(self) -> Account:
        return self.accounts[0]

    @property
    def others(self) -> Sequence[Account]:
        return self.accounts[1:]


@dataclass(frozen=True)
class Changed:
    """A field of one of the accounts that somebody changed meanwhile."""

    account: Account
    field: Field
    before: Any
    after: Any


def draft(into: int, others: Sequence[int], *, by: User) -> Draft:
    """Lay accounts side by side that ``by`` would merge into the account ``into``.

    Raises:
        NotFound: she does not see one of them.
        Forbidden: she may not change or delete one of them.
        Invalid: there is nothing to merge, or too much.
        Conflict: something refers to accounts and nobody knows how it moves.
    """
    need(Right.ACCOUNT_DELETE, by=by)
    merge_relations.need_known()
    ids = [*dict.fromkeys([into, *others])]
    if len(ids) < 2:
        raise Invalid({"with": _SELF}, _SELF)
    if len(ids) > MOST:
        many = Text(_TOO_MANY, {"most": MOST})
        raise Invalid({"with": many}, many)
    found = [accounts.need_editable(id_, by=by) for id_ in ids]
    rows = [Row(spec, ids, _values(spec, found)) for spec in fields.of("account").values()]
    moving = merge_relations.counts(ids[1:])
    return Draft(found, rows, field_owners.locked(into), moving)


def _values(spec: Field, found: Sequence[Account]) -> list[Any]:
    """Return what each account holds; what would name the survivor itself is nothing."""
    values = [account.value(spec) for account in found]
    if spec.kind is not Kind.ACCOUNT:
        return values
    ids = {account.id for account in found}
    circles = {
        value
        for value in {*values} - {None}
        if value in ids
        or (spec.name == "parent_id" and not ids.isdisjoint(named_accounts.above(value)))
    }
    return [None if value in circles else value for value in values]


def merge(
    into: int,
    versions: Mapping[int, int],
    choices: Mapping[str, str],
    *,
    by: User,
    key: str | None = None,
) -> int:
    """Make one of the accounts in ``versions``, and return the run that did it: it can be undone.

    ``versions`` are those that ``by`` saw; ``choices`` is field → the account whose value is kept,
    by its id, or ``all``; where nothing is said, what is usual counts.

    Raises:
        As :func:`draft`. Invalid also: a value that the survivor cannot hold.
        Conflict: somebody changed one of them meanwhile; see :func:`changed_since`.
    """
    others = [id_ for id_ in versions if id_ != into]
    sent = {"into": into, "versions": dict(versions), "choices": dict(choices)}
    with (
        editing.unless_taken(
            {"number": records.NUMBER_TAKEN}, index="uq_account_number", column="account.number"
        ),
        unit_of_work(),
    ):
        owned = f"{by.id}:{key}"[:200] if key else None
        made = once(owned, sent, lambda: _merge(into, others, versions, choices, by))
    return int(made.removeprefix("run:"))


def _merge(
    into: int,
    others: Sequence[int],
    versions: Mapping[int, int],
    choices: Mapping[str, str],
    by: User,
) -> str:
    _lock([into, *others])
    found = draft(into, others, by=by)
    if any(account.version != versions.get(account.id) for account in found.accounts):
        raise Conflict({}, message=_STALE)
    rows = _planned(found, _kept(found, choices))
    run = _run(found, by)
    plan = artefacts.write(run.id, "plan-1", rows)
    run.artefacts, run.plan_hash = [plan.as_json()], plan.sha256
    run.total = run.cursor = len(rows)
    run.counts = {"update": len(rows) - len(others), "delete": len(others)}
    run.done = {"updated": len(rows)}
    session.flush()
    _write(rows, run)
    return f"run:{run.id}"


def changed_since(found: Draft, versions: Mapping[int, int]) -> list[Changed]:
    """Return what somebody changed of the accounts after the versions that a person saw."""
    changed = []
    for account in found.accounts:
        seen = versions.get(account.id)
        if seen is None or seen == account.version:
            continue
        specs = {row.field.name: row.field for row in found.rows}
        before = editing.before("account", account.id, seen, specs)
        changed += [
            Changed(account, spec, before[name], account.value(spec))
            for name, spec in specs.items()
            if name in before
        ]
    return changed


def _lock(ids: Sequence[int]) -> None:
    """Let nobody change the accounts meanwhile, in the order in which the door locks."""
    own = Account.__table__.c.id
    session.execute(select(own).where(own.in_(ids)).order_by(own).with_for_update()).all()
    session.expire_all()


def _kept(found: Draft, choices: Mapping[str, str]) -> dict[str, Any]:
    """Return field → the value that the survivor is to have.

    Raises:
        Invalid: field → what is wrong with what was chosen.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, Text | str] = {}
    for row in found.rows:
        name, own = row.field.name, str(found.into.id)
        keeper = found.keepers.get(name)
        try:
            values[name] = row.chosen(choices.get(name) or (own if keeper else row.usual))
        except BadValue as bad:
            wrong[name] = bad.text
            continue
        if keeper and values[name] != row.values[0]:
            wrong[name] = keeper.refusal
        if name in passing_on.FIELDS and values[name] is not None:
            problem = passing_on.problem_if_merged(name, row.ids)
            wrong |= {name: problem} if problem else {}
        if name == "number":
            values["erp_company"] = _company(found, values[name])
    if wrong:
        raise Invalid(wrong)
    return values


def _company(found: Draft, number: str | None) -> str:
    """Return the ERP company in which the number is one."""
    return next((each.erp_company for each in found.accounts if each.number == number), "")


def _planned(found: Draft, kept: Mapping[str, Any]) -> list[PlanRow]:
    """Say what the merge changes: accounts first, then what hangs on them."""
    into, others = found.into, [account.id for account in found.others]
    specs = fields.every("account")
    before = {name: into.value(specs[name]) if name in specs else into.erp_company for name in kept}
    fields_ = {
        name: [freeze(before.get(name)), freeze(value)]
        for name, value in {**kept, **_left(found)}.items()
        if value != before.get(name)
    }
    links = [list(link) for link in merge_relations.links(into.id, others)]
    survivor = _row(into, Planned.UPDATE, fields=fields_, links=links)
    gone = [
        _row(each, Planned.DELETE, fields={"replaced_by": [each.replaced_by, into.id]})
        for each in found.others
    ]
    rows = [
        *([survivor] if fields_ or links else []),
        *gone,
        *merge_relations.naming(into.id, others).values(),
        *merge_relations.attached(into.id, others),
    ]
    return [row._replace(row_no=n) for n, row in enumerate(rows, 1)]


def _row(account: Account, action: Planned, **more: Any) -> PlanRow:
    return PlanRow(
        row_no=0,
        action=action,
        record_id=account.id,
        version=account.version,
        name=account.name,
        **more,
    )


def _left(found: Draft) -> dict[str, Any]:
    """Return what others hold in retired fields of which the survivor has no value."""
    held: dict[str, Any] = {}
    for account in reversed(found.others):
        held |= account.custom
    offered = {row.field.name for row in found.rows}
    mine = found.into.custom
    return {name: value for name, value in held.items() if name not in offered and name not in mine}


def _run(found: Draft, by: User) -> Run:
    run = Run(
        kind=KIND,
        title=f"{', '.join(each.name for each in found.others)} → {found.into.name}",
        status=Status.DONE.value,
        source={
            "kind": KIND,
            "into": found.into.id,
            "of": [each.id for each in found.others],
            "origin": {"kind": KIND},
        },
        lock_key=f"{KIND}:{found.into.id}",
        code_version=CODE_VERSION,
        by_id=by.id,
        started_at=utcnow(),
        finished_at=utcnow(),
    )
    session.add(run)
    session.flush()
    return run


def _write(rows: Sequence[PlanRow], run: Run) -> None:
    """Write the accounts at once, because they may pass a number on, then the others in parts.

    Raises:
        Conflict: one of them was changed in this very moment.
        Invalid: the number is taken.
    """
    own = [row for row in rows if row.object == "account"]
    starts = range(len(own), len(rows), _PART)
    for part in (own, *(rows[start : start + _PART] for start in starts)):
        for outcome in write_rows(part, run):
            if outcome.reason is not None:
                raise Conflict({}, message=_STALE)
