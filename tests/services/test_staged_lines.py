"""How rows are written down: several to a line, and read again from any place on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from crmapp import noted
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned
from crmapp.models import Run
from crmapp.noted import Note
from crmapp.services import engine, plans, staged_rows, upsert_plan, upserts
from crmapp.services.apply import load
from crmapp.services.sources import Rows, Wrong
from crmapp.services.staged_rows import StagedRows
from tests.factories import Make
from tests.support.staged import Row, Tape, customers, register
from tests.support.upserts import MAPPING, plan_again

WRONG: dict[int, Wrong] = {n: (Reason.WIDTH, {"count": n, "width": 3}) for n in (0, 1, 50, 77, 119)}
MIXED: list[Row] = [*customers(1, 60), *customers(61, 90, city="Paris"), *customers(91, 120)]


def staged(make: Make, tape: Tape) -> Run:
    """Write the rows of ``tape`` down and go no further."""
    run_id = upserts.start(register(tape), title="Customers", by=make.mona, key=None)
    upserts.plan_later(run_id, MAPPING, confirmed=None, by=make.mona)
    held = engine.claim(run_id)
    assert held is not None
    staged_rows.advance(held, load(run_id))
    return load(run_id)


def lines_of(run: Run) -> list[Any]:
    ((_number, name, lines, _rows),) = run.source["staged"]["parts"]
    return noted.read_lines(Note(name, lines))


def test_each_row_is_read_as_it_came_from_any_place_on(make: Make) -> None:
    source = StagedRows(staged(make, Tape([MIXED], wrong=WRONG)).source)

    for first in range(len(MIXED)):
        for limit in (1, 30, 200):
            behind = MIXED[first : first + limit]
            wrong = {n - first: why for n, why in WRONG.items() if first <= n < first + limit}
            assert source.rows(str(first), limit) == Rows(behind, str(first + len(behind)), wrong)


def test_rows_share_a_line_unless_they_are_wide(make: Make) -> None:
    few = lines_of(staged(make, Tape([customers(1, 120)])))
    wide = lines_of(staged(make, Tape([customers(1, 60, city="x" * 100_000)])))

    assert len(few) == 4  # what the columns are called, and 50, 50 and 20 rows
    assert max(map(len, wide)) < 300_000


def test_a_part_has_fewer_rows_if_they_have_many_columns(make: Make) -> None:
    columns = {f"Column {n}": "1" for n in range(200)}
    run = staged(make, Tape([customers(1, 1000, **columns)]))

    rows = [part[3] for part in run.source["staged"]["parts"]]

    assert sum(rows) == 1000
    assert max(rows) < 1000


def test_rows_that_were_written_down_one_to_a_line_are_read_as_well(make: Make) -> None:
    run = staged(make, Tape([customers(1, 3)]))
    said = [{"names": ["name"]}, ["K1", "One"], {"wrong": ["width", {}]}, ["K2", "Two"]]
    note = noted.write_lines(run.id, "part-1-2-rows", [*map(orjson.dumps, said)])

    source = StagedRows({"staged": {"parts": [[0, note.name, note.rows, 2]]}})

    assert source.rows(None, 9) == Rows(
        [("K1", {"name": "One"}), ("K2", {"name": "Two"})], "2", {1: (Reason.WIDTH, {})}
    )
    assert source.rows("1", 9).found == [("K2", {"name": "Two"})]


def test_a_plan_says_the_same_however_many_rows_look_for_their_accounts_at_a_time(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = Tape([[*customers(1, 7), ("K9", {"code": "", "name": "", "phone": "1"})]])
    planned = []
    for many in (1, 3, 2000):
        monkeypatch.setattr(upsert_plan, "_SLOWLY", many)
        run_id = upserts.start(register(tape), title="Customers", by=make.mona, key=None)
        run = plan_again(make, run_id)
        shown = plans.rows(run, Planned.CREATE, 1, by=make.mona, locale="en").rows
        planned.append((run.counts, [row.planned for row in shown]))

    assert planned[0] == planned[1] == planned[2]
    assert planned[0][0] == {"create": 7, "rejected": 1}
