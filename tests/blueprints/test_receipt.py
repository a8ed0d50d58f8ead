"""The receipt of a run: what it did, row by row, and the rows that it left out as a file."""

from __future__ import annotations

import csv
import io
import re

from werkzeug.test import TestResponse

from crmapp.db import session, unit_of_work
from crmapp.models import Run
from tests.support import upserts as made
from tests.support.pages import flat
from tests.support.upserts import ROWS, carry_out, plan, rows_of


def done_run(make, rows=ROWS) -> Run:
    return carry_out(make, plan(make, rows))


def cells(answer: TestResponse) -> list[dict[str, str]]:
    """Read a CSV file as a spreadsheet does."""
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


class TestReceipt:
    def test_a_receipt_that_does_not_balance_is_red(self, as_user, make):
        run_id = done_run(make).id
        with unit_of_work():
            session.get_one(Run, run_id).done = {"created": 5}

        page = as_user(make.mona).get(f"/runs/{run_id}")

        assert "The receipt does not balance" in flat(page)
        assert '<div class="callout bad">' in page.text

    def test_control_totals_stand_on_the_receipt(self, as_user, make):
        mapping = made.FieldMapping({"name": "name", "number": "code", "credit_limit": "limit"})
        rows = rows_of("Acme", "", limit="1250.50")
        done = carry_out(make, plan(make, rows, mapping))

        page = flat(as_user(make.mona).get(f"/runs/{done.id}"))

        assert "Credit limit 2,501.00 1,250.50 1,250.50 0.00 balances" in page

    def test_planned_rows_are_in_tabs_that_are_addresses(self, as_user, make):
        done = done_run(make)

        page = as_user(make.mona).get(f"/runs/{done.id}?show=create")

        assert "Number C2" in flat(page)
        assert re.search(r'href="/accounts/\d+">Łódź Toys', page.text)

    def test_of_a_long_text_the_receipt_shows_the_beginning_at_first(self, as_user, make):
        mapping = made.FieldMapping({"name": "name", "number": "code", "notes": "notes"})
        rows = rows_of("Acme", "Bolt", notes="tell <b> " * 1_000)
        done = carry_out(make, plan(make, rows, mapping))

        page = as_user(make.mona).get(f"/runs/{done.id}?show=create").text

        summary = re.search(r"<summary>(.*?)</summary>", page, re.DOTALL)
        assert summary is not None
        assert 200 < len(summary[1]) < 600
        assert page.count("tell &lt;b&gt; ") > 1_900

    def test_a_clean_receipt_opens_with_what_was_done(self, as_user, make):
        created = done_run(make, rows_of("Acme", "Bolt"))
        updated = done_run(make, rows_of("Bolt & Co", "Bolt"))
        client = as_user(make.mona)

        pages = [flat(client.get(f"/runs/{run.id}")) for run in (created, updated)]

        assert "Creations 2 Row Account" in pages[0]
        assert "Updates 1 Unchanged 1" in pages[1]
        assert not any("Left out Creations" in page or "Left out Updates" in page for page in pages)

    def test_a_receipt_with_rows_left_out_opens_with_those(self, as_user, make):
        page = flat(as_user(make.mona).get(f"/runs/{done_run(make).id}"))

        assert "Left out Creations" in page
        assert "Enter a value; this field is required." in page


class TestFailedRows:
    def test_they_come_as_they_were_with_the_reason(self, as_user, make):
        rows = {"C1": {"code": "C1", "name": "=cmd()", "phone": "x", "note": "שלום, Łódź"}}
        done = done_run(make, rows)

        answer = as_user(make.mona).get(f"/runs/{done.id}/failed-rows.csv")

        assert answer.get_data().startswith(b"\xef\xbb\xbf")
        assert cells(answer) == [
            {
                "Code": "C1",
                "Name": "'=cmd()",
                "Phone": "x",
                "Note": "שלום, Łódź",
                "Reason": "Phone: Enter a phone number with at least three digits.",
            }
        ]
        assert "run-1-failed-rows.csv" in answer.headers["Content-Disposition"]

    def test_a_phone_number_with_a_plus_is_a_text(self, as_user, make):
        rows = {"C1": {"code": "C1", "name": "", "phone": "+33 1 23", "limit": -5}}
        done = done_run(make, rows)

        answer = as_user(make.mona).get(f"/runs/{done.id}/failed-rows.csv")

        (row,) = cells(answer)
        assert (row["Phone"], row["Limit"]) == ("'+33 1 23", "-5")

    def test_more_rows_than_fit_in_memory_at_once_all_come(self, as_user, make, monkeypatch):
        monkeypatch.setattr("crmapp.services.receipts._BATCH", 2)
        done = done_run(make, rows_of(*[""] * 7))

        answer = as_user(make.mona).get(f"/runs/{done.id}/failed-rows.csv")

        assert [row["Code"] for row in cells(answer)] == [f"C{n}" for n in range(1, 8)]

    def test_reasons_are_in_the_readers_language(self, as_user, make):
        done = done_run(make)

        answer = as_user(make.user("dora", "manager", locale="fr")).get(
            f"/runs/{done.id}/failed-rows.csv"
        )

        assert answer.text.splitlines()[0].endswith(("Motif", "Raison"))

    def test_a_clean_run_has_none(self, as_user, make):
        done = done_run(make, rows_of("Acme"))
        client = as_user(make.mona)

        assert client.get(f"/runs/{done.id}/failed-rows.csv").status_code == 404
        assert "failed-rows.csv" not in client.get(f"/runs/{done.id}").text

    def test_they_are_for_those_who_see_the_run(self, as_user, make):
        done = done_run(make)

        for person in (make.bob, make.carol):
            assert as_user(person).get(f"/runs/{done.id}/failed-rows.csv").status_code == 404


def test_rows_that_were_left_out_are_retried_by_a_button_and_both_runs_say_so(make, as_user):
    done, mona = carry_out(make, plan(make)), as_user(make.mona)
    assert "Retry 1 row" in mona.get(f"/runs/{done.id}").text

    first = mona.post(f"/runs/{done.id}/retries", data={"idempotency_key": "k"})
    second = mona.post(f"/runs/{done.id}/retries", data={"idempotency_key": "k"})

    assert first.location == second.location == f"/upserts/{done.id + 1}/plan"
    by = f"Rows that it left out were retried by run {done.id + 1}"
    assert by in mona.get(f"/runs/{done.id}").text
    back = f"Retries rows that run {done.id} left out"
    assert back in mona.get(f"/runs/{done.id + 1}").text


def test_who_may_not_add_accounts_is_offered_no_retry(make, as_user):
    done, bob = carry_out(make, plan(make)), make.bob.id
    with unit_of_work():
        session.get_one(Run, done.id).by_id = bob

    client = as_user(make.bob)

    assert "Retry 1 row" not in client.get(f"/runs/{done.id}").text
    assert client.post(f"/runs/{done.id}/retries").status_code == 403


def test_a_run_that_left_nothing_out_says_so_when_a_retry_is_forged(make, as_user):
    done = carry_out(make, plan(make, rows_of("Acme")))

    answer = as_user(make.mona).post(f"/runs/{done.id}/retries", follow_redirects=True)

    assert "This run left no rows out that could be retried." in answer.text
