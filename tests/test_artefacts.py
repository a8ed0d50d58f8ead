"""Plans as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmapp import artefacts, noted
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow
from crmapp.errors import FileLost
from crmapp.services import planning


def test_the_parts_of_a_plan_that_was_made_anew_stay(settings):
    for fence in (2, 3, 10):
        artefacts.write(1, artefacts.part_name(fence, 0), ())

    artefacts.clear_parts(1, fence=3)

    (left,) = settings.artefacts_dir.rglob("*.parquet")
    assert left.name.startswith("part-10-0-")


def test_what_does_not_fit_into_memory_is_kept_in_the_home(settings):
    with artefacts.read([]) as plan:
        ((folder,),) = plan.ask("SELECT current_setting('temp_directory')")

    assert Path(folder).is_relative_to(settings.home)


def test_a_row_of_a_plan_has_the_columns_of_its_file():
    assert PlanRow._fields == tuple(artefacts.COLUMNS)


def test_rows_are_read_as_they_were_written():
    cells = {"text": 'ä "x"\n\t\\', "none": None, "many": [1, 2.5], "far": "\u2028", "no": False}
    rows = [
        PlanRow(n, Planned.REJECTED, key=f"K{n}", reason=Reason.NO_KEY, source={**cells, "n": n})
        for n in range(1, 251)
    ]

    part = artefacts.write(1, "part-1-0", rows)

    with artefacts.read([part.name]) as plan:
        found = plan.rows("true", [], 300)
    assert [PlanRow.from_json(row) for row in found] == rows


@pytest.mark.parametrize(
    "same",
    [
        {"record_id": 7, "version": 0, "link": True},
        {"match": "null", "object": "contact", "also": [["erp", "customer", "K1"]]},
        {"match": "it's; --", "params": {"said": "'"}, "fields": {"name": [None, "\0"]}},
        {"match": "", "numbers": {"money": "1"}},
    ],
    ids=["numbers", "words", "texts", "nothing"],
)
def test_what_all_rows_hold_is_read_as_it_was_written(same):
    alike = [PlanRow(n, Planned.UNCHANGED, key=str(n), **same) for n in (1, 2, 3)]
    mixed = [PlanRow(4, Planned.CREATE), PlanRow(5, Planned.UNCHANGED, **same)]

    parts = [artefacts.write(1, f"part-1-{len(rows)}", rows) for rows in (alike, mixed)]

    with artefacts.read([part.name for part in parts]) as plan:
        found = plan.rows("true", [], 10)
    assert [PlanRow.from_json(row) for row in found] == [*alike, *mixed]


def test_rows_of_several_blocks_stay_in_their_order(monkeypatch):
    monkeypatch.setattr(artefacts, "_BLOCK", 2)
    planned = [*[Planned.UNCHANGED] * 5, *[Planned.CREATE] * 4, *[Planned.UNCHANGED] * 4]
    rows = [PlanRow(n, each, key=f"K{n}") for n, each in enumerate(planned, 1)]

    part = artefacts.write(1, "part-1-0", rows)

    with artefacts.read([part.name]) as plan:
        found = plan.ask("SELECT row_no, action FROM plan")
    assert found == [(row.row_no, row.action) for row in rows]


def test_rows_that_are_larger_than_a_block_are_read_as_they_were_written():
    rows = [
        PlanRow(n, Planned.CREATE, source={"a": str(n) * size})
        for n, size in enumerate((1, 3_000_000, 900_000, 900_000, 900_000, 1), 1)
    ]

    part = artefacts.write(1, "part-1-0", rows)

    with artefacts.read([part.name]) as plan:
        found = plan.rows("true", [], 10)
    assert [PlanRow.from_json(row) for row in found] == rows


def test_rows_that_nobody_holds_follow_the_others_of_a_plan():
    below = artefacts.write(1, "part-1-0", [PlanRow(n, Planned.CREATE) for n in range(1, 5)])
    select = "SELECT row_no + 10 AS row_no, 'unchanged' AS action FROM plan WHERE row_no > 2"

    part = artefacts.write(
        1, "part-1-4", [PlanRow(7, Planned.CREATE)], artefacts.Beside(select, [below.name])
    )

    with artefacts.read([part.name]) as plan:
        found = plan.ask("SELECT row_no, action FROM plan")
    assert found == [(7, "create"), (13, "unchanged"), (14, "unchanged")]


def test_what_was_written_down_is_read_as_it_was():
    texts = ["ä", None, "\u2028 'x'"]
    notes = [
        noted.write(1, "a", {"n": [1, 2, 3], "text": texts}),
        noted.write(1, "b", {"n": [4], "text": ["last"]}),
    ]

    with artefacts.tables() as tables:
        tables.fill("found", notes, {"n": "BIGINT", "text": "VARCHAR"})
        part = tables.publish(1, "all", "SELECT n AS row_no, text AS name FROM found ORDER BY n")

    with artefacts.read([part.name]) as plan:
        found = plan.ask("SELECT row_no, name FROM plan ORDER BY row_no")
    assert found == [*enumerate([*texts, "last"], 1)]


@pytest.mark.parametrize("text", [None, "", "{", '{"n":[1],"text":["a"]}', "\0" * 40])
def test_what_was_written_down_and_is_not_whole_counts_as_lost(settings, text):
    note = noted.write(1, "a", {"n": [1, 2], "text": ["a", "b"]})
    file = settings.artefacts_dir / note.name
    file.unlink() if text is None else file.write_text(text)

    with artefacts.tables() as tables, pytest.raises(FileLost):
        tables.fill("found", [note], {"n": "BIGINT", "text": "VARCHAR"})


@pytest.mark.parametrize(
    "count, width",
    [(planning.PART, 500), (50_000, 40), (planning.PART, 5000), (2000, 25000), (50, 1_000_000)],
)
def test_many_rows_and_wide_ones_are_written_in_little_memory(count, width):
    rows = (PlanRow(n, Planned.CREATE, source={"a": str(n) * width}) for n in range(1, count + 1))

    assert artefacts.write(1, "part-1-0", rows).rows == count


def test_rows_that_are_wide_are_read_in_little_memory_and_not_all_at_once():
    rows = [PlanRow(n, Planned.CREATE, source={"a": str(n) * 20_000}) for n in range(1, 1001)]
    part = artefacts.write(1, "part-1-0", rows)

    with artefacts.read([part.name]) as plan:
        some, more = plan.some("true", [], 1000)
        every = plan.rows("true", [], 1000)

    assert 0 < len(some) < 1000
    assert more
    assert [row["source"] for row in every] == [row.source for row in rows]
