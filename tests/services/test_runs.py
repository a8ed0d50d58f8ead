"""Runs as people meet them."""

from __future__ import annotations

from sqlalchemy import update

from crmapp.errors import TooLate
from crmapp.models import Run
from crmapp.services import runs
from tests.support.rivals import overtaken


def test_a_run_that_ends_while_it_is_cancelled_has_ended(app, make):
    run_id, person = make.run(status="queued").id, make.mona.id
    ends = update(Run).where(Run.id == run_id).values(status="done", fence=Run.fence + 1)

    def cancel():
        runs.cancel(run_id, by=make.again(type(make.mona), person))

    refused = overtaken(app, ends, cancel)

    assert [type(error) for error in refused] == [TooLate]
    assert make.again(Run, run_id).status == "done"
