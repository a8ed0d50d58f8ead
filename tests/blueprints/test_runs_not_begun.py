"""A run that has not begun: which rows it is about, and giving it up."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.models import Run
from crmapp.services import runs
from tests.support import upserts as made
from tests.support.pages import flat


@pytest.mark.parametrize(
    "everything, said",
    [
        (True, "All 3 rows in view · Customers · search “gift” · focused"),
        (False, "3 selected rows · Customers Started by"),
    ],
)
def test_search_and_focus_tell_which_rows_unless_they_were_selected(
    as_user, make, everything, said
):
    run_id = made.start(make)
    with unit_of_work():
        run = session.get_one(Run, run_id)
        args = {"q": "gift", "focus.products": "7"}
        run.source = run.source | {"everything": everything, "args": args}

    assert said in flat(as_user(make.mona).get(f"/runs/{run_id}"))


@pytest.mark.parametrize("start", [made.start, lambda make: made.plan(make).id])
def test_it_can_be_given_up_and_says_that_nothing_was_written(as_user, make, start):
    run_id, client = start(make), as_user(make.mona)
    assert f'action="/runs/{run_id}/cancellation"' in client.get(f"/runs/{run_id}").text

    client.post(f"/runs/{run_id}/cancellation")

    page = flat(client.get(f"/runs/{run_id}"))
    assert runs.get(run_id, by=make.mona).status == "cancelled"
    assert "This run was cancelled before it began Nothing was written." in page
    assert "does not balance" not in page
