"""On the record: how it stands with the account in other systems, and synchronising it now."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.domain.field_copies import Party
from crmapp.models import AccountSync, Connection, ExternalIdentity, Run
from crmapp.services import account_sync_read, account_sync_states
from tests.factories import _kept
from tests.support import sync_states
from tests.support.feeds import Erp, mapping, source
from tests.support.field_map import ACCOUNT, lay_out
from tests.support.pages import flat
from tests.support.sync_states import SAID, enable, held, keep, planned, refused, row, synced, torn
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])


@pytest.fixture
def account(make):
    enable(make.alice)
    return make.account("Acme", number="N-1")


def seen(browser, account) -> str:
    return flat(browser.get(f"/accounts/{account.id}"))


def test_nothing_is_said_while_the_sync_is_not_enabled(make, as_user):
    account = make.account("Acme", number="N-1")
    synced(account)

    text = seen(as_user(make.alice), account)

    assert "Synchronize" not in text
    assert as_user(make.alice).get(f"/accounts/{account.id}/sync").status_code == 303


def test_an_account_that_takes_no_part_says_nothing(make, as_user):
    enable(make.alice)

    assert "Synchronize now" not in seen(as_user(make.alice), make.account("No number"))


@pytest.mark.parametrize(
    "values, words",
    [
        ({}, "Not synchronized yet"),
        ({"pending": 7}, "Waits to be synchronized"),
        ({"state": "synced"}, "Synchronized"),
    ],
)
def test_each_state_is_said_in_words(make, as_user, account, values, words):
    keep(account, **values)

    assert words in seen(as_user(make.carol), account)


def test_what_a_system_refused_stands_there_in_its_words_with_the_repair(make, as_user, account):
    refused(account)

    text = seen(as_user(make.bob), account)

    assert "Refused by Salesforce" in text
    assert f"In the words of Salesforce: {SAID}" in text
    assert "Shorten the value in the account, then retry." in text


def test_what_is_in_conflict_is_named_by_its_fields(make, as_user, account):
    held(account, "DISPLAYCONTACT.PHONE1~Phone", "All sides changed it.")

    text = seen(as_user(make.bob), account)

    assert "Needs attention" in text
    assert "Primary phone · Account Phone: All sides changed it." in text
    assert "make both sides the same" in text


def test_both_systems_are_heard_that_refused_it(make, as_user, account):
    refused(account)
    problem = session.get_one(AccountSync, account.id).problem
    first = {**problem, "system": "intacct", "code": "BL01", "said": "Phone is no phone."}
    refused(account, code="DUPLICATES_DETECTED", said="Is there already.", also=[first])

    text = seen(as_user(make.bob), account)

    assert "Refused by Sage Intacct · Salesforce" in text
    assert "In the words of Sage Intacct: Phone is no phone." in text
    assert "In the words of Salesforce: Is there already." in text
    assert "Link the account to the record that is there already, then retry." in text


PHONE = "DISPLAYCONTACT.PHONE1~Phone"


def test_who_may_change_it_sees_what_the_sides_have_and_keeps_one(make, as_user, account):
    asked = torn(account, PHONE, here="111", intacct="222", salesforce="")
    browser = as_user(make.bob)
    sent = {"key": PHONE, "party": "intacct", "seen": asked.word}

    before = browser.get(f"/accounts/{account.id}")
    answer = browser.post(f"/accounts/{account.id}/sync/copies", data=sent)

    assert "Here 111 Keep this one Sage Intacct 222 Keep this one Salesforce Empty" in flat(before)
    assert 'aria-label="Keep Primary phone · Account Phone of Sage Intacct"' in before.text
    assert answer.status_code == 303
    accepted = session.get_one(AccountSync, account.id).accepted
    assert accepted == {PHONE: asked.kept(Party.INTACCT)}
    shown = seen(browser, account)
    assert "The synchronization has begun." in shown
    assert "Keep this one" not in shown


def test_a_copy_from_elsewhere_is_not_offered_where_a_source_keeps_the_field(
    make, as_user, account
):
    source_id = source(make, Erp(), "Our ERP")
    mapping(make, source_id)
    known = {"system": f"feed:{source_id}", "object": "customer", "external_id": "K5"}
    _kept(ExternalIdentity(**known, account_id=account.id))
    asked = torn(account, PHONE, here="111", intacct="222", salesforce="")
    sent = {"key": PHONE, "party": "intacct", "seen": asked.word}
    browser = as_user(make.bob)

    shown = flat(browser.get(f"/accounts/{account.id}"))
    answer = browser.post(f"/accounts/{account.id}/sync/copies", data=sent)

    assert "Here 111 Kept by Our ERP Keep this one Sage Intacct 222 Salesforce Empty" in shown
    assert answer.status_code == 409
    assert "“Our ERP” keeps this field" in flat(answer)


def test_who_may_not_change_it_sees_no_values(make, as_user, account):
    asked = torn(account, PHONE, here="111", salesforce="222")
    browser = as_user(make.carol)
    sent = {"key": PHONE, "party": "here", "seen": asked.word}

    text = seen(browser, account)

    assert "Primary phone · Account Phone: The sides differ." in text
    assert "222" not in text
    assert browser.post(f"/accounts/{account.id}/sync/copies", data=sent).status_code == 403


@pytest.mark.parametrize(
    "forged, status", [({"party": "elsewhere"}, 404), ({"key": "x"}, 303), ({"seen": "x"}, 303)]
)
def test_a_forged_choice_keeps_nothing(make, as_user, account, forged, status):
    asked = torn(account, PHONE, here="111", salesforce="222")
    sent = {"key": PHONE, "party": "here", "seen": asked.word, **forged}

    answer = as_user(make.bob).post(f"/accounts/{account.id}/sync/copies", data=sent)

    assert answer.status_code == status
    assert session.get_one(AccountSync, account.id).accepted == {}
    assert session.scalars(select(Run)).all() == []


def test_the_words_of_a_system_are_no_part_of_the_page(make, as_user, account):
    refused(account, said="<script>alert(1)</script>")

    assert "<script>alert" not in as_user(make.bob).get(f"/accounts/{account.id}").text


def test_only_who_may_change_the_account_is_offered_to_synchronize_it(make, as_user, account):
    assert "Synchronize now" in seen(as_user(make.bob), account)
    assert "Synchronize now" not in seen(as_user(make.carol), account)


@WAYS
def test_who_may_change_it_begins_a_run_and_is_led_to_it(make, as_user, account, headers):
    browser = as_user(make.bob)

    answer = browser.post(f"/accounts/{account.id}/sync", headers=headers)
    shown = browser.get(f"/accounts/{account.id}")

    run = session.scalars(select(Run)).one()
    assert answer.status_code == (200 if headers else 303)
    assert (run.kind, run.by_id, run.status) == ("account_sync", make.bob.id, "planning")
    assert "The synchronization has begun." in flat(shown)
    assert f'href="/accounts/{account.id}/sync/runs/{run.id}">Look at it</a>' in shown.text
    assert "Waits to be synchronized" in flat(shown)
    led = browser.get(f"/accounts/{account.id}/sync/runs/{run.id}")
    assert led.headers["Location"] == f"/runs/{run.id}"


def test_who_may_not_see_the_run_that_works_is_not_led_to_it(make, as_user, account):
    as_user(make.alice).post(f"/accounts/{account.id}/sync")
    browser = as_user(make.bob)

    browser.post(f"/accounts/{account.id}/sync")
    shown = browser.get(f"/accounts/{account.id}")

    assert "The synchronization has begun." in flat(shown)
    assert "Look at it" not in shown.text


def test_a_plan_that_waits_for_somebody_is_not_said_to_have_begun(make, as_user, account):
    planned(make, row(account, "salesforce", Phone=["1", "2"]))
    browser = as_user(make.bob)

    browser.post(f"/accounts/{account.id}/sync")

    text = seen(browser, account)
    assert "Another run waits until somebody has looked at it" in text
    assert "The synchronization has begun." not in text


@WAYS
def test_a_run_that_is_not_kept_leads_back_to_the_account(make, as_user, account, headers):
    browser = as_user(make.bob)

    answer = browser.get(f"/accounts/{account.id}/sync/runs/4711", headers=headers)

    assert answer.status_code == (200 if headers else 303)
    assert "Nothing had to be written" in seen(browser, account)


@WAYS
@pytest.mark.parametrize("name, status", [("carol", 403), ("mallory", 404)])
def test_others_begin_nothing(make, as_user, account, headers, name, status):
    with_owner = make.account("Bob's", number="N-2", owner_id=make.bob.id)
    browser = as_user(getattr(make, name))

    answer = browser.post(f"/accounts/{with_owner.id}/sync", headers=headers)

    assert answer.status_code == status
    assert session.scalars(select(Run)).all() == []
    assert session.get(AccountSync, with_owner.id) is None


def test_a_visitor_is_asked_to_sign_in(client, account):
    assert client.post(f"/accounts/{account.id}/sync").status_code == 302


def test_why_it_is_not_possible_is_said(make, as_user):
    account = make.account("Acme", number="N-1")
    browser = as_user(make.bob)
    browser.post(f"/accounts/{account.id}/sync")
    before = seen(browser, account)
    sync_states.enable(make.alice)
    other = make.account("No number")

    browser.post(f"/accounts/{other.id}/sync")

    assert "The sync of accounts is not enabled." in before
    assert "neither a number nor a record in Salesforce" in seen(browser, other)


def test_the_page_looks_again_while_the_account_waits_and_no_longer(make, as_user, account):
    keep(account, pending=7)
    browser = as_user(make.bob)
    ask = {"path": f"/accounts/{account.id}/sync", "headers": htmx()}
    during = browser.get(**ask)
    synced(account, pending=None)

    after = browser.get(**ask)

    assert 'hx-trigger="every 1s"' in during.text
    assert "hx-trigger" not in after.text
    assert "Synchronized" in flat(after)


@pytest.mark.parametrize("version, offered", [(1, False), (0, True)])
def test_once_it_has_ended_the_values_that_came_are_offered(
    make, as_user, account, version, offered
):
    synced(account)
    path = f"/accounts/{account.id}/sync?looked=3&version={version}"

    answer = as_user(make.bob).get(path, headers=htmx())

    assert (f'href="/accounts/{account.id}">Show the new values</a>' in answer.text) is offered


def test_a_page_that_looks_again_remembers_which_values_it_shows(make, as_user, account):
    keep(account, pending=7)
    path = f"/accounts/{account.id}/sync"
    browser = as_user(make.bob)

    first = browser.get(path, headers=htmx())
    later = browser.get(f"{path}?looked=3&version=0", headers=htmx())

    assert f"version={account.version}" in first.text
    assert "version=0" in later.text


def test_while_a_plan_waits_for_a_person_the_line_says_so(make, as_user, account):
    keep(account, pending=7)
    planned(make, row(account, "salesforce", Phone=["1", "2"]))

    assert "A prepared run waits until somebody has looked at it" in seen(
        as_user(make.bob), account
    )


def test_while_the_sync_rests_the_line_says_so(make, as_user, account):
    keep(account, pending=7)
    with unit_of_work():
        account_sync_states.keep_clock(rest_until=utcnow() + timedelta(minutes=10))

    assert "the synchronization rests for a while" in seen(as_user(make.bob), account)


def test_while_a_system_is_not_connected_the_line_says_so(make, as_user, account):
    keep(account, pending=7)
    with unit_of_work():
        session.execute(
            update(Connection).where(Connection.system == "salesforce").values(found={})
        )

    assert "Not connected: Salesforce." in seen(as_user(make.bob), account)


def test_an_account_that_is_carried_over_soon_names_no_obstacle(make, as_user, account):
    keep(account, pending=7)

    text = seen(as_user(make.bob), account)

    assert "Waits to be synchronized" in text
    assert "prepared run" not in text
    assert "rests" not in text
    assert "Not connected" not in text


def test_a_value_that_is_saved_in_its_place_shows_that_it_waits(make, as_user, account):
    synced(account)
    data = {"phone": "555", "version": "1"}

    answer = as_user(make.bob).post(
        f"/accounts/{account.id}/values/phone", data=data, headers=htmx()
    )

    assert "Waits to be synchronized" in flat(answer)


def test_the_record_page_costs_one_statement_more(make, as_user, account):
    synced(account)
    browser = as_user(make.bob)
    browser.get(f"/accounts/{account.id}")
    asked: list[str] = []

    def listen(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    browser.get(f"/accounts/{account.id}")
    event.remove(db.engine, "before_cursor_execute", listen)

    about = [each for each in asked if re.search(r"account_sync|remote_object", each)]
    assert len(about) == 1, about


def test_who_began_a_run_reads_no_values_of_accounts_that_are_not_open_to_her(
    make, as_user, account
):
    closed = make.account("Closed", number="N-2", owner_id=make.mallory.id)
    rows = [row(account, "salesforce", Phone=["1", "2"]), row(closed, "intacct", NAME=["3", "4"])]
    run = planned(make, *rows, status="done", by_id=make.bob.id, done={"updated": 2}, cursor=2)

    text = flat(as_user(make.bob).get(f"/runs/{run.id}?show=update"))

    assert "Acme Salesforce Account Phone 1 2" in text
    assert "Closed Sage Intacct" in text
    assert "Customer name" not in text


def test_the_row_that_rests_is_named_on_the_record(make, as_user, account):
    with unit_of_work():
        account_sync_read.heed_rows()
    synced(account, pending=None)
    left = tuple(each for each in ACCOUNT.fields if each.name != "Phone")
    lay_out(("salesforce", replace(ACCOUNT, fields=left)))
    with unit_of_work():
        account_sync_read.heed_rows()

    text = seen(as_user(make.alice), account)

    assert "Not carried over, because a field is gone: Primary phone" in text
