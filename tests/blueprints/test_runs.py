"""Runs on the screen: the list, one at work, its receipt, and taking it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Role
from crmapp.models import Account, Run
from crmapp.services import runs
from tests.support import upserts as made
from tests.support.pages import flat
from tests.support.upserts import ROWS, carry_out, edit, plan, queue, rows_of, take_back
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


def done_run(make, rows=ROWS) -> Run:
    return carry_out(make, plan(make, rows))


def run_count() -> int | None:
    session.rollback()
    return session.scalar(select(func.count(Run.id)))


class TestList:
    @WAYS
    def test_it_is_open_to_those_with_the_right(self, as_user, make, headers):
        done_run(make)

        answers = {
            who: as_user(getattr(make, who)).get("/runs", headers=headers)
            for who in ("alice", "ivan", "mona", "bob", "carol")
        }

        assert {who: a.status_code for who, a in answers.items()} == {
            "alice": 200,
            "ivan": 200,
            "mona": 200,
            "bob": 403,
            "carol": 403,
        }
        assert "run.view" in answers["bob"].text
        assert "Run 1 Customers Add/update accounts Completed with errors" in flat(answers["mona"])

    def test_a_visitor_signs_in_first(self, client):
        assert client.get("/runs").location == "/login?next=%2Fruns"

    def test_a_status_can_be_looked_at_alone(self, as_user, make):
        done_run(make)
        made.start(make)

        drafts = flat(as_user(make.mona).get("/runs?status=draft"))

        assert "Run 2" in drafts
        assert "Run 1" not in drafts

    @pytest.mark.parametrize(
        "query, shown",
        [
            ("status=failed", {1}),
            ("kind=undo", {2}),
            ("person=none", {4}),
            ("person={mona}", {1, 2}),
            ("person={mona}&kind=undo", {2}),
            ("since=2026-06-11", {3, 4}),
            ("person={bob}", {1, 2, 3, 4}),  # he started none, so he is not offered
        ],
    )
    @WAYS
    def test_each_filter_has_an_address_and_a_chip_that_takes_it_away(
        self, as_user, make, query, shown, headers
    ):
        early, late = (datetime(2026, 6, day, 12, tzinfo=UTC) for day in (10, 11))
        mona, alice = make.mona.id, make.alice.id
        make.run(status="failed", by_id=mona, created_at=early)
        make.run(status="done", kind="undo", by_id=mona, created_at=early)
        make.run(status="done", by_id=alice, created_at=late)
        make.run(status="done", created_at=late)
        query = query.format(mona=mona, bob=make.bob.id)

        answer = as_user(make.mona).get(f"/runs?{query}", headers=headers)

        assert set(map(int, re.findall(r'href="/runs/(\d+)"', answer.text))) == shown
        chips = 0 if len(shown) == 4 else query.count("=")
        assert answer.text.count('class="chip"') == chips

    def test_a_page_further_back_keeps_the_filters(self, as_user, make):
        for _ in range(52):
            made.start(make)

        text = as_user(make.mona).get("/runs?status=draft&kind=upsert").text

        assert "/runs?status=draft&amp;kind=upsert&amp;before=3" in text

    def test_a_fragment_puts_a_clean_address(self, as_user, make):
        query = "/runs?status=failed&kind=&person=&since="

        answer = as_user(make.mona).get(query, headers=htmx("runs-table"))

        assert answer.headers["HX-Push-Url"] == "/runs?status=failed"
        assert "No run is like this" in answer.text

    @pytest.mark.parametrize(
        "query",
        [
            *("status=x", "before=x", "before=99999999999", "before=-1", "kind=x"),
            *("person=x", "person=99999999999", "since=yesterday", "since=0001-01-01"),
        ],
    )
    def test_a_forged_address_shows_something_sensible(self, as_user, make, query):
        assert as_user(make.mona).get(f"/runs?{query}").status_code == 200

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
    @pytest.mark.parametrize("query", ["since=0001-01-01", "until=0001-01-01", "until=9999-12-30"])
    def test_a_day_at_an_end_of_all_days_is_no_mishap_in_any_zone(self, as_user, make, zone, query):
        olga = make.user("olga", Role.MANAGER, timezone=zone)

        assert as_user(olga).get(f"/runs?{query}").status_code == 200

    def test_older_runs_are_on_the_next_page(self, as_user, make):
        for _ in range(51):
            made.start(make)
        client = as_user(make.mona)

        first = client.get("/runs", headers=htmx("runs-table"))
        second = client.get("/runs?before=2", headers=htmx("runs-table"))

        assert "before=2" in first.text
        assert re.findall(r"Run (\d+)", flat(second)) == ["1"]

    def test_an_empty_list_says_how_to_begin(self, as_user, make):
        assert "No runs yet" in flat(as_user(make.mona).get("/runs"))


class TestShow:
    @WAYS
    def test_others_runs_are_open_to_those_with_the_right_alone(self, as_user, make, headers):
        url = f"/runs/{done_run(make).id}"

        statuses = {
            who: as_user(getattr(make, who)).get(url, headers=headers).status_code
            for who in ("alice", "bob", "carol")
        }

        assert statuses == {"alice": 200, "bob": 404, "carol": 404}

    def test_ones_own_run_stays_open_without_the_right(self, as_user, make):
        run_id, bob = done_run(make).id, make.bob.id
        with unit_of_work():
            session.get_one(Run, run_id).by_id = bob

        assert as_user(make.bob).get(f"/runs/{run_id}").status_code == 200

    @pytest.mark.parametrize("forged", ["0", "999", "99999999999", "x", "-1"])
    def test_a_forged_number_is_not_found(self, as_user, make, forged):
        client = as_user(make.mona)

        places = ("", "/progress", "/undo", "/failed-rows.csv")
        pages = [
            client.get(f"/runs/{forged}{place}", headers=htmx()).status_code for place in places
        ]

        assert pages == [404] * 4

    def test_the_receipt_accounts_for_every_row(self, as_user, make):
        make.account("Old name", number="C1")
        page = flat(as_user(make.mona).get(f"/runs/{done_run(make).id}"))

        assert (
            "3 Rows in 1 Created 1 Updated 0 Unchanged 1 Rejected 0 Skipped The receipt balances"
            in page
        )
        assert "Completed with errors" in page
        assert "Name: Enter a value; this field is required." in page

    def test_a_draft_leads_on_to_its_mapping(self, as_user, make):
        run_id = made.start(make)

        page = as_user(make.mona).get(f"/runs/{run_id}")

        assert f'href="/upserts/{run_id}/mapping"' in page.text

    def test_a_planned_run_leads_on_to_its_preview(self, as_user, make):
        planned = plan(make)

        page = as_user(make.mona).get(f"/runs/{planned.id}")

        assert f'href="/upserts/{planned.id}/plan"' in page.text


class TestProgress:
    def test_a_run_at_work_looks_again_ever_more_slowly(self, as_user, make):
        run_id, client = queue(make, plan(make)), as_user(make.mona)

        paces = [
            re.findall(r'hx-trigger="every (\d+)s"', answer.text)
            for looked in (0, 20, 60, "x", "9" * 40)
            for answer in [client.get(f"/runs/{run_id}/progress?looked={looked}", headers=htmx())]
        ]

        assert paces == [["1"], ["3"], ["10"], ["1"], ["1"]]

    def test_it_ends_by_itself_with_a_message(self, as_user, make):
        run_id, client = queue(make, plan(make)), as_user(make.mona)
        runs.work(run_id)

        part = client.get(f"/runs/{run_id}/progress", headers=htmx("runs-run"))

        assert part.text.lstrip().startswith('<div id="runs-run"')
        assert "hx-trigger" not in part.text
        assert "Run 1 is done, but 1 row was left out." in flat(part)
        assert '<hx-partial hx-target="#toasts"' in part.text

    def test_a_clean_end_is_a_success(self, as_user, make):
        done = done_run(make, rows_of("Acme"))

        part = as_user(make.mona).get(f"/runs/{done.id}/progress", headers=htmx("runs-run"))

        assert "Run 1 is done: 1 created, 0 updated." in flat(part)
        assert 'data-kind="ok"' in part.text

    def test_a_failure_is_told_as_one(self, as_user, make):
        run_id = queue(make, plan(make))
        with unit_of_work():
            run = session.get_one(Run, run_id)
            run.status, run.error = "failed", "disk full"

        part = as_user(make.mona).get(f"/runs/{run_id}/progress", headers=htmx("runs-run"))

        assert "Run 1 failed." in flat(part)
        assert 'data-kind="bad"' in part.text
        assert "3 rows were not reached." in flat(part)
        assert "Every row that was reached was carried out as planned." in flat(part)

    def test_without_htmx_the_page_reloads_itself(self, as_user, make):
        run_id, client = queue(make, plan(make)), as_user(make.mona)

        assert client.get(f"/runs/{run_id}/progress").location == f"/runs/{run_id}"
        assert '<noscript><meta http-equiv="refresh"' in client.get(f"/runs/{run_id}").text

    def test_links_in_the_part_lead_to_the_page(self, as_user, make):
        done = done_run(make, rows_of(*[""] * 60))

        part = as_user(make.mona).get(f"/runs/{done.id}/progress", headers=htmx("runs-run"))

        assert f'href="/runs/{done.id}?after=50"' in part.text


class TestCancel:
    def test_a_run_that_waits_ends_at_once(self, as_user, make):
        run_id, client = queue(make, plan(make)), as_user(make.mona)

        answer = client.post(f"/runs/{run_id}/cancellation")

        assert answer.location == f"/runs/{run_id}"
        assert "The run was cancelled." in flat(client.get(answer.location))
        assert runs.get(run_id, by=make.mona).status == "cancelled"

    def test_rows_that_it_never_reached_are_no_reason_for_alarm(self, as_user, make):
        run_id = queue(make, plan(make))
        with unit_of_work():
            run = session.get_one(Run, run_id)
            run.status, run.done = "cancelled", {"created": 1}

        page = as_user(make.mona).get(f"/runs/{run_id}")

        said = "This run was cancelled before its end 2 rows were not reached."
        assert said in flat(page)
        assert "does not balance" not in flat(page)
        assert not re.search(r'class="[^"]*\bbad\b', page.text)

    def test_a_run_that_has_ended_stays_as_it_is(self, as_user, make):
        done, client = done_run(make), as_user(make.mona)

        answer = client.post(f"/runs/{done.id}/cancellation")

        assert "This run has ended already" in flat(client.get(answer.location))

    def test_one_who_lacks_the_right_is_told_which(self, as_user, make):
        run_id, bob = queue(make, plan(make)), make.bob.id
        with unit_of_work():
            session.get_one(Run, run_id).by_id = bob

        answer = as_user(make.bob).post(f"/runs/{run_id}/cancellation")

        assert answer.status_code == 403
        assert "run.cancel" in answer.text


class TestUndo:
    def test_it_says_first_what_it_will_do(self, as_user, make):
        make.account("Old name", number="C1")
        done = done_run(make)

        part = as_user(make.mona).get(f"/runs/{done.id}/undo", headers=htmx("drawer-body"))

        assert "1 account that it created is removed." in flat(part)
        assert "1 account that it changed gets its former values back." in flat(part)

    def test_a_run_that_changed_nothing_offers_no_undo(self, as_user, make):
        done_run(make, rows_of("Acme"))
        again, client = done_run(make, rows_of("Acme")), as_user(make.mona)

        assert "Undo run" not in flat(client.get(f"/runs/{again.id}"))
        assert "This run cannot be undone now" in flat(client.get(f"/runs/{again.id}/undo"))

    def test_the_two_runs_lead_to_each_other(self, as_user, make):
        done = done_run(make)
        undoing = take_back(make, done)
        client = as_user(make.mona)

        assert f'href="/runs/{undoing.id}"' in client.get(f"/runs/{done.id}").text
        assert f'href="/runs/{done.id}"' in client.get(f"/runs/{undoing.id}").text

    def test_what_was_kept_is_listed_with_the_reason(self, as_user, make):
        account = make.account("Old name", number="C1", phone="+44 20 1234")
        done = done_run(make)
        edit(make, account, phone="999 999")

        page = flat(as_user(make.mona).get(f"/runs/{take_back(make, done).id}"))

        assert "Kept, because these values were changed since: Phone." in page

    def test_the_same_press_twice_is_one_undo(self, as_user, make):
        done, client = done_run(make), as_user(make.mona)

        answers = [
            client.post(f"/runs/{done.id}/undo", data={"idempotency_key": "one-press"})
            for _ in range(2)
        ]

        assert answers[0].location == answers[1].location == f"/runs/{done.id + 1}"
        assert run_count() == 2

    def test_a_second_press_elsewhere_leads_to_the_first_undo(self, as_user, make):
        done, client = done_run(make), as_user(make.mona)

        answers = [
            client.post(f"/runs/{done.id}/undo", data={"idempotency_key": key})
            for key in ("here", "there")
        ]

        assert answers[1].location == answers[0].location
        assert "being undone already" in flat(client.get(answers[1].location))

    def test_a_run_that_was_undone_says_so(self, as_user, make):
        done = done_run(make)
        take_back(make, done)
        client = as_user(make.mona)

        answer = client.post(f"/runs/{done.id}/undo")

        assert "This run has been undone already." in flat(client.get(answer.location))

    @WAYS
    def test_who_lacks_the_right_undoes_nothing(self, as_user, make, headers):
        done = done_run(make)

        for person in (make.bob, make.carol):
            answer = as_user(person).post(f"/runs/{done.id}/undo", headers=headers)
            assert answer.status_code == 403
            assert "run.undo" in answer.text
        assert run_count() == 1


def test_the_whole_way_creates_the_accounts_that_were_planned(as_user, make):
    done = done_run(make, rows_of("Acme", "Łódź Toys"))

    page = flat(as_user(make.mona).get(f"/runs/{done.id}"))

    assert "2 Created" in page
    assert session.scalar(select(func.count()).where(Account.name == "Łódź Toys")) == 1
