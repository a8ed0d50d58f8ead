"""What a run did not do as planned, and why: rejected, skipped, kept; for its page and its file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session
from crmapp.domain.changes import Reason
from crmapp.domain.plan import OUTCOME_OF, Planned, PlanRow
from crmapp.domain.reasons import sentence
from crmapp.errors import CRMError, NotFound
from crmapp.i18n import Text
from crmapp.models import Change, Run, RunException, User
from crmapp.services import feed_spans, plans, remote_rows
from crmapp.services.feed_states import KIND as FEED
from crmapp.services.plans import Group
from crmapp.services.sources import open_source

FILED = ("upsert", "dataset_refresh", FEED)
"""Kinds of runs of which rows that were left out are given as a file."""
_LEFT = (
    f"reason IS NOT NULL AND reason <> '{Reason.IN_SPITE_OF_SOURCE}'"
    f" AND action <> '{Planned.UNCHANGED}' AND row_no <= ?"
)
_BATCH = 5000
PAGE = 50


@dataclass(frozen=True)
class LeftOut:
    """A row that was not carried out, or not wholly: its outcome, why, and the row as it came.

    ``found`` is the cell that could not be used; ``of`` the source, where a run reads several.
    """

    row_no: int
    object: str
    key: str
    name: str
    account: int | None
    outcome: str
    reason: Text
    found: str
    source: dict[str, Any]
    of: str = ""


def left_out(
    run: Run, *, by: User, after: int = 0, limit: int = PAGE, cause: tuple[str, str] = ("", "")
) -> list[LeftOut]:
    """Return the rows after row ``after`` that were rejected, skipped or kept, in their order.

    Rows that were to stay unchanged are none of them, also where the plan says why. They are
    ``limit`` at most, fewer if they are wide; ``cause`` narrows them to a reason and the field that
    it is about.
    """
    if not run.artefacts or not run.done:
        return []
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        return _left_out(run, plan, by, after, limit, cause)


def _left_out(
    run: Run,
    plan: PlanFile,
    by: User,
    after: int,
    limit: int,
    cause: tuple[str, str] = ("", ""),
) -> list[LeftOut]:
    differing = select(RunException).where(
        RunException.run_id == run.id, RunException.row_no > after
    )
    if cause[0]:
        differing = differing.where(RunException.reason == (cause[0] if not cause[1] else ""))
    found = session.scalars(differing.order_by(RunException.row_no).limit(limit))
    exceptions = {each.row_no: each for each in found}
    planned, _more = plan.some(
        f"row_no > ? AND ({_LEFT} AND (? = '' OR {plans.CAUSE})"
        " OR row_no IN (SELECT unnest(CAST(? AS BIGINT[]))))",
        [after, run.cursor, cause[0], *cause, list(exceptions)],
        limit,
    )
    chosen = [PlanRow.from_json(row) for row in planned]
    accounts = plans.accounts_of(run, chosen, by=by)
    return [_said(run, row, exceptions.get(row.row_no), accounts.get(row.row_no)) for row in chosen]


def _said(run: Run, row: PlanRow, exception: RunException | None, account: int | None) -> LeftOut:
    outcome, params = OUTCOME_OF.get(row.action, "updated"), row.params
    reason = row.reason or Reason.GONE
    if exception is not None:
        outcome, reason, params = exception.outcome, Reason(exception.reason), exception.params
    return LeftOut(
        row.row_no,
        row.object,
        row.key,
        row.name,
        account,
        outcome,
        sentence(reason, {**params, "object": row.object}, remote_rows.fields_of(row.object)),
        plans.found_in(run, row),
        {name: _as_it_came(cell) for name, cell in row.source.items()},
        feed_spans.name_of(run, row.row_no),
    )


def _as_it_came(cell: Any) -> Any:
    """Read a negative amount as a number again: a plan keeps exact numbers as text."""
    is_amount = isinstance(cell, str) and re.fullmatch(r"-\d+\.\d+", cell)
    return Decimal(cell) if is_amount else cell


def causes(run: Run) -> list[Group]:
    """Return why rows were left out, the most frequent reason first."""
    if not run.artefacts or not run.done:
        return []
    query = select(RunException.reason, func.count(), func.min(RunException.id))
    query = query.where(RunException.run_id == run.id).group_by(RunException.reason)
    found = []
    for reason, count, first in session.execute(query).all():
        params = plans.left_open(session.get_one(RunException, first).params, count > 1)
        found.append(Group(reason, "", sentence(Reason(reason), params, {}), count))
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        found += plans.groups_of(plan, _LEFT, [run.cursor])
    return sorted(found, key=lambda group: -group.count)


@dataclass(frozen=True)
class FailedRows:
    """A file of rows that were left out: the source's columns (name, label), and its rows.

    ``several`` says that they are of several sources.
    """

    columns: Sequence[tuple[str, str]]
    rows: Iterator[LeftOut]
    several: bool = False


def failed_rows(run: Run, *, by: User, locale: str = "") -> FailedRows:
    """Return what was left out, in the shape of the run's source; the rows are read as one goes.

    Raises:
        NotFound: the run has no source rows (an undo), or left nothing out.
    """
    first = left_out(run, by=by, limit=1)
    if run.kind not in FILED or not first:
        raise NotFound
    if run.kind == FEED:
        several = len(feed_spans.sources(run)) > 1
        return FailedRows([(name, name) for name in _names(run)], _each(run, by), several)
    return FailedRows(_columns(run, list(first[0].source), by, locale), _each(run, by))


def _names(run: Run) -> list[str]:
    """Return the columns of all rows that were left out, in the order in which they come."""
    names: dict[str, None] = {}
    after, more, exceptions = 0, True, _exceptions(run)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        while more:
            rows, more = plan.some(
                f"row_no > ? AND ({_LEFT} OR row_no IN (SELECT unnest(CAST(? AS BIGINT[]))))",
                [after, run.cursor, exceptions],
                _BATCH,
                ("row_no", "source"),
            )
            names |= {name: None for row in rows for name in row["source"]}
            after = rows[-1]["row_no"] if rows else after
    return list(names)


def _exceptions(run: Run) -> list[int]:
    return list(session.scalars(select(RunException.row_no).where(RunException.run_id == run.id)))


def _columns(run: Run, names: Sequence[str], by: User, locale: str) -> list[tuple[str, str]]:
    """Return the columns of one source, and those of ``names``: a row has only what it fills."""
    try:
        columns = open_source(run.source, by=by).columns(locale)
        labels = {column.name: column.label for column in columns}
    except CRMError:  # the source has gone since; its rows are in the plan
        labels = {name: name for name in _names(run)}
    return [*labels.items(), *((name, name) for name in names if name not in labels)]


def _each(run: Run, by: User) -> Iterator[LeftOut]:
    after = 0
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        while rows := _left_out(run, plan, by, after, _BATCH):
            yield from rows
            after = rows[-1].row_no


def changed(run: Run) -> dict[str, int]:
    """Return how many accounts the run created, updated, deleted and restored, by its changes."""
    query = select(Change.action, func.count()).where(Change.run_id == run.id)
    return {row[0]: row[1] for row in session.execute(query.group_by(Change.action))}
