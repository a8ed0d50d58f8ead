"""The record page of an account and its tabs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.models import Account, Run
from crmapp.services import accounts, contacts, records, timeline
from tests.conftest import NOW
from tests.factories import _kept
from tests.support.pages import flat
from tests.support.upserts import carry_out, edit, plan, rows_of

TABS = ("", "/timeline", "/contacts", "/files", "/sales")


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


def test_contacts_are_added_from_their_tab(make, as_user):
    account = make.account("Acme")
    make.contact(account, last_name="Roulet")
    address = f"/accounts/{account.id}/contacts"

    offers = [
        as_user(each).get(address).text.count("Add a contact") for each in (make.bob, make.carol)
    ]

    assert offers == [2, 0]


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


@pytest.mark.parametrize(
    "address, stand",
    [
        ("timeline", {"Rang", "Wrote", "Phone"}),
        ("timeline?show=note", {"Wrote"}),
        ("timeline?show=changes", {"Phone"}),
        ("activities", {"Rang", "Wrote"}),
        ("activities?kind=note", {"Wrote"}),
        ("history", {"Phone"}),
        ("timeline?show=meeting", set()),
    ],
)
def test_the_timeline_is_filtered_and_so_it_is_at_its_old_addresses(make, as_user, address, stand):
    account = make.account()
    make.activity(account, "Rang")
    make.activity(account, "Wrote", kind="note")
    accounts.update(account.id, {"phone": "555 0100"}, 1, by=make.bob)

    text = as_user(make.bob).get(f"/accounts/{account.id}/{address}").text

    shown = text.partition('<ol class="timeline"')[2].partition("</ol>")[0]
    assert {each for each in ("Rang", "Wrote", "Phone") if each in shown} == stand
    assert ("Nothing matches" in text) == (not stand)


@pytest.mark.parametrize("asked", ["show=party", "person=0", "person=x", "before=now"])
def test_a_filter_that_there_is_not_is_refused(make, as_user, asked):
    account = make.account()

    answer = as_user(make.bob).get(f"/accounts/{account.id}/timeline?{asked}")

    assert answer.status_code == 422


def test_the_next_page_keeps_the_filter(make, as_user, monkeypatch):
    monkeypatch.setattr(timeline, "PAGE", 1)
    account, bob = make.account(), make.bob
    for subject in ("One", "Two"):
        make.activity(account, subject, owner_id=bob.id)
    client = as_user(bob)

    text = client.get(f"/accounts/{account.id}/timeline?show=call&person={bob.id}").text
    older = unescape(re.search(r'href="([^"]*before=[^"]*)"', text)[1])

    assert f"show=call&person={bob.id}&before=" in older
    assert "One" in client.get(older).text


def test_a_task_is_done_from_the_timeline_and_taken_back_there(make, as_user):
    account, bob = make.account(), make.bob
    task = make.activity(account, "Send it", kind="task", owner_id=bob.id)
    client, place = as_user(bob), f"/accounts/{account.id}/timeline"
    button = f'action="/day/activities/{task.id}/completion?account={account.id}"'
    assert button in client.get(place).text

    done = client.post(f"/day/activities/{task.id}/completion?account={account.id}")
    after = client.get(place).text
    undo = f"/day/activities/{task.id}/undo?account={account.id}"

    assert (done.status_code, done.location) == (303, place)
    assert f'action="{undo}"' in after
    assert button not in after
    assert client.post(undo, data={"version": task.version}).location == place
    assert button in client.get(place).text


def test_who_may_change_nothing_completes_nothing(make, as_user):
    account = make.account()
    make.activity(account, "Send it", kind="task")

    text = as_user(make.carol).get(f"/accounts/{account.id}/timeline").text

    assert "Send it" in text
    assert "/completion" not in text


def test_the_header_says_what_a_rep_wants_to_know_before_she_calls(make, as_user, clock):
    bob = make.bob
    account = make.account(phone="+48 22 1", email="a@b.example", owner_id=bob.id)
    make.activity(account, "Rang", happens_at=NOW - timedelta(days=3))
    make.activity(account, "Visit", kind="meeting", happens_at=NOW + timedelta(days=2))
    make.activity(account, "Catalogue", kind="task", happens_at=NOW - timedelta(days=1))

    said = glance(as_user(bob).get(f"/accounts/{account.id}"))

    assert 'href="tel:+48221"' in said
    assert 'href="mailto:a@b.example"' in said
    assert "Bob" in said
    assert "Catalogue" in said
    assert ">Overdue<" in said
    assert "3 days ago" in said


def test_what_is_not_there_takes_no_place_in_the_header(make, as_user):
    account = make.account()

    said = glance(as_user(make.bob).get(f"/accounts/{account.id}"))

    assert "No owner" in said
    assert not any(
        each in said for each in ("tel:", "mailto:", "Next:", "Last activity", "Overdue")
    )


def glance(answer):
    return answer.text.partition('<ul class="glance"')[2].partition("</ul>")[0]


def test_the_tabs_count_who_is_there_and_what_is_to_do(make, as_user):
    account = make.account()
    make.contact(account, "Here")
    make.contact(account, "Left", active=False)
    make.activity(account, kind="task")
    make.activity(account, kind="task", status="completed")
    make.activity(account, kind="call")

    tabs = flat(as_user(make.bob).get(f"/accounts/{account.id}"))

    assert "Timeline 1 to do Contacts 1 Files 0" in tabs


def test_nothing_to_do_is_not_counted(make, as_user):
    account = make.account()
    make.activity(account, kind="call")

    assert "Timeline Contacts 0" in flat(as_user(make.bob).get(f"/accounts/{account.id}"))


def test_the_menu_offers_e_mail_where_there_is_any(make, as_user):
    account, other = make.account(email="a@b.example"), make.account()
    client = as_user(make.bob)

    assert "Write an e-mail" in client.get(f"/accounts/{account.id}").text
    assert "Write an e-mail" not in client.get(f"/accounts/{other.id}").text
    assert "File e-mail here" not in client.get(f"/accounts/{account.id}").text


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
