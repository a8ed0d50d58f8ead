"""Runs that nobody goes on with: what their pages say, and the way on that they offer."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.models import Run
from crmapp.services import engine, runs
from tests.support.pages import flat
from tests.support.upserts import plan
from tests.support.web import htmx


@pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
def test_a_run_that_an_earlier_version_left_behind_says_so_and_offers_a_way_on(
    make, as_user, headers
):
    old = {"code_version": engine.CODE_VERSION - 1, "by_id": make.mona.id, "mapping": {"v": 1}}
    planning = make.run(status="planning", **old)
    running = make.run(status="running", done={"created": 1}, **old)
    mona = as_user(make.mona)

    before, midway = (
        mona.get(f"/runs/{run.id}", headers=headers).text for run in (planning, running)
    )
    preview = mona.get(f"/upserts/{planning.id}/plan", headers=headers).text

    assert "Another version of crmapp left this run behind" in before
    assert f'action="/upserts/{planning.id}/plan"' in before
    assert f'action="/upserts/{planning.id}/plan"' in preview
    assert "what it has done stays, and can be undone" in midway
    assert f'action="/runs/{running.id}/cancellation"' in midway
    assert "every " not in before + midway + preview


def test_a_run_whose_worker_died_says_how_often(make, as_user):
    run = make.run(status="running", by_id=make.mona.id, claims=4)

    text = flat(as_user(make.mona).get(f"/runs/{run.id}"))

    assert "Its worker has died 3 times without getting any further." in text


def test_a_preview_of_another_version_is_made_anew(make, as_user):
    planned = plan(make)
    with unit_of_work():
        session.get_one(Run, planned.id).code_version -= 1
    mona = as_user(make.mona)
    text = mona.get(f"/upserts/{planned.id}/plan").text
    assert "Another version of crmapp made this preview" in text
    assert f'action="/upserts/{planned.id}/run"' not in text

    answer = mona.post(f"/upserts/{planned.id}/plan")

    assert answer.status_code == 303
    assert runs.get(planned.id, by=make.mona).status == "planning"
