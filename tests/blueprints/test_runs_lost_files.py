"""Runs whose plan file the server has lost: each page says so, and the run that needs it fails."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.models import Run
from crmapp.services import runs
from tests.support.pages import flat
from tests.support.sales import SALES, publish
from tests.support.upserts import carry_out, plan, plan_now, queue, take_back
from tests.support.web import htmx

CANNOT = "The rows of this run cannot be shown"


def lose(settings, run: Run, content: bytes | None = None) -> None:
    for part in run.artefacts:
        path = settings.artefacts_dir / part["name"]
        path.unlink()
        if content is not None:
            path.write_bytes(content)


@pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
@pytest.mark.parametrize("content", [None, b"no parquet"], ids=["missing", "damaged"])
def test_the_page_of_a_run_says_that_its_rows_are_lost(make, as_user, settings, headers, content):
    done = carry_out(make, plan(make))
    lose(settings, done, content)

    answer = as_user(make.mona).get(f"/runs/{done.id}", headers=headers)

    assert answer.status_code == 200
    assert CANNOT in answer.text
    assert f"artefacts/{done.artefacts[0]['name']}" in answer.text
    assert "can be undone" in answer.text


@pytest.mark.parametrize(
    "locale, words", [("en", "The figures do not need it."), ("fr", "n’en ont")]
)
def test_a_refresh_says_that_its_figures_do_not_need_the_file(
    make, as_user, settings, locale, words
):
    publish(make, SALES + "".join(SALES.splitlines(keepends=True)[1:]) * 9 + "soon;1;A;B;C;1;1\n")
    run = session.query(Run).one()
    lose(settings, run)

    text = flat(as_user(make.alice).get(f"/runs/{run.id}", headers={"Accept-Language": locale}))

    assert words in text
    assert "can be undone" not in text


def test_the_file_of_failed_rows_says_that_it_is_not_there_any_more(make, as_user, settings):
    done = carry_out(make, plan(make))
    lose(settings, done)
    mona = as_user(make.mona)

    answers = [
        mona.get(f"/runs/{done.id}/failed-rows.csv"),
        mona.post(f"/runs/{done.id}/retries"),
    ]

    assert {answer.status_code for answer in answers} == {410}
    assert all("This is not there any more" in answer.text for answer in answers)


def test_a_preview_that_is_lost_is_made_anew(make, as_user, settings):
    planned = plan(make)
    lose(settings, planned)
    mona = as_user(make.mona)
    text = flat(mona.get(f"/upserts/{planned.id}/plan"))
    assert CANNOT in text
    assert f'action="/upserts/{planned.id}/run"' not in text

    mona.post(f"/upserts/{planned.id}/plan")
    plan_now(planned.id)

    assert runs.get(planned.id, by=make.mona).status == "planned"


def test_a_run_whose_plan_is_lost_fails_at_once_and_says_why(make, as_user, settings):
    planned = plan(make)
    run_id = queue(make, planned)
    lose(settings, planned)

    runs.work(run_id)

    run = session.get_one(Run, run_id)
    text = flat(as_user(make.mona).get(f"/runs/{run_id}"))
    assert (run.status, run.done) == ("failed", {})
    assert "The run ended early: The server has lost the file" in text
    assert "Start again from where the rows came from" in text


def test_a_run_whose_plan_is_lost_can_be_undone(make, settings):
    done = carry_out(make, plan(make))
    lose(settings, done)

    undone = take_back(make, done)

    assert undone.status == "done"
    assert undone.done == {"updated": 2}
