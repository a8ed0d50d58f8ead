"""The record page of an account and its tabs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.models import Account, Run
from crmapp.services import accounts, contacts, records
from tests.factories import _kept
from tests.support.pages import flat
from tests.support.upserts import carry_out, edit, plan, rows_of

TABS = ("", "/contacts", "/activities", "/sales", "/history")


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_is_an_address_and_says_that_it_is_open(make, as_user, tab):
    account = make.account("Acme")

    text = as_user(make.carol).get(f"/accounts/{account.id}{tab}").text

    assert f'<a href="/accounts/{account.id}{tab}" aria-current="page">' in text


def test_a_new_account_has_no_tabs_yet(make, as_user):
    text = as_user(make.bob).get("/accounts/new").text

    assert "/contacts" not in text
    assert 'class="tabs"' not in text


def test_who_may_change_nothing_is_offered_nothing(make, as_user):
    account = make.account("Acme")

    text = as_user(make.carol).get(f"/accounts/{account.id}").text

    assert "Add a contact" not in text
    assert "Log a call" not in text
    assert f"/accounts/{account.id}/edit" not in text
    assert f"/accounts/{account.id}/deletion" not in text


def test_a_rep_is_offered_what_she_may_do(make, as_user):
    account = make.account("Acme")

    text = as_user(make.bob).get(f"/accounts/{account.id}").text

    assert "Add a contact" in text
    assert "Log a call" in text
    assert f"/accounts/{account.id}/edit" in text
    assert f"/accounts/{account.id}/deletion" not in text


def test_values_are_shown_as_people_read_them(make, as_user):
    values = {"payment_status": "overdue", "email": "a@b.example", "owner_id": make.bob.id}
    account = make.account("Acme", website="https://acme.example", **values)

    text = as_user(make.carol).get(f"/accounts/{account.id}").text

    assert "Overdue" in text
    assert 'href="mailto:a@b.example"' in text
    assert 'href="https://acme.example"' in text
    assert "Bob" in text


def test_a_parent_that_the_reader_does_not_see_has_no_name(make, as_user):
    head = make.account("Hidden Head", owner_id=make.mallory.id)
    account = make.account("Acme", parent_id=head.id)

    text = as_user(make.bob).get(f"/accounts/{account.id}").text

    assert "Hidden Head" not in text
    assert "An account that is not open to you" in text


def test_the_primary_contact_is_marked(make, as_user):
    account = make.account("Acme")
    contacts.add(account.id, {"last_name": "Doe", "job_title": "Director"}, by=make.bob)

    text = as_user(make.bob).get(f"/accounts/{account.id}/contacts").text

    assert "Primary" in text
    assert "Director" in text


def test_activities_stand_in_a_timeline(make, as_user):
    account = make.account("Acme")
    make.activity(account, "Asked for prices", call_type="quotation", owner_id=make.bob.id)

    text = as_user(make.carol).get(f"/accounts/{account.id}/activities").text

    assert "Asked for prices" in text
    assert "Quotation" in text


def test_history_tells_each_value_by_whom_and_when(make, as_user):
    account = make.account("Acme")
    accounts.update(account.id, {"payment_status": "overdue"}, 1, by=make.bob)

    text = as_user(make.carol).get(f"/accounts/{account.id}/history").text

    assert "Payment status" in text
    assert "Overdue" in text
    assert "Bob" in text
    assert "Form" in text


def test_history_names_the_run_that_changed_a_value(make, as_user):
    account, alice = make.account("Acme"), make.alice
    run = _kept(Run(kind="upsert", title="Customers", lock_key="x", code_version=1, by_id=alice.id))
    source = {"kind": "grid", "dataset": "sales", "key": "C001"}
    with unit_of_work():
        write = Write(Action.UPDATE, {"phone": "5550100"}, account.id, 1, source)
        records.write(Account, [write], run=run)

    by_manager = as_user(make.mona).get(f"/accounts/{account.id}/history").text
    by_rep = as_user(make.bob).get(f"/accounts/{account.id}/history").text

    assert f'href="/runs/{run.id}"' in by_manager
    assert "Grid sales, C001" in by_manager
    assert "/runs/" not in by_rep
    assert f"Run {run.id}" in by_rep


def test_a_prospect_has_no_sales_and_the_page_says_why(make, as_user):
    account = make.account("Acme")

    text = as_user(make.bob).get(f"/accounts/{account.id}/sales").text

    assert "empty" in text


@pytest.mark.parametrize("place", ["before=x", "before=2026-01-01~1", "before=~"])
def test_a_place_in_the_timeline_that_does_not_exist_is_refused(make, as_user, place):
    account = make.account("Acme")

    answer = as_user(make.bob).get(f"/accounts/{account.id}/activities?{place}")

    assert answer.status_code == 422


@pytest.mark.parametrize("before", ["0", "-1", "x", "99999999999999999999"])
def test_any_place_in_the_history_can_be_asked_for(make, as_user, before):
    account = make.account("Acme")

    answer = as_user(make.bob).get(f"/accounts/{account.id}/history?before={before}")

    assert answer.status_code == 200


def test_a_value_that_a_run_wrote_says_which_and_leads_to_that_change(make, as_user):
    done = carry_out(make, plan(make, rows_of("Acme")))
    account = session.scalars(select(Account)).one()
    edit(make, account, phone="555 999")
    change = account.lineage["name"]

    text = as_user(make.carol).get(f"/accounts/{account.id}").text

    link = f'href="/accounts/{account.id}/history?before={change + 1}#change-{change}"'
    assert text.count(link) == 3  # name, number, name elsewhere; a person changed the phone
    assert f">Run {done.id}</a>" in text


def test_the_page_says_what_the_account_is_called_elsewhere_and_which_run_said_so(make, as_user):
    account = make.account("Acme", number="C1", phone="555 123")
    done = carry_out(make, plan(make, rows_of("Acme")))

    page = as_user(make.bob).get(f"/accounts/{account.id}")

    assert f"In other systems test · customers Run {done.id} C1" in flat(page)
