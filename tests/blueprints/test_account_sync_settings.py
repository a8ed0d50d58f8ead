"""The Settings tab: whether and how accounts are synchronised, shown, asked about, taken back."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from crmapp.domain.field_rules import SYNCS, Sync
from crmapp.services import managed_lists, sync_options
from crmapp.services.sync_options import SyncOptions
from tests.support.field_map import lay_out
from tests.support.lists import Sides, use
from tests.support.pages import flat
from tests.support.web import htmx

TAB = "/admin/subscriptions/advanced-crm"
SAVE = f"{TAB}/accounts"
WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
CHOSEN = {"enabled": "on", "direction": "both", "create": ["salesforce"], "every": "15"}


@pytest.fixture
def connected(app):
    lay_out()


def confirmed(answer: Any) -> str:
    """Return what the page would send along to confirm what it shows."""
    (word,) = re.findall(r'name="confirmed" value="([^"]*)"', answer.text)
    return html.unescape(word)


def send(browser: Any, headers: Any = None, **more: Any) -> Any:
    return browser.post(SAVE, data={**CHOSEN, "version": "0", **more}, headers=headers)


def enable(browser: Any) -> None:
    send(browser, confirmed=confirmed(send(browser)))


@WAYS
@pytest.mark.parametrize("name", ["alice", "ivan"])
def test_the_tab_says_what_goes_where_and_who_may_use_it(make, as_user, connected, name, headers):
    people = [make.alice.name, make.ivan.name]

    text = flat(as_user(getattr(make, name)).get(TAB))

    assert "Synchronize accounts" in text
    assert "Contacts are not synchronized." in text
    assert "Price lists: Sage Intacct is their source" in text
    assert "No list is read on a schedule." in text
    assert ", ".join(people) in text
    assert make.mona.name not in text


@WAYS
@pytest.mark.parametrize("name", ["mona", "bob", "carol"])
def test_others_see_and_change_nothing(make, as_user, connected, name, headers):
    browser = as_user(getattr(make, name))

    assert browser.get(TAB, headers=headers).status_code == 403
    assert send(browser, headers).status_code == 403
    assert browser.post(f"{SAVE}/versions/1/restoration", headers=headers).status_code == 403
    assert sync_options.version() == 0


def test_a_visitor_is_asked_to_sign_in(client):
    assert client.post(SAVE).status_code == 302


def test_lists_on_a_schedule_stand_there(make, as_user, tmp_path):
    use(Sides(tmp_path))
    managed_lists.schedule("departments", 60, by=make.alice)

    assert "Departments (Every hour)" in re.sub(
        r" (?=\))|(?<=\() ", "", flat(as_user(make.alice).get(TAB))
    )


@WAYS
def test_before_it_begins_what_would_happen_is_shown_and_asked(make, as_user, connected, headers):
    make.account("One", number="N-1")
    make.account("Two", number="N-2")

    answer = send(as_user(make.alice), headers)

    assert answer.status_code == 200
    assert "Accounts are synchronized from now on, by themselves." in flat(answer)
    assert "2 accounts take part. Nothing is saved yet." in flat(answer)
    assert "Confirm and save" in flat(answer)
    assert "autofocus" in answer.text
    assert sync_options.options() == SyncOptions()


@WAYS
def test_what_is_confirmed_is_saved(make, as_user, connected, headers):
    browser = as_user(make.alice)
    word = confirmed(send(browser, headers, every="5"))

    answer = send(browser, headers, every="5", confirmed=word)

    assert answer.status_code == (200 if headers else 303)
    assert sync_options.options() == SyncOptions(enabled=True, every=5)
    assert "The settings are saved." in flat(browser.get(TAB))


def test_what_was_changed_after_it_was_shown_is_asked_about_again(make, as_user, connected):
    browser = as_user(make.alice)
    word = confirmed(send(browser))

    answer = send(browser, create=["salesforce", "intacct"], confirmed=word)

    assert "Accounts that Sage Intacct does not have are created there." in flat(answer)
    assert sync_options.version() == 0


def test_a_change_that_writes_no_more_is_saved_at_once(make, as_user, connected):
    browser = as_user(make.alice)
    enable(browser)

    answer = send(browser, version="1", every="60", create=[])

    assert answer.status_code == 303
    assert sync_options.options() == SyncOptions(enabled=True, every=60, create=frozenset())


@pytest.mark.parametrize("direction", ["from_intacct", "to_intacct"])
def test_another_direction_is_asked_about(make, as_user, connected, direction):
    browser = as_user(make.alice)
    enable(browser)

    asked = send(browser, version="1", direction=direction)

    assert f"Direction: {SYNCS[Sync(direction)]}." in flat(asked)
    assert sync_options.options().direction == "both"
    send(browser, version="1", direction=direction, confirmed=confirmed(asked))
    assert sync_options.options().direction == direction


@WAYS
def test_what_was_chosen_survives_that_somebody_was_quicker(make, as_user, connected, headers):
    browser = as_user(make.alice)
    enable(as_user(make.ivan))

    chosen: dict[str, Any] = {"direction": "to_intacct", "create": [], "every": "240"}
    asked = send(browser, **chosen)
    answer = send(browser, headers, **chosen, confirmed=confirmed(asked))

    assert answer.status_code == 409
    assert "Your choice stands below, not saved yet." in flat(answer)
    assert '<option value="to_intacct" selected>' in answer.text
    assert '<option value="240" selected>' in answer.text
    assert 'name="version" value="1"' in answer.text
    assert sync_options.options() == SyncOptions(enabled=True)


@WAYS
@pytest.mark.parametrize(
    "forged", [{"direction": "sideways"}, {"every": "7"}, {"every": ""}, {"create": ["here"]}]
)
def test_what_the_page_does_not_offer_is_refused(make, as_user, connected, headers, forged):
    answer = send(as_user(make.alice), headers, **forged)

    assert answer.status_code == 422
    assert "Choose one from the list." in flat(answer)
    assert sync_options.version() == 0


@pytest.mark.parametrize("version", ["", "x", "9" * 40, "²"])
def test_a_forged_version_is_a_conflict(make, as_user, connected, version):
    browser = as_user(make.alice)
    word = confirmed(send(browser))

    assert send(browser, version=version, confirmed=word).status_code == 409
    assert sync_options.version() == 0


def test_versions_say_what_each_changed_and_one_is_taken_back(make, as_user, connected):
    browser = as_user(make.alice)
    enable(browser)
    send(browser, version="1", every="60")
    text = flat(browser.get(TAB))

    answer = browser.post(f"{SAVE}/versions/1/restoration", data={"version": "2"})

    assert "Version 2 Alice" in text
    assert "What was changed there is read every 60 minutes." in text
    assert answer.status_code == 303
    assert sync_options.options() == SyncOptions(enabled=True)


def test_taking_back_asks_as_well_before_it_begins_again(make, as_user, connected):
    browser = as_user(make.alice)
    enable(browser)
    browser.post(SAVE, data={"direction": "both", "every": "15", "version": "1"})

    answer = browser.post(f"{SAVE}/versions/1/restoration", data={"version": "2"})

    assert "Accounts are synchronized from now on, by themselves." in flat(answer)
    assert 'name="enabled" checked' in answer.text
    assert not sync_options.options().enabled
    assert browser.post(f"{SAVE}/versions/9/restoration").status_code == 404
    assert browser.post(f"{SAVE}/versions/{10**30}/restoration").status_code == 404


def test_without_connections_the_tab_says_so_and_leads_there(make, as_user):
    answer = as_user(make.ivan).get(TAB)

    assert "Nothing is synchronized until it is." in flat(answer)
    assert 'href="/admin/connections/intacct">Connect Sage Intacct</a>' in answer.text


@pytest.mark.parametrize("path", ["/admin/subscriptions/crm", "/admin/subscriptions/crm/fields"])
def test_the_field_map_leads_to_the_settings_and_the_health_of_the_accounts(
    make, as_user, connected, path
):
    answer = as_user(make.alice).get(path)

    assert f'href="{TAB}">Settings of the accounts</a>' in answer.text
    assert 'href="/admin/sync-health">Sync health</a>' in answer.text
    assert "No records are moved yet" not in answer.text
