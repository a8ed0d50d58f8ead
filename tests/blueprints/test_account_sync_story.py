"""Accounts on all sides as people meet them on pages, with both pretend systems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmapp.models import Run
from crmapp.services import account_sync_states
from tests.support.connections import pretended
from tests.support.pages import flat
from tests.support.parties import Parties
from tests.support.sandbox_pair import connect_both
from tests.support.upserts import take_back

NUMBER, NAME, PHONE = "C005", "Atelier graphique", "+33 40 11 22 33"
HEALTH = "/admin/sync-health"


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with (
        pretended("salesforce", tmp_path / "there") as org,
        pretended("intacct", tmp_path / "source") as intacct,
    ):
        connect_both(org, intacct, by=make.alice)
        yield Parties(make, intacct, org)


def test_whoever_enables_it_has_the_fields_read_as_well(make, as_user, parties):
    browser = as_user(make.alice)
    sent = {"enabled": "on", "direction": "both", "every": "15", "version": "0"}
    tab = "/admin/subscriptions/advanced-crm"
    asked = browser.post(f"{tab}/accounts", data=sent)
    word = asked.text.partition('name="confirmed" value="')[2].partition('"')[0]
    browser.post(f"{tab}/accounts", data={**sent, "confirmed": word.replace("&#34;", '"')})

    text = flat(browser.get(HEALTH))

    assert "The settings are saved." in text
    assert "The fields of both systems were never read" not in text


def test_many_are_prepared_looked_at_carried_out_and_undone(make, as_user, parties):
    parties.enable()
    account = make.account(NAME, number=NUMBER, phone=PHONE)
    browser = as_user(make.ivan)
    browser.post(f"{HEALTH}/runs", data={"scope": "all"})
    run = parties.finish()
    assert run
    preview = flat(browser.get(f"{HEALTH}/plans/{run.id}?q={NUMBER}"))
    assert f"{NAME} Here" in preview

    browser.post(f"{HEALTH}/plans/{run.id}/run", data={"plan_hash": run.plan_hash})
    parties.work(run.id)

    receipt = flat(browser.get(f"/runs/{run.id}"))
    asked = flat(as_user(make.mona).get(f"/runs/{run.id}/undo"))
    assert "Completed" in receipt
    assert "The receipt balances" in receipt
    assert "Synchronized" in flat(browser.get(f"/accounts/{account.id}"))
    assert "The next synchronization takes Sage Intacct and Salesforce back with them" in asked
    take_back(make, run)


def test_what_salesforce_refuses_stands_there_in_its_words_until_it_is_tried_again(
    make, as_user, parties
):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.fault("salesforce", "lock_row", times=None)
    parties.edit(account, phone=PHONE)
    parties.sync()
    browser = as_user(make.alice)
    before, record = flat(browser.get(HEALTH)), flat(browser.get(f"/accounts/{account.id}"))
    parties.well("salesforce")

    browser.post(f"{HEALTH}/retries", data={"cause": "salesforce:UNABLE_TO_LOCK_ROW"})
    parties.finish()

    assert "Needs attention" in before
    assert "Salesforce UNABLE_TO_LOCK_ROW 1 unable to obtain exclusive access" in before
    assert "It is tried again by itself." in before
    assert "Refused by Salesforce" in record
    assert "Needs attention" not in flat(browser.get(HEALTH))
    assert "Refused by Salesforce" not in flat(browser.get(f"/accounts/{account.id}"))


@pytest.mark.parametrize(
    "wrong, right, words",
    [
        ({"phone": "+33 " + "40 11 22 33 " * 3}, {"phone": PHONE}, "Refused by Sage Intacct"),
        ({"billing_city": "Nantes" * 10}, {"billing_city": "Nantes"}, "Billing City takes 40."),
    ],
    ids=["refused", "held"],
)
def test_a_value_that_does_not_fit_stands_there_until_it_is_corrected(
    make, as_user, parties, wrong, right, words
):
    parties.enable()
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, **wrong)
    parties.sync()
    browser = as_user(make.alice)
    before, record = flat(browser.get(HEALTH)), flat(browser.get(f"/accounts/{account.id}"))

    parties.edit(account, **right)
    parties.sync()

    assert "Needs attention" in before
    assert words in record
    assert "Needs attention" not in flat(browser.get(HEALTH))
    assert "Synchronized" in flat(browser.get(f"/accounts/{account.id}"))


def test_a_run_that_finds_nothing_to_write_leads_back_to_the_health(make, as_user, parties):
    parties.enable()
    make.account(NAME, number=NUMBER)
    parties.sync()
    browser = as_user(make.ivan)
    led = browser.post(f"{HEALTH}/runs", data={"scope": "never"})
    run: Run | None = parties.finish()
    assert run is None
    assert account_sync_states.open_run() is None

    answer = browser.get(led.headers["Location"])

    assert answer.headers["Location"] == HEALTH
    assert "Nothing is to be written: the accounts are the same everywhere" in flat(
        browser.get(HEALTH)
    )
