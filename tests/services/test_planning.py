"""Plans in little memory, however many rows they have and however wide these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Run, User
from crmapp.services import engine, planning, receipts, sources, upserts
from tests.factories import Make
from tests.support.rows import Rows
from tests.support.upserts import carry_out, plan_again, take_back

PARTS, ROWS = 40, 2_500
WIDE = {f"column {number}": "x" * 60 + str(number) for number in range(20)}


def test_a_plan_that_is_larger_than_its_memory_is_joined_in_the_order_of_its_parts(
    make: Make,
) -> None:
    run_id = make.run(status="planning").id
    held = engine.claim(run_id)
    assert held is not None
    parts = [
        artefacts.write(
            run_id,
            artefacts.part_name(held.fence, first),
            (
                PlanRow(row_no=n, action=Planned.REJECTED, source={**WIDE, "n": n * n})
                for n in range(first + 1, first + ROWS + 1)
            ),
        )
        for first in range(0, PARTS * ROWS, ROWS)
    ]
    with unit_of_work():
        run = session.get_one(Run, run_id)
        run.artefacts = [part.as_json() for part in parts]

    plan = planning.join_parts(held, session.get_one(Run, run_id))

    assert plan.rows == PARTS * ROWS
    with artefacts.read([plan.name]) as file:
        ((sorted_,),) = file.ask(
            "SELECT bool_and(row_no = n) FROM (SELECT row_no, row_number() OVER () AS n FROM plan)"
        )
    assert sorted_


def open_long_notes(_kept: Mapping[str, Any], _by: User) -> Rows:
    """A source of long notes, every third of them a little longer than notes may be."""
    notes = {f"K{n:04}": "Call back! " * (1_800 if n % 3 else 1_900) for n in range(900)}
    return Rows({key: {"name": key, "notes": f"{text}{key}"} for key, text in notes.items()})


def test_rows_with_the_longest_texts_are_planned_carried_out_and_taken_back(make: Make) -> None:
    sources.register("long notes", open_long_notes)
    source = {"kind": "long notes", "identity": ["test", "long"]}
    run_id = upserts.start(source, title="Notes", by=make.mona, key=None)
    planned = plan_again(
        make, run_id, FieldMapping({"name": "name", "notes": "notes"}, match="name")
    )
    counts = planned.counts

    done = carry_out(make, planned)
    left_out = list(receipts.failed_rows(done, by=make.mona).rows)
    undone = take_back(make, done)

    assert counts == {"create": 600, "rejected": 300}
    assert len(left_out) == 300
    assert undone.done == {"updated": 600}
