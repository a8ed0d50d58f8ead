"""Refresh a database that was made in the browser: a run, from its tables to a new snapshot.

Readers keep the snapshot they have until the last step, which names the new one and ends the run in
one transaction under the fence. Whoever dies before leaves nothing that anybody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from crmapp import artefacts
from crmapp.analytics import dataset as files
from crmapp.analytics import snapshots
from crmapp.analytics.intake.design import FILE, Design
from crmapp.analytics.intake.staging import Rejected, Stage, typed
from crmapp.analytics.intake.tables import Row
from crmapp.artefacts import Artefact
from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import ACTIVE, ENDED, Status, ended_as, receipt
from crmapp.errors import AlreadyRunning, CRMError, DatasetError, NotFound, TableError
from crmapp.i18n import N_, Text
from crmapp.models import Run, StoredDataset, User
from crmapp.patience import LONG
from crmapp.queue import leaving
from crmapp.services import datasets, failures, tables
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, enqueue, keep_alive, stop
from crmapp.services.rights import need

KIND = "dataset_refresh"
ROWS = "rows.ndjson"


class _Leaving(Exception):
    """The worker was asked to go, or the run to end, while rows are being read."""


def start(dataset_id: int, *, by: User | None, why: str = "") -> int:
    """Have a database refreshed in the background; return the run's id.

    ``by`` is None for the schedule and the command line.

    Raises:
        Forbidden: ``by`` may not.
        NotFound: there is no such database in use.
        AlreadyRunning: it is being refreshed; carries that run's id.
    """
    if by is not None:
        need(Right.DATASET_MANAGE, by=by)
    with unit_of_work():
        stored = session.get(StoredDataset, dataset_id, with_for_update=True)
        if stored is None or stored.state != StoredDataset.LIVE:
            raise NotFound
        busy = active(stored)
        if busy is not None:
            raise AlreadyRunning(busy)
        return queue(stored, by=by, why=why)


def active(stored: StoredDataset) -> int | None:
    """The run that refreshes the database now, or is about to."""
    query = select(Run.id).where(
        Run.lock_key == stored.lock_key, Run.status.in_([each.value for each in ACTIVE])
    )
    return session.scalar(query.limit(1))


def queue_anew(stored: StoredDataset, *, by: User) -> int:
    """Inside a unit of work: have what was changed about the database loaded; return the run's id.

    Refreshes that began before the change are stopped: they know nothing of it.
    """
    outdated = select(Run).where(
        Run.lock_key == stored.lock_key, Run.status.in_([each.value for each in ACTIVE])
    )
    for run in session.scalars(outdated.with_for_update()):
        stop(run)
    return queue(stored, by=by)


def queue(stored: StoredDataset, *, by: User | None, why: str = "") -> int:
    """Inside a unit of work: add the run. It keeps the source and the design as they are now."""
    run = Run(
        kind=KIND,
        title=stored.label_en,
        status=Status.QUEUED.value,
        source={
            "kind": "dataset",
            "dataset": stored.name,
            "id": stored.id,
            "tables": stored.source,
            "design": stored.design,
            "text": stored.text,
            "titles": {"en": stored.label_en, "fr": stored.label_fr},
        },
        lock_key=stored.lock_key,
        why=why,
        by_id=by.id if by else None,
    )
    return enqueue(run)


def advance(held: Claim) -> Claim | None:
    """Read the tables, set broken rows aside, build the snapshot, and let it answer."""
    run = load(held.run_id)
    stored = session.get(StoredDataset, run.source["id"])
    if run.cancel_requested or stored is None or stored.state != StoredDataset.LIVE:
        _end_early(held, Status.CANCELLED)
        return None
    folder = stored.folder
    session.rollback()
    try:
        with tables.workplace(folder, f"{held.run_id}-{held.fence}") as place:
            with keep_alive(held):
                stage, headings = _stage(held, run, folder, place / ROWS)
                made = _make(held, run, place, stage, headings)
            _publish(held, run.source["dataset"], stage.rows, *made)
    except _Leaving:
        return held
    except (TableError, DatasetError) as error:
        if _unwanted(held)():  # which is why the source was interrupted
            with unit_of_work():
                return checkpoint(held)
        _end_early(held, Status.FAILED, error)
    else:
        _tidy(run.source["id"])
    return None


def _stage(held: Claim, run: Run, folder: str, path: Path) -> tuple[Stage, tuple[str, ...]]:
    """Write the rows of all tables as texts; the columns of the first are those of all."""
    stage = Stage(path)
    headings: tuple[str, ...] = ()
    try:
        patience = replace(LONG, stop=_unwanted(held))
        for name, opened in tables.opened_tables(folder, run.source["tables"], patience):
            with opened() as table:
                headings = headings or table.columns
                rows = _aligned(table.rows(), table.columns, headings)
                stage.add(rows, name, _beat(held))
    finally:
        stage.close()
    if not stage.rows:
        raise TableError(N_("The table has no rows. The figures stay as they were."))
    return stage, headings


def _unwanted(held: Claim) -> Callable[[], bool]:
    """Return what says, in any thread, whether nobody wants these rows any more."""
    engine, wanted = (
        db.engine,
        select(Run.cancel_requested).where(Run.id == held.run_id, Run.fence == held.fence),
    )

    def unwanted() -> bool:
        with suppress(DBAPIError), engine.connect() as connection:
            return leaving() or connection.scalar(wanted) is not False
        return leaving()

    return unwanted


def _aligned(
    rows: Iterator[Row], columns: tuple[str, ...], headings: tuple[str, ...]
) -> Iterator[Row]:
    """The rows with their cells in the order of ``headings``; what is not there is empty."""
    if columns == headings:
        yield from rows
        return
    places = [columns.index(name) if name in columns else None for name in headings]
    for row in rows:
        if row.reason is not None:
            yield row
        else:
            cells = [None if place is None else row.cells[place] for place in places]
            yield Row(row.line, cells)


def _beat(held: Claim) -> Callable[[int], None]:
    """Say how many rows there are, keep the claim, and look whether to go on."""

    def beat(rows: int) -> None:
        with unit_of_work():
            checkpoint(held, total=rows)
        cancelled = session.scalar(select(Run.cancel_requested).where(Run.id == held.run_id))
        session.rollback()
        if cancelled or leaving():
            raise _Leaving

    return beat


def _make(
    held: Claim, run: Run, place: Path, stage: Stage, headings: tuple[str, ...]
) -> tuple[int, Artefact, str]:
    """Type the rows, keep those that were set aside, build the snapshot; nobody reads it yet."""
    design = Design.from_json(run.source["design"])
    with typed(place / ROWS, headings, design) as found:
        loaded = found.write(place / FILE)
        rejected = artefacts.write(
            held.run_id, f"rejected-{held.fence}", map(_as_planned, found.rejected())
        )
    if not loaded:
        return 0, rejected, ""
    name = run.source["dataset"]
    shape = files.parse(run.source["text"], f"{name}.yml")
    built = snapshots.build(shape, place, datasets.directory_of(name), utcnow())
    return loaded, rejected, built.name


def _as_planned(row: Rejected) -> PlanRow:
    return PlanRow(
        row_no=row.number,
        action=Planned.REJECTED,
        key=row.place,
        name=row.place,
        reason=row.reason,
        params=row.params,
        source=row.cells,
    )


def _publish(
    held: Claim, name: str, rows: int, loaded: int, rejected: Artefact, built: str
) -> None:
    """End the run and let the snapshot answer, together; nothing if the claim is lost."""
    done = {"loaded": loaded, "rejected": rejected.rows}
    result = receipt(rows, done, {})
    status = ended_as(result, cancelled=False) if loaded else Status.FAILED
    nothing = Text(N_("No row could be loaded. The figures stay."))
    problem = {} if loaded else failures.kept(nothing)
    with unit_of_work():
        stored = session.scalar(
            select(StoredDataset).where(StoredDataset.name == name).with_for_update()
        )
        cancelled = select(Run.cancel_requested).where(Run.id == held.run_id)
        gone = stored is None or stored.state != StoredDataset.LIVE
        if gone or session.scalar(cancelled):
            end(held, Status.CANCELLED)
            return
        moved = checkpoint(held, cursor=rows, total=rows, done=done, artefacts=[rejected.as_json()])
        end(moved, status, **problem)
        if loaded:
            snapshots.publish(datasets.directory_of(name), built)


def _end_early(held: Claim, status: Status, error: CRMError | None = None) -> None:
    with unit_of_work():
        end(held, status, **(failures.kept(error.message) if error else {}))


def _tidy(dataset_id: int) -> None:
    """Remove old snapshots, and tables that neither the database nor an unfinished run reads."""
    session.rollback()
    stored = session.get(StoredDataset, dataset_id)
    if stored is None or stored.name is None:
        return
    unfinished = select(Run.source).where(
        Run.lock_key == stored.lock_key, Run.status.not_in([each.value for each in ENDED])
    )
    sources = [stored.source, (stored.draft or {}).get("source", {})]
    sources += [source["tables"] for source in session.scalars(unfinished)]
    wanted = {each["file"] for source in sources for each in source.get("files", ())}
    tables.sweep(stored.folder, wanted)
    datasets.prune(stored.name)
