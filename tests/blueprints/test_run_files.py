"""What a run has left behind, on its page: files, totals, the job it belongs to."""

from __future__ import annotations

from datetime import timedelta

from crmapp.db import session, unit_of_work, utcnow
from crmapp.models import Run
from crmapp.services import retention
from crmapp.services.retention import Loss
from tests.support.pages import flat
from tests.support.upserts import ROWS, carry_out, plan


def done_run(make) -> Run:
    return carry_out(make, plan(make, ROWS))


def test_the_plan_and_the_rows_left_out_can_be_downloaded(make, as_user):
    run = done_run(make)
    mona = as_user(make.mona)

    page = mona.get(f"/runs/{run.id}")

    assert f'href="/runs/{run.id}/plans/0"' in page.text
    assert f'href="/runs/{run.id}/failed-rows.csv"' in page.text
    assert mona.get(f"/runs/{run.id}/plans/0").data.startswith(b"PAR1")
    assert mona.get(f"/runs/{run.id}/plans/9").status_code == 404
    assert as_user(make.bob).get(f"/runs/{run.id}/plans/0").status_code == 404


def test_the_receipt_shows_planned_written_left_out_and_the_difference_of_rows(make, as_user):
    run = done_run(make)

    text = flat(as_user(make.mona).get(f"/runs/{run.id}"))

    left = sum(run.done.get(name, 0) for name in ("rejected", "skipped", "failed"))
    assert "Planned Written Left out Difference Balance" in text
    assert f"Rows {run.total} {run.total - left} {left} 0 balances" in text


def test_a_run_whose_files_were_deleted_says_since_when_and_can_be_undone(make, as_user):
    run = done_run(make)
    with unit_of_work():
        session.get_one(Run, run.id).finished_at = utcnow() - timedelta(days=9)
    retention.keep({"upsert": 3}, confirmed=Loss(1, 1), by=make.alice)
    retention.forget_old()

    page = as_user(make.mona).get(f"/runs/{run.id}")

    assert page.status_code == 200
    assert "Gone since" in flat(page)
    assert "The rows of this run are not kept any more" in flat(page)
    assert "Undo run" in flat(page)
    assert "Retry" not in flat(page)


def test_the_last_runs_of_a_job_are_drawn_and_said(make, as_user):
    for status in ("done", "failed"):
        make.run(status=status, lock_key="a", total=3)
    mona = as_user(make.mona)

    text = mona.get("/runs").text

    said = "The last 2 runs of this job. Completed: 1, Failed: 1. The newest has 3 rows."
    assert text.count(f'aria-label="{said}"') == 2
    assert 'href="/runs?like=1"' in text
    assert said in mona.get("/runs/2").text


def test_runs_are_counted_by_status_and_each_count_leads_to_them(make, as_user):
    for status in ("done", "done", "failed"):
        make.run(status=status)
    mona = as_user(make.mona)

    assert "All 3 Completed 2 Failed 1" in flat(mona.get("/runs"))
    assert 'href="/runs?status=failed"' in mona.get("/runs").text


def test_a_run_is_duplicated_into_a_draft_that_opens_with_its_mapping(make, as_user):
    run = done_run(make)
    mona = as_user(make.mona)

    answer = mona.post(f"/runs/{run.id}/duplicates", data={"idempotency_key": "k"})

    assert answer.headers["Location"] == f"/upserts/{run.id + 1}/mapping"
    assert mona.get(answer.headers["Location"]).status_code == 200
    assert as_user(make.carol).post(f"/runs/{run.id}/duplicates").status_code in (403, 404)


def test_a_run_of_a_schedule_leads_to_where_it_is_set(make, as_user):
    run_id = make.run(kind="account_sync", status="done").id

    assert "/admin/subscriptions/advanced-crm" in as_user(make.ivan).get(f"/runs/{run_id}").text
    assert "/admin/subscriptions/advanced-crm" not in as_user(make.mona).get(f"/runs/{run_id}").text


class TestRetention:
    def test_it_is_set_in_days_and_empty_is_for_ever(self, make, as_user):
        alice = as_user(make.alice)

        answer = alice.post("/admin/retention", data={"upsert": "30", "export": ""})

        assert answer.status_code == 303
        assert (retention.days_of("upsert"), retention.days_of("export")) == (30, None)
        assert 'name="upsert" value="30"' in alice.get("/admin/retention").text

    def test_a_wrong_number_is_said_at_its_field_and_kept(self, make, as_user):
        answer = as_user(make.alice).post("/admin/retention", data={"upsert": "soon", "undo": "9"})

        assert answer.status_code == 422
        assert "Enter 1 to 3,650 days" in flat(answer)
        assert 'name="upsert" value="soon"' in answer.text
        assert 'name="undo" value="9"' in answer.text

    def test_what_would_be_lost_is_said_and_has_to_be_confirmed(self, make, as_user):
        run = done_run(make)
        with unit_of_work():
            session.get_one(Run, run.id).finished_at = utcnow() - timedelta(days=9)
        alice, sent = as_user(make.alice), {"upsert": "3", "export": "7"}

        asked = alice.post("/admin/retention", data=sent)
        saved = alice.post("/admin/retention", data={**sent, "confirm": "1-1-0-0"})

        assert asked.status_code == 422
        assert "1 run loses its files at once. 1 of them can still be undone" in flat(asked)
        assert 'value="1-1-0-0"' in asked.text
        assert saved.status_code == 303

    def test_it_is_open_to_administrators_alone(self, make, as_user):
        assert as_user(make.mona).get("/admin/retention").status_code == 403
        assert as_user(make.mona).post("/admin/retention", data={}).status_code == 403
