"""The way from the grid's rows to a run: start, map, look, decide, run."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from crmapp.db import session, unit_of_work
from crmapp.models import Account, Run
from crmapp.services import decisions, runs
from tests.support import upserts as made
from tests.support.pages import flat
from tests.support.snapshots import lay_out_sales
from tests.support.upserts import rows_of
from tests.support.web import htmx

MAPPED = {"name": "name", "number": "code", "phone": "phone", "match": "number", "empty": "leave"}
GRID = {"dataset": "sales", "dimension": "customers", "idempotency_key": "one-press"}
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


def the_run() -> Run:
    session.rollback()
    return session.scalars(select(Run)).one()


def count(model: type) -> int | None:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def sales(settings):
    lay_out_sales(settings)


class TestStart:
    def test_the_grids_rows_become_a_draft(self, sales, as_user, make):
        answer = as_user(make.mona).post("/upserts", data={**GRID, "q": "gift"})

        run = the_run()
        assert answer.status_code == 303
        assert answer.location == f"/upserts/{run.id}/mapping"
        assert (run.status, run.title, run.source["everything"]) == (
            "draft",
            "Sales · Customers",
            True,
        )

    def test_the_same_press_twice_makes_one_run(self, sales, as_user, make):
        client = as_user(make.mona)

        first, second = (client.post("/upserts", data=GRID) for _ in range(2))

        assert first.location == second.location
        assert count(Run) == 1

    @WAYS
    def test_who_lacks_the_right_is_told_which(self, sales, as_user, make, headers):
        for person in (make.bob, make.carol):
            answer = as_user(person).post("/upserts", data=GRID, headers=headers)

            assert answer.status_code == 403
            assert "grid.add_update_accounts" in answer.text
        assert count(Run) == 0

    def test_a_visitor_signs_in_first(self, client):
        assert client.post("/upserts", data=GRID).location.startswith("/login")

    @pytest.mark.parametrize(
        "forged",
        [{"dataset": "../x"}, {"dimension": "nothing"}, {"sel": "999"}, {"q": "x" * 500}],
    )
    def test_a_forged_question_is_refused(self, sales, as_user, make, forged):
        answer = as_user(make.mona).post("/upserts", data={**GRID, **forged})

        assert answer.status_code in (404, 422)
        assert count(Run) == 0

    def test_a_view_without_rows_is_refused(self, sales, as_user, make):
        answer = as_user(make.mona).post("/upserts", data={**GRID, "q": "no such customer"})

        assert answer.status_code == 422
        assert count(Run) == 0


class TestMapping:
    def test_the_page_suggests_columns_and_shows_samples(self, sales, as_user, make):
        client = as_user(make.mona)
        page = client.get(client.post("/upserts", data=GRID).location)

        selects = re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page.text, re.S)
        chosen = {name: re.findall(r'<option selected value="(\w*)"', it) for name, it in selects}
        assert (chosen["phone"], chosen["number"], chosen["fax"]) == (["phone"], ["code"], [""])
        assert "All 80 rows in view" in flat(page)
        assert "Alpha Cognac" in flat(page)

    @WAYS
    def test_people_with_the_right_see_it_and_others_do_not(self, as_user, make, headers):
        url = f"/upserts/{made.start(make)}/mapping"

        statuses = {
            who: as_user(getattr(make, who)).get(url, headers=headers).status_code
            for who in ("alice", "mona", "bob", "carol")
        }
        assert statuses == {"alice": 200, "mona": 200, "bob": 404, "carol": 404}

    def test_a_person_who_lost_the_right_is_told_which(self, as_user, make):
        run_id = made.start(make)
        bob = make.bob.id
        with unit_of_work():
            session.get_one(Run, run_id).by_id = bob

        answer = as_user(make.bob).get(f"/upserts/{run_id}/mapping")

        assert answer.status_code == 403
        assert "grid.add_update_accounts" in answer.text

    def test_saving_it_has_the_plan_made(self, as_user, make):
        run_id = made.start(make)

        answer = as_user(make.mona).post(f"/upserts/{run_id}/mapping", data=MAPPED)

        assert answer.location == f"/upserts/{run_id}/plan"
        assert the_run().mapping["columns"] == {"name": "name", "number": "code", "phone": "phone"}

    @WAYS
    @pytest.mark.parametrize(
        "wrong, said",
        [
            ({"name": ""}, "Choose the column that fills this field; it is required."),
            ({"number": ""}, "this field finds the accounts that exist"),
            ({"phone": "no such column"}, "Choose a column from the list."),
            ({"match": "owner_id"}, "Choose a column from the list."),
            ({"phone": "a\x00b"}, "NUL"),
        ],
    )
    def test_a_mapping_that_cannot_be_used_comes_back(self, as_user, make, headers, wrong, said):
        run_id = made.start(make)

        answer = as_user(make.mona).post(
            f"/upserts/{run_id}/mapping", data={**MAPPED, **wrong}, headers=headers
        )

        assert answer.status_code == 422
        assert said in flat(answer)
        assert the_run().status == "draft"

    @pytest.mark.parametrize("sent", [None, "2", "yes", "-3", "9" * 30])
    def test_everything_in_view_needs_the_exact_number(self, as_user, make, sent):
        run_id = made.start(make, everything=True)
        confirmed = {} if sent is None else {"confirmed": sent}

        answer = as_user(make.mona).post(f"/upserts/{run_id}/mapping", data={**MAPPED, **confirmed})

        assert answer.status_code == 422
        assert the_run().status == "draft"

    def test_the_exact_number_is_accepted(self, as_user, make):
        run_id = made.start(make, everything=True)

        as_user(make.mona).post(f"/upserts/{run_id}/mapping", data={**MAPPED, "confirmed": "3"})

        assert the_run().status == "planning"

    def test_pressing_twice_plans_once(self, as_user, make):
        run_id, client = made.start(make), as_user(make.mona)

        answers = [client.post(f"/upserts/{run_id}/mapping", data=MAPPED) for _ in range(2)]

        assert [answer.location for answer in answers] == [f"/upserts/{run_id}/plan"] * 2
        assert the_run().mapping["version"] == 1


class TestPlan:
    def test_a_draft_leads_to_its_mapping(self, as_user, make):
        run_id = made.start(make)

        answer = as_user(make.mona).get(f"/upserts/{run_id}/plan")

        assert answer.location == f"/upserts/{run_id}/mapping"

    def test_while_it_is_made_the_page_looks_again(self, as_user, make):
        run_id, client = made.start(make), as_user(make.mona)
        client.post(f"/upserts/{run_id}/mapping", data=MAPPED)

        page = client.get(f"/upserts/{run_id}/plan")
        part = client.get(f"/upserts/{run_id}/plan?looked=60", headers=htmx("upserts-plan"))

        assert 'hx-trigger="every 1s"' in page.text
        assert 'http-equiv="refresh"' in page.text
        assert 'hx-trigger="every 10s"' in part.text

    def test_once_made_it_looks_no_more(self, as_user, make):
        planned = made.plan(make)

        part = as_user(make.mona).get(f"/upserts/{planned.id}/plan", headers=htmx("upserts-plan"))

        assert "hx-trigger" not in part.text
        assert part.text.lstrip().startswith('<div id="upserts-plan"')

    def test_it_says_what_would_happen_in_tabs_that_are_addresses(self, as_user, make):
        make.account("Old name", number="C1")
        planned, client = made.plan(make), as_user(make.mona)

        opening = flat(client.get(f"/upserts/{planned.id}/plan"))
        rejected = flat(client.get(f"/upserts/{planned.id}/plan?show=rejected"))

        assert "Run: 2 accounts" in opening
        assert "Name Old name Acme" in opening
        assert "Name: Enter a value; this field is required." in rejected

    @pytest.mark.parametrize("query", ["show=x", "page=x", "page=99", "show=rejected&reason='"])
    def test_a_forged_address_shows_something_sensible(self, as_user, make, query):
        planned = made.plan(make)

        assert as_user(make.mona).get(f"/upserts/{planned.id}/plan?{query}").status_code == 200

    def test_rejected_rows_show_the_value_that_was_found(self, as_user, make):
        planned = made.plan(make, {"C1": {"code": "C1", "name": "Acme", "phone": "=cmd()"}})

        answer = as_user(make.mona).get(f"/upserts/{planned.id}/plan")
        page = flat(answer)

        assert "All reasons Phone: Enter a phone number with at least three digits. 1" in page
        assert 'value="=cmd()"' in answer.text
        assert "There is nothing to run." in page

    def test_pages_of_rows_are_addresses(self, as_user, make):
        planned = made.plan(make, rows_of(*(f"Name {n}" for n in range(120))))
        client = as_user(make.mona)

        page = client.get(f"/upserts/{planned.id}/plan?show=create&page=2")

        assert "51–100 of 120" in flat(page)
        assert f'href="/upserts/{planned.id}/plan?show=create&amp;page=3"' in page.text

    def test_nothing_is_written_by_looking(self, as_user, make):
        before = count(Account)
        planned = made.plan(make)
        as_user(make.mona).get(f"/upserts/{planned.id}/plan")

        assert count(Account) == before


class TestDecide:
    def test_a_person_says_which_account_is_meant(self, as_user, make):
        acme = make.account("ACME", number=None, billing_city="Łódź")
        planned, client = made.plan(make, rows_of("Acme")), as_user(make.mona)
        page = client.get(f"/upserts/{planned.id}/plan?show=ambiguous")
        assert "Update ACME no number · Łódź" in flat(page)

        answer = client.post(
            f"/upserts/{planned.id}/decisions",
            data={"plan_hash": planned.plan_hash, "row-1": f"update:{acme.id}"},
        )

        assert answer.status_code == 303
        assert decisions.of(planned.id)[1].record_id == acme.id
        assert "Run: 1 account" in flat(client.get(f"/upserts/{planned.id}/plan"))

    def test_a_forged_answer_is_refused(self, as_user, make):
        make.account("ACME", number=None)
        planned = made.plan(make, rows_of("Acme"))

        answer = as_user(make.mona).post(
            f"/upserts/{planned.id}/decisions",
            data={"plan_hash": planned.plan_hash, "row-1": "update:1", "row-x": "create"},
        )

        assert answer.status_code == 422
        assert "Choose one of the answers that this row offers." in flat(answer)
        assert decisions.of(planned.id) == {}

    def test_decisions_about_another_plan_are_refused(self, as_user, make):
        make.account("ACME", number=None)
        planned = made.plan(make, rows_of("Acme"))

        answer = as_user(make.mona).post(
            f"/upserts/{planned.id}/decisions", data={"plan_hash": "old", "row-1": "skip"}
        )

        assert answer.status_code == 409


class TestRun:
    def press(self, client, planned, **changes):
        sent = {"plan_hash": planned.plan_hash, "idempotency_key": "one-press", **changes}
        return client.post(f"/upserts/{planned.id}/run", data=sent)

    def test_it_begins_and_says_so(self, as_user, make):
        planned, client = made.plan(make), as_user(make.mona)

        answer = self.press(client, planned)

        assert answer.location == f"/runs/{planned.id}"
        assert "The run has begun." in flat(client.get(answer.location))

    def test_the_same_press_twice_is_one_run(self, as_user, make):
        planned, client = made.plan(make), as_user(make.mona)

        answers = [self.press(client, planned) for _ in range(2)]

        assert {answer.location for answer in answers} == {f"/runs/{planned.id}"}
        assert count(Run) == 1

    def test_a_second_press_elsewhere_leads_to_the_same_run(self, as_user, make):
        planned, client = made.plan(make), as_user(make.mona)
        self.press(client, planned)

        answer = self.press(client, planned, idempotency_key="another window")

        assert answer.location == f"/runs/{planned.id}"
        assert "This run has begun already." in flat(client.get(answer.location))

    def test_a_plan_that_was_made_anew_is_not_run_unseen(self, as_user, make):
        planned = made.plan(make)

        answer = self.press(as_user(make.mona), planned, plan_hash="old")

        assert answer.status_code == 409
        assert "The plan was made anew." in flat(answer)
        assert f'href="/upserts/{planned.id}/plan?show=rejected' in answer.text
        assert f'href="/upserts/{planned.id}/run' not in answer.text
        assert the_run().status == "planned"

    def test_a_number_of_rows_that_changed_is_refused(self, as_user, make):
        planned = made.plan(make)
        with unit_of_work():
            run = session.get_one(Run, planned.id)
            run.source = {**run.source, "rows": made.rows_of("Only one")}

        answer = self.press(as_user(make.mona), planned)

        assert answer.status_code == 422
        assert "The number of rows has changed to 1." in flat(answer)
        assert the_run().status == "planned"

    def test_who_lacks_the_right_runs_nothing(self, as_user, make):
        planned = made.plan(make)

        for person in (make.bob, make.carol):
            assert self.press(as_user(person), planned).status_code == 404
        assert the_run().status == "planned"

    def test_a_forged_form_is_refused(self, app, as_user, make):
        planned, client = made.plan(make), as_user(make.mona)
        app.config["WTF_CSRF_ENABLED"] = True

        assert self.press(client, planned).status_code == 400
        assert the_run().status == "planned"

    def test_the_rest_is_the_workers(self, as_user, make):
        planned = made.plan(make)
        self.press(as_user(make.mona), planned)
        runs.work(planned.id)

        answer = as_user(make.mona).get(f"/upserts/{planned.id}/plan")

        assert answer.location == f"/runs/{planned.id}"
