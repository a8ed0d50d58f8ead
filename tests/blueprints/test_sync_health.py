"""Sync health on the screen: what is wrong, by cause, with its repair; many are synchronised."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.i18n import Text
from crmapp.models import AccountSync, Run
from crmapp.services import account_sync_read, engine, failures, runs
from tests.support import sync_states
from tests.support.field_map import ACCOUNT, lay_out
from tests.support.pages import flat
from tests.support.sync_states import SAID, held, keep, planned, refused, row, synced, torn
from tests.support.web import htmx

PAGE = "/admin/sync-health"
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
GREEN = '<span class="tag ok"><svg class="i" aria-hidden="true">'


@pytest.fixture
def account(make):
    sync_states.enable(make.alice)
    made = make.account("Acme", number="N-1", territory="emea")
    synced(made)
    return made


def headline(answer) -> str:
    """Return the word that says how it is doing."""
    (part,) = re.findall(r'id="settings-sync-headline-title">(.*?)</h2>', answer.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", part).split()).removeprefix("How it is doing ")


def test_while_a_plan_waits_the_next_reading_comes_after_it(make, as_user, account):
    planned(make, row(account, "salesforce", Phone=["1", "2"]))

    text = flat(as_user(make.alice).get(PAGE))

    assert "Next reading of changes After the prepared run" in text


@pytest.mark.parametrize("name", ["alice", "ivan"])
def test_it_says_in_a_word_that_all_is_good(make, as_user, account, name):
    answer = as_user(getattr(make, name)).get(PAGE)

    assert headline(answer) == "Good"
    assert "Everything that takes part is the same everywhere, and nothing waits." in flat(answer)
    assert "No account was refused, and none is in conflict." in flat(answer)


@WAYS
@pytest.mark.parametrize("name", ["mona", "bob", "carol"])
def test_others_see_and_do_nothing(make, as_user, account, name, headers):
    browser = as_user(getattr(make, name))
    run = planned(make, row(account, "salesforce", Phone=["1", "2"]))

    for path in ("", "/progress", "/count", "/accounts", f"/plans/{run.id}"):
        assert browser.get(PAGE + path, headers=headers).status_code == 403
    for path in ("/runs", "/retries", f"/plans/{run.id}/run"):
        assert browser.post(PAGE + path, headers=headers).status_code == 403
    assert runs.get(run.id, by=make.alice).status == "planned"


def test_a_visitor_is_asked_to_sign_in(client):
    assert client.get(PAGE).status_code == 302
    assert client.post(f"{PAGE}/retries").status_code == 302


def test_before_it_is_enabled_it_leads_to_the_settings(make, as_user):
    answer = as_user(make.alice).get(PAGE)

    assert headline(answer) == "Not enabled"
    assert 'href="/admin/subscriptions/advanced-crm"' in answer.text
    assert "Synchronize many" not in flat(answer)


@pytest.mark.parametrize("wrong", ["waits", "never", "refused", "held", "failed", "plan"])
def test_it_is_not_green_while_anything_is_wrong(make, as_user, account, wrong):
    if wrong == "waits":
        keep(account, pending=7, pending_at=utcnow())
    elif wrong == "never":
        make.account("New", number="N-2")
    elif wrong == "refused":
        refused(account)
    elif wrong == "held":
        held(account, "", "Which is right?")
    elif wrong == "failed":
        make.run(kind="account_sync", status="failed", finished_at=utcnow(),
                 **failures.kept(Text("Out of quota.")))  # fmt: skip
    else:
        planned(make, row(account, "salesforce", Phone=["1", "2"]))

    answer = as_user(make.alice).get(PAGE)

    assert headline(answer) == "Needs attention"
    assert GREEN not in answer.text.partition('id="settings-account-health"')[0]


def test_errors_stand_by_cause_with_the_words_the_repair_and_examples(make, as_user, account):
    other = make.account("Other", number="N-2")
    refused(account)
    refused(other)
    held(make.account("Torn", number="N-3"), "", "Which is right?")

    answer = as_user(make.alice).get(PAGE)

    text = flat(answer)
    words = f"Of one of them, Acme: {SAID}"
    assert f"Salesforce STRING_TOO_LONG 2 {words} Shorten the value in the account" in text
    assert "In conflict, or cannot be carried over 1 Which is right?" in text
    assert f'<a href="/accounts/{other.id}" dir="auto">Other</a>' in answer.text
    assert f'href="{PAGE}/accounts?cause=salesforce:STRING_TOO_LONG"' in answer.text


def test_the_accounts_of_a_cause_are_listed_with_what_is_said_of_each(make, as_user, account):
    refused(account, said="<b>too long</b>")
    held(make.account("Torn", number="N-3"), "DISPLAYCONTACT.PHONE1~Phone", "Which is right?")
    browser = as_user(make.alice)

    one = browser.get(f"{PAGE}/accounts?cause=salesforce:STRING_TOO_LONG")
    two = browser.get(f"{PAGE}/accounts?cause=held")

    assert "&lt;b&gt;too long&lt;/b&gt;" in one.text
    assert "salesforce:STRING_TOO_LONG" in flat(one)
    assert "In conflict, or cannot be carried over" in flat(two)
    assert "<code>held</code>" not in two.text
    assert "Torn N-3 Primary phone · Account Phone: Which is right?" in flat(two)


def test_the_values_of_accounts_in_conflict_are_listed_with_what_to_do(make, as_user, account):
    torn(account, "DISPLAYCONTACT.PHONE1~Phone", here="111", intacct="222", salesforce="333")

    text = flat(as_user(make.alice).get(f"{PAGE}/accounts?cause=held"))

    assert "Here 111 Sage Intacct 222 Salesforce 333 Keep one of the values" in text


@pytest.mark.parametrize("asked", ["", "?cause=forged", "?cause=held&after=x", "?after=9999999999"])
def test_a_forged_cause_lists_nothing(make, as_user, account, asked):
    answer = as_user(make.alice).get(f"{PAGE}/accounts{asked}")

    assert answer.status_code == 200
    assert "No accounts here" in flat(answer)


@WAYS
@pytest.mark.parametrize("cause, tried", [("salesforce:STRING_TOO_LONG", 1), ("", 2)])
def test_what_was_refused_is_tried_again_by_cause_or_all(
    make, as_user, account, headers, cause, tried
):
    other = make.account("Other", number="N-2")
    refused(account)
    refused(other, code="UNABLE_TO_LOCK_ROW")
    browser = as_user(make.ivan)

    answer = browser.post(f"{PAGE}/retries", data={"cause": cause}, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    again = select(AccountSync).where(AccountSync.retry_at.is_not(None))
    assert len(session.scalars(again).all()) == tried
    assert session.scalars(select(Run)).one().kind == "account_sync"
    words = "1 account is tried again." if tried == 1 else "2 accounts are tried again."
    assert words in flat(browser.get(PAGE))


def test_without_the_sync_nothing_is_tried_again(make, as_user):
    browser = as_user(make.alice)
    browser.post(f"{PAGE}/retries")
    browser.post(f"{PAGE}/runs", data={"scope": "all"})

    assert flat(browser.get(PAGE)).count("The sync of accounts is not enabled. Enable it") == 2
    assert session.scalars(select(Run)).all() == []


@pytest.mark.parametrize(
    "asked, count",
    [
        ("", 2),
        ("?scope=never", 1),
        ("?scope=refused", 0),
        ("?territory=emea", 1),
        ("?scope=forged&territory=forged", 0),
    ],
)
def test_how_many_are_chosen_is_said_before_anything_begins(make, as_user, account, asked, count):
    make.account("New", number="N-2")
    browser = as_user(make.alice)

    whole = browser.get(f"{PAGE}{asked}")
    part = browser.get(f"{PAGE}/count{asked}", headers=htmx())
    led = browser.get(f"{PAGE}/count{asked}")

    words = f"{count} account is chosen." if count == 1 else f"{count} accounts are chosen."
    assert words in flat(whole)
    assert words in flat(part)
    assert part.text.lstrip().startswith('<div id="settings-mass-count"')
    assert ("Prepare" in flat(part)) == bool(count)
    assert led.status_code == 303


@WAYS
def test_many_are_prepared_and_a_second_press_leads_to_the_same_run(
    make, as_user, account, headers
):
    browser = as_user(make.ivan)
    sent = {"scope": "all", "territory": ""}

    first = browser.post(f"{PAGE}/runs", data=sent, headers=headers)
    second = browser.post(f"{PAGE}/runs", data=sent, headers=headers)

    run = session.scalars(select(Run)).one()
    name = "HX-Redirect" if headers else "Location"
    assert first.headers[name] == second.headers[name] == f"{PAGE}/plans/{run.id}"
    assert run.source["mode"] == "chosen"
    assert "Accounts are read and compared." in flat(browser.get(f"{PAGE}/plans/{run.id}"))


def test_a_forged_scope_prepares_nothing(make, as_user, account):
    browser = as_user(make.ivan)
    browser.post(f"{PAGE}/runs", data={"scope": "sideways"})

    assert "Choose one from the list." in flat(browser.get(PAGE))
    assert session.scalars(select(Run)).all() == []


def test_the_page_looks_again_while_a_run_works_and_no_longer(make, as_user, account):
    browser = as_user(make.alice)
    run = make.run(kind="account_sync", status="running", total=4, cursor=1)
    ask = {"path": f"{PAGE}/progress", "query_string": {"looked": "3"}, "headers": htmx()}
    during = browser.get(**ask)
    runs_end(run)

    after = browser.get(**ask)

    assert 'hx-trigger="every 1s"' in during.text
    assert "1 of 4" in flat(during)
    assert "hx-trigger" not in after.text
    assert "The synchronization has ended." in flat(after)
    assert '<hx-partial hx-target="#settings-sync-headline" hx-swap="outerHTML">' in after.text
    assert browser.get(f"{PAGE}/progress").status_code == 303


def runs_end(run: Run) -> None:
    with unit_of_work():
        kept = session.get_one(Run, run.id)
        kept.status, kept.finished_at = "done", utcnow()


def test_the_history_counts_what_each_run_did_on_each_side(make, as_user, account):
    done = {"updated": 3, "here.updated": 1, "intacct.updated": 2, "salesforce.created": 4}
    run = make.run(kind="account_sync", status="done", done=done, finished_at=utcnow(), total=3)
    browser = as_user(make.alice)

    text = flat(browser.get(PAGE))
    receipt = flat(browser.get(f"/runs/{run.id}"))

    assert re.search(rf"Run {run.id} Completed Schedule .* 0 / 1 0 / 2 4 / 0 0", text)
    assert "Here 0 1 0 0 Sage Intacct 0 2 0 0 Salesforce 4 0 0 0" in receipt
    assert "Synchronization of accounts" in receipt


def test_the_subscriptions_and_the_admin_pages_lead_there(make, as_user):
    browser = as_user(make.alice)

    assert f'href="{PAGE}"' in browser.get("/admin/subscriptions").text
    assert f'href="{PAGE}"' in browser.get("/admin").text


def test_a_row_whose_field_is_gone_leads_to_the_field_map(make, as_user, account):
    with unit_of_work():
        account_sync_read.heed_rows()
    keep(account, pending=None)
    left = tuple(each for each in ACCOUNT.fields if each.name != "Phone")
    lay_out(("salesforce", replace(ACCOUNT, fields=left)))

    answer = as_user(make.alice).get(PAGE)

    assert headline(answer) == "Needs attention"
    assert "a field is gone: Primary phone." in flat(answer)
    assert 'href="/admin/subscriptions/crm/fields"' in answer.text


@WAYS
def test_a_run_that_another_version_left_is_ended_from_there(make, as_user, account, headers):
    version = engine.CODE_VERSION - 1
    run = make.run(kind="account_sync", status="running", code_version=version)
    browser = as_user(make.alice)

    before = browser.get(PAGE)
    browser.post(f"/runs/{run.id}/cancellation", headers=headers)

    assert "Another version of crmapp left this run behind" in flat(before)
    assert f'action="/runs/{run.id}/cancellation"' in before.text
    assert "/sync-health/progress" not in before.text
    assert make.again(Run, run.id).status == "cancelled"
    assert "left this run behind" not in flat(browser.get(PAGE))
