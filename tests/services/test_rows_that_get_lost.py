"""Rows that get lost between a source, its plan and its run: whatever happens, it is never green.

A run carries out what was read, whatever its source says by then. Where files on the way there lose
rows, they are read anew, or the run fails and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crmapp import config
from crmapp.config import Settings
from crmapp.db import session
from crmapp.domain.mapping import FieldMapping
from crmapp.models import Account, Run
from crmapp.services import engine, feeds, grids, runs, upserts
from tests.factories import Make
from tests.support import files
from tests.support.feeds import Erp, customer, mapping, source
from tests.support.snapshots import lay_out_sales

RANDOM = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
COUNT = 12
damages = st.tuples(st.sampled_from(["rows", "cut", "gone"]), st.integers(0, 2**16))
"""What happens to a file, and where."""
_numbers = count()


@pytest.fixture(autouse=True)
def _sales(settings: Settings) -> None:
    lay_out_sales(settings)


def start_file(make: Make) -> int:
    lines = "".join(f"Customer {n};C{n};555 123\n" for n in range(COUNT))
    run_id = files.send(make, f"Name;Number;Phone\n{lines}").id
    upserts.plan_later(run_id, files.MAPPING, confirmed=None, by=make.mona)
    return run_id


def start_grid(make: Make) -> int:
    question = grids.ask("sales", "customers", {"q": "gift"}, by=make.mona)
    kept = grids.source(question, by=make.mona)
    run_id = upserts.start(kept, title="Customers", by=make.mona, key=None)
    columns = FieldMapping({"name": "name", "number": "code"})
    rows = runs.get(run_id, by=make.mona).total
    upserts.plan_later(run_id, columns, confirmed=rows, by=make.mona)
    return run_id


def start_feed(make: Make) -> int:
    halves = [range(COUNT // 2), range(COUNT // 2, COUNT)]
    erps = [Erp([customer(n) for n in half]) for half in halves]
    read = [source(make, erp, f"ERP {next(_numbers)}") for erp in erps]
    rule = mapping(make, *read, name=f"Feed {next(_numbers)}")
    return feeds.start(rule, by=make.alice, dry=True)


ROADS: dict[str, Callable[[Make], int]] = {
    "file": start_file,
    "grid": start_grid,
    "feed": start_feed,
}
EXPECTED = {"file": COUNT, "grid": 19, "feed": COUNT}
every_road = pytest.mark.parametrize("road", ROADS)


def spoil(files: Sequence[Path], damage: tuple[str, int]) -> bool:
    """Let one of ``files`` lose rows or bytes, or be gone; return whether there was one."""
    kind, place = damage
    whole = sorted(file for file in files if file.stat().st_size)
    if not whole:
        return False
    file = whole[place % len(whole)]
    if kind == "gone":
        file.unlink()
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[: place % file.stat().st_size])
    elif file.suffix == ".parquet":
        lose_rows(file, place)
    else:
        lines = file.read_bytes().splitlines()
        del lines[place % len(lines)]
        file.write_bytes(b"\n".join(lines))
    return True


def lose_rows(file: Path, place: int) -> None:
    """Write a plan anew, as a file without fault, but without some of its rows."""
    made = file.with_suffix(".less")
    with suppress(duckdb.Error), duckdb.connect() as connection:  # it may be cut already
        connection.execute(
            "COPY (FROM (SELECT *, row_number() OVER () AS n, count(*) OVER () AS c"  # noqa: S608  (our own)
            f" FROM '{file}') SELECT * EXCLUDE (n, c) WHERE n % 5 <> {place} % 5"
            f" AND n <> {place} % c + 1) TO '{made}' (FORMAT parquet)"
        )
        made.replace(file)


def parts(run_id: int) -> list[Path]:
    folder = config.settings().artefacts_dir / f"run-{run_id}"
    return [file for file in folder.glob("part-*") if file.suffix in (".parquet", ".jsonl")]


def work(run_id: int, between: Callable[[], object] = lambda: None) -> None:
    """Work on a run as a worker does, with something happening between its steps."""

    def step(held: engine.Claim) -> engine.Claim | None:
        between()
        return runs.PHASES[held.kind, held.status](held)

    with suppress(duckdb.Error):  # a worker notes that, and tries again some times
        engine.work(run_id, dict.fromkeys(runs.PHASES, step))
    session.rollback()


def begin(make: Make, run_id: int) -> None:
    run = session.get_one(Run, run_id)
    if run.kind == "feed":
        feeds.begin(run_id, run.plan_hash or "", by=make.alice)
    else:
        upserts.run_later(run_id, plan_hash=run.plan_hash or "", key=None, by=make.mona)


def rows_of(run_id: int) -> int:
    return runs.receipt_of(session.get_one(Run, run_id)).rows


def is_green(run_id: int) -> bool:
    session.rollback()
    return session.get_one(Run, run_id).status in ("done", "done_with_errors")


@every_road
def test_undisturbed_it_is_green(make: Make, road: str) -> None:
    run_id = ROADS[road](make)
    work(run_id)
    begin(make, run_id)
    work(run_id)

    assert is_green(run_id)
    assert rows_of(run_id) == EXPECTED[road]
    living = select(func.count()).where(Account.deleted_at.is_(None))
    assert session.scalar(living) == EXPECTED[road]


@every_road
@RANDOM
@given(damage=damages)
def test_a_plan_that_loses_rows_before_it_runs_ends_red(
    make: Make, road: str, damage: tuple[str, int]
) -> None:
    run_id = ROADS[road](make)
    work(run_id)
    begin(make, run_id)
    (plan,) = session.get_one(Run, run_id).artefacts

    spoil([config.settings().artefacts_dir / plan["name"]], damage)
    work(run_id)

    run = session.get_one(Run, run_id)
    assert (run.status, bool(run.error)) == ("failed", True)
    assert not runs.receipt_of(run).balances


@every_road
@RANDOM
@example(damage=("rows", 7), step=9, again=False)
@example(damage=("rows", 7), step=2, again=True)
@given(damage=damages, step=st.integers(1, 9), again=st.booleans())
def test_what_is_lost_while_it_is_planned_is_read_anew_or_ends_it(
    make: Make, road: str, damage: tuple[str, int], step: int, again: bool
) -> None:
    run_id, steps, spoilt = ROADS[road](make), count(1), []

    def between() -> None:
        if next(steps) >= step and (again or not spoilt) and spoil(parts(run_id), damage):
            spoilt.append(damage)

    work(run_id, between)
    planned = session.get_one(Run, run_id)

    if planned.status == "planned":
        assert (planned.total, sum(planned.counts.values())) == (EXPECTED[road], EXPECTED[road])
    else:
        assert not is_green(run_id)
        assert not runs.receipt_of(planned).balances


def test_rows_that_a_source_loses_after_they_were_read_are_carried_out_all_the_same(
    make: Make,
) -> None:
    erp = Erp([customer(n) for n in range(COUNT)])
    run_id = feeds.start(mapping(make, source(make, erp)), by=make.alice, dry=True)
    work(run_id)
    begin(make, run_id)
    del erp.rows[3:]

    work(run_id)

    assert is_green(run_id)
    assert session.get_one(Run, run_id).done == {"created": COUNT}
