"""Joining the parts of a plan: in their order, and in little memory however many rows there are."""

from __future__ import annotations

from crmapp import artefacts
from crmapp.db import session, unit_of_work
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import Run
from crmapp.services import engine, planning
from tests.factories import Make

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
