"""Plan again just the rows that a run left out: read anew, in a run of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Reason
from crmapp.domain.mapping import FieldMapping, problems
from crmapp.domain.runs import ENDED, Status
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_
from crmapp.models import Run, RunException, User
from crmapp.queue import later
from crmapp.services import sources, staged_rows, upsert_fields, upserts
from crmapp.services.engine import CODE_VERSION
from crmapp.services.idempotency import once
from crmapp.services.sources import Rows, SourceColumn

KIND = "retry"
_BATCH = 5000
_NEVER_WRITTEN = f"""
    (action = 'ambiguous'
        OR action IN ('rejected', 'kept') AND NOT starts_with(reason, '{Reason.LEFT_OUT}')
            AND reason NOT IN ('{Reason.DUPLICATE_KEY}', '{Reason.SAME_ACCOUNT}')
        OR row_no > ?)
"""
"""The rows that the run did not come to; those that it came to and left are its exceptions.

A second row of an account is none of them: alone, it would overwrite what the first one wrote.
"""


def retryable(run: Run) -> bool:
    """Whether the run has ended with a plan of which rows could be planned again."""
    return run.kind == "upsert" and run.status in ENDED and bool(run.done)


def count(run: Run) -> int:
    """Return how many rows the run left out that a new run may take up.

    They were rejected, skipped, undecided or not reached; those that a person had left out are not
    among them, nor are second rows of an account.
    """
    if not retryable(run):
        return 0
    exceptions = select(func.count()).where(RunException.run_id == run.id)
    with artefacts.read([part["name"] for part in run.artefacts]) as plan:
        query = f"SELECT count(*) FROM plan WHERE {_NEVER_WRITTEN}"  # noqa: S608  (our own text)
        ((planned,),) = plan.ask(query, [run.cursor])
    return int(planned) + (session.scalar(exceptions) or 0)


def of(run: Run) -> list[int]:
    """Return the ids of the runs that took up rows of this one."""
    return list(session.scalars(select(Run.id).where(Run.retries_id == run.id).order_by(Run.id)))


def retry_later(run_id: int, *, key: str | None, by: User) -> int:
    """Have the rows that a run left out planned again; return the id of the run that does it.

    They are read from the source as it is now, through the same mapping. While a retry has not
    ended, another one is not begun: its id is returned.

    Raises:
        NotFound, Forbidden
        Conflict: the run left nothing out.
        Invalid: the source has none of these rows any more.
    """
    run = upserts.get(run_id, by=by)
    if not count(run):
        raise Conflict({}, message=N_("This run left no rows out that could be retried."))
    source = _source(run)
    opened, found = sources.open_source(source, by=by), None
    if sources.stager(source) is None:
        found = opened.count()
    if found == 0:
        raise Invalid({"": N_("The source has none of these rows any more.")})
    columns = [column.name for column in opened.columns()]
    mapping, object_ = FieldMapping.from_json(run.mapping), upsert_fields.object_of(source)
    fits = not problems(mapping, upsert_fields.of(source), columns, object_)
    person = by.id
    with unit_of_work():
        made = once(key, {"retry": run_id}, lambda: _start(run_id, source, found, fits, person))
    return int(made.removeprefix("run:"))


def _source(run: Run) -> dict[str, Any]:
    """Return the source of the rows that ``run`` left out, pinned as its own is now."""
    below = run.source.get("of", run.source["kind"])
    newest = sources.renewed({**run.source, "kind": below})
    newest = staged_rows.forgotten(newest)
    return {**newest, "kind": KIND, "of": below, "run": run.id, "everything": False}


def _start(
    run_id: int, source: Mapping[str, Any], found: int | None, fits: bool, person: int
) -> str:
    run = session.get_one(Run, run_id, with_for_update=True)
    going_on = select(Run.id).where(Run.retries_id == run_id, Run.status.not_in(ENDED))
    doing = session.scalar(going_on)
    if doing is not None:
        return f"run:{doing}"
    retry = Run(
        kind="upsert",
        title=run.title,
        status=(Status.PLANNING if fits else Status.DRAFT).value,
        source=dict(source),
        mapping={**run.mapping, "version": 1, "decided_on": None},
        total=found,
        lock_key=run.lock_key,
        code_version=CODE_VERSION,
        retries_id=run_id,
        by_id=person,
    )
    session.add(retry)
    session.flush()
    if fits:
        later("runs.work", run_id=retry.id)
    return f"run:{retry.id}"


class RetrySource:
    """The rows of another source that a run left out, as that source has them now."""

    def __init__(self, kept: Mapping[str, Any], by: User) -> None:
        self._source = sources.open_source({**kept, "kind": kept["of"]}, by=by)
        self._run = session.get_one(Run, kept["run"])

    def columns(self, locale: str = "") -> Sequence[SourceColumn]:
        return self._source.columns(locale)

    def count(self) -> int:
        return sum(len(page.found) for page in self._pages(None, _BATCH))

    def rows(self, after: str | None, limit: int) -> Rows:
        return next((page for page in self._pages(after, limit) if page.found), Rows())

    def _pages(self, after: str | None, limit: int) -> Iterator[Rows]:
        """Yield the wanted rows after the place ``after``, page by page of the source."""
        with artefacts.read([part["name"] for part in self._run.artefacts]) as plan:
            while (page := self._source.rows(after, limit)).found:
                wanted = self._wanted(plan, [key for key, _row in page.found])
                left = [n for n, row in enumerate(page.found) if row[0] in wanted]
                wrong = {at: page.wrong[n] for at, n in enumerate(left) if n in page.wrong}
                yield Rows([page.found[n] for n in left], page.until, wrong)
                after = page.until

    def _wanted(self, plan: PlanFile, keys: list[str]) -> set[str]:
        """Which of the rows with these keys the run left out."""
        query = f"SELECT key, row_no, {_NEVER_WRITTEN} FROM plan WHERE key IN (SELECT unnest(?))"  # noqa: S608  (our own text)
        found = plan.ask(query, [self._run.cursor, keys])
        written = {row_no: key for key, row_no, never in found if not never}
        exceptions = select(RunException.row_no).where(
            RunException.run_id == self._run.id, is_one_of(RunException.row_no, list(written))
        )
        never_written = {key for key, _row_no, never in found if never}
        return never_written | {written[row_no] for row_no in session.scalars(exceptions)}
