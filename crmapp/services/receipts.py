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
from crmapp.domain.plan import OUTCOME_OF, PlanRow
from crmapp.domain.reasons import sentence
from crmapp.errors import CRMError, NotFound
from crmapp.i18n import Text
from crmapp.models import Change, Run, RunException, User
from crmapp.services import plans, remote_rows
from crmapp.services.sources import open_source

_BATCH = 5000
PAGE = 50


@dataclass(frozen=True)
class LeftOut:
    """A row that was not carried out, or not wholly: its outcome, why, and the row as it came.

    ``found`` is the cell that could not be used.
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


def left_out(run: Run, *, by: User, after: int = 0, limit: int = PAGE) -> list[LeftOut]:
    """Return the rows after row ``after`` that were rejected, skipped or kept, in their order.

    They are ``limit`` at most, fewer if they are wide.
    """
    if not run.artefacts or not run.done:
        return []
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        return _left_out(run, plan, by, after, limit)


def _left_out(run: Run, plan: PlanFile, by: User, after: int, limit: int) -> list[LeftOut]:
    differing = session.scalars(
        select(RunException)
        .where(RunException.run_id == run.id, RunException.row_no > after)
        .order_by(RunException.row_no)
        .limit(limit)
    )
    exceptions = {each.row_no: each for each in differing}
    found, _more = plan.some(
        "row_no > ? AND (reason IS NOT NULL AND row_no <= ?"
        " OR row_no IN (SELECT unnest(CAST(? AS BIGINT[]))))",
        [after, run.cursor, list(exceptions)],
        limit,
    )
    chosen = [PlanRow.from_json(row) for row in found]
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
    )


def _as_it_came(cell: Any) -> Any:
    """Read a negative amount as a number again: a plan keeps exact numbers as text."""
    is_amount = isinstance(cell, str) and re.fullmatch(r"-\d+\.\d+", cell)
    return Decimal(cell) if is_amount else cell


@dataclass(frozen=True)
class FailedRows:
    """A file of rows that were left out: the source's columns (name, label), and its rows."""

    columns: Sequence[tuple[str, str]]
    rows: Iterator[LeftOut]


def failed_rows(run: Run, *, by: User, locale: str = "") -> FailedRows:
    """Return what was left out, in the shape of the run's source; the rows are read as one goes.

    Raises:
        NotFound: the run has no source rows (an undo), or left nothing out.
    """
    first = left_out(run, by=by, limit=1)
    if run.kind not in ("upsert", "dataset_refresh") or not first:
        raise NotFound
    return FailedRows(_columns(run, list(first[0].source), by, locale), _each(run, by))


def _columns(run: Run, names: Sequence[str], by: User, locale: str) -> list[tuple[str, str]]:
    try:
        columns = open_source(run.source, by=by).columns(locale)
        labels = {column.name: column.label for column in columns}
    except CRMError:  # the source has gone since; its rows are in the plan
        labels = {}
    return [(name, labels.get(name, name)) for name in names]


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
