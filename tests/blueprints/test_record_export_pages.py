"""From the list of accounts to a file for editing: at once, or written by a run."""

from __future__ import annotations

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from crmapp.db import session
from crmapp.models import Run
from crmapp.services import record_exports, runs
from tests.support.pages import flat
from tests.support.web import htmx


def export(client, query="", **data):
    return client.post(f"/accounts/exports{query}", data={"idempotency_key": "a-key", **data})


def rows_of(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_list_leads_to_a_form_that_keeps_its_filters(make, as_user):
    make.account("Acme", owner_id=make.bob.id)
    bob = as_user(make.bob)

    assert 'href="/accounts/exports/new?owner=me"' in bob.get("/accounts?owner=me").text
    form = bob.get("/accounts/exports/new?owner=me")
    assert 'action="/accounts/exports?owner=me"' in form.text
    assert "It holds what the list shows now" in flat(form)
    assert "<html" not in bob.get("/accounts/exports/new", headers=htmx()).text


def test_few_accounts_are_sent_at_once(make, as_user):
    make.account("=Acme", number="007", owner_id=make.bob.id)

    answer = export(as_user(make.bob), "?owner=me", object="account", file="csv")

    head, *rows = rows_of(answer.text)
    assert head[:4] == ["Account ID", "Name", "Number", "Phone"]
    assert [row[1:3] for row in rows] == [["'=Acme", "007"]]
    assert "accounts.csv" in answer.headers["Content-Disposition"]


def test_those_that_were_ticked_are_sent_and_nobody_elses(make, as_user):
    one, two = (make.account(name, owner_id=make.bob.id) for name in ("One", "Two"))
    make.account("Three", owner_id=make.bob.id)
    secret = make.account("Secret", owner_id=make.mallory.id)
    ticked, bob = [two.id, secret.id, one.id], as_user(make.bob)

    form = bob.post("/accounts/bulk-edits/new", data={"action": "export", "id": ticked})
    assert "It holds the 3 accounts that you ticked." in flat(form)
    assert f'name="id" value="{one.id},{two.id},{secret.id}"' in form.text
    answer = export(bob, object="account", file="csv", id=ticked)

    assert [row[1] for row in rows_of(answer.text)[1:]] == ["One", "Two"]


@pytest.mark.parametrize("at_once", [1_000, 1])
def test_all_but_those_that_were_taken_away_are_written(make, as_user, monkeypatch, at_once):
    monkeypatch.setattr(record_exports, "AT_ONCE", at_once)
    one, _two, _three = (make.account(name, owner_id=make.bob.id) for name in ("A", "B", "C"))
    bob, left = as_user(make.bob), {"all": "yes", "without": str(one.id)}

    answer = export(bob, "?owner=me", object="account", file="csv", **left)
    if at_once == 1:
        run_id = int(answer.location.rpartition("/")[2])
        runs.work(run_id)
        answer = bob.get(f"/runs/{run_id}/file")

    assert [row[1] for row in rows_of(answer.text)[1:]] == ["B", "C"]


def test_a_workbook_of_contacts_is_sent_at_once(make, as_user):
    account = make.account("Acme", number="007", owner_id=make.bob.id)
    make.contact(account, "Doe")

    answer = export(as_user(make.bob), "?owner=me", object="contact", file="xlsx")

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    assert [row[2:6] for row in sheet.to_python()] == [
        ["Account number", "Account name", "First name", "Last name"],
        ["007", "Acme", "", "Doe"],
    ]


def test_many_are_written_by_a_run_whose_page_leads_to_the_file(make, as_user, monkeypatch):
    monkeypatch.setattr(record_exports.account_list, "CHUNK", 1)
    make.account("Acme", owner_id=make.bob.id)
    bob = as_user(make.bob)

    answer = export(bob, "?owner=me", object="account", file="csv")
    run = session.get(Run, int(answer.headers["Location"].rpartition("/")[2]))
    runs.work(run.id)

    assert "1 record, for editing and importing again." in flat(bob.get(f"/runs/{run.id}"))
    assert rows_of(bob.get(f"/runs/{run.id}/file").text)[1][1] == "Acme"
    assert as_user(make.alice).get(f"/runs/{run.id}/file").status_code == 404


@pytest.mark.parametrize(
    "sent, said",
    [
        ({"object": "account", "file": "exe"}, "Choose CSV or Excel."),
        ({"object": "secret", "file": "csv"}, "Choose accounts, contacts or activities."),
    ],
)
def test_a_wrong_choice_is_said_on_its_field_and_the_other_is_kept(make, as_user, sent, said):
    answer = export(as_user(make.bob), "?owner=me", **sent)

    assert answer.status_code == 422
    assert said in answer.text
    assert answer.text.count(" checked") == 1
    assert 'action="/accounts/exports?owner=me"' in answer.text


def test_deleted_accounts_are_not_exported(make, as_user):
    make.account("Gone", deleted_at=make.account("Here").created_at)

    answer = export(as_user(make.alice), "?deleted=yes", object="account", file="csv")

    assert "Gone" not in answer.text
    assert "Here" in answer.text


def test_who_may_see_no_accounts_exports_none(client):
    assert export(client, object="account", file="csv").status_code in (302, 303, 401)
