"""The pages that merge accounts, and the addresses of those that were merged."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account, Run
from crmapp.services import accounts, merges, runs
from tests.factories import Make
from tests.support.pages import flat
from tests.support.web import htmx


def merged(make: Make, into: Account, *others: Account) -> int:
    """Merge accounts as Mona, and return the run."""
    versions = {account.id: account.version for account in (into, *others)}
    return merges.merge(into.id, versions, {}, by=make.mona)


def form(*found: Account, **picks: str) -> dict[str, Any]:
    """Return what the form of these accounts sends."""
    versions = {f"version.{each.id}": str(each.version) for each in found}
    return {**versions, **{f"pick.{name}": choice for name, choice in picks.items()}}


def test_accounts_stand_side_by_side_with_what_moves(make, as_user):
    kept, gone = make.account("Acme", phone="5555 001"), make.account("Acme Ltd", phone="5555 002")
    make.contact(gone)

    answer = as_user(make.mona).get(f"/accounts/{kept.id}/merge?with={gone.id}")

    text = flat(answer)
    assert "Merge into Acme" in text
    assert "5555 001" in text
    assert "5555 002" in text
    assert "1 contact moves." in text
    assert f'href="/accounts/{gone.id}/merge?with={kept.id}"' in answer.text


def test_the_other_account_is_found_by_its_words(make, as_user):
    kept, gone = make.account("Acme"), make.account("Bolts Ltd", number="C77")

    text = as_user(make.mona).get(f"/accounts/{kept.id}/merge?q=c77").text

    assert f"/accounts/{kept.id}/merge?with={gone.id}" in text
    assert f"/accounts/{kept.id}/merge?with={kept.id}" not in text


def test_who_has_asked_for_nothing_yet_is_not_told_that_there_is_no_such_account(make, as_user):
    address, browser = f"/accounts/{make.account('Acme').id}/merge", as_user(make.mona)

    assert "No such account" not in browser.get(address).text
    assert "No such account" in browser.get(f"{address}?q=zzz").text


def test_the_form_merges_and_leads_to_the_account_that_stays(make, as_user):
    kept, gone = make.account("Acme", phone="5555 001"), make.account("Acme Ltd", phone="5555 002")

    answer = as_user(make.mona).post(
        f"/accounts/{kept.id}/merge", data=form(kept, gone, phone=str(gone.id))
    )

    assert (answer.status_code, answer.location) == (303, f"/accounts/{kept.id}")
    assert (kept.phone, gone.replaced_by) == ("5555 002", kept.id)


def test_the_same_form_sent_twice_merges_once(make, as_user):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    sent = {**form(kept, gone), "idempotency_key": "once"}
    browser = as_user(make.mona)
    browser.post(f"/accounts/{kept.id}/merge", data=sent)

    answer = browser.post(f"/accounts/{kept.id}/merge", data=sent)

    assert answer.status_code == 303
    assert len(session.scalars(select(Run)).all()) == 1


def test_what_changed_meanwhile_is_shown_and_what_was_chosen_stays(make, as_user):
    kept, gone = make.account("Acme", phone="5555 001"), make.account("Acme Ltd", phone="5555 002")
    sent = form(kept, gone, phone=str(gone.id))
    accounts.update(gone.id, {"phone": "5555 003"}, gone.version, by=make.bob)

    answer = as_user(make.mona).post(f"/accounts/{kept.id}/merge", data=sent)

    assert answer.status_code == 409
    text = flat(answer)
    assert "Somebody changed these accounts" in text
    assert "5555 002" in text
    assert "5555 003" in text
    assert f'name="pick.phone" value="{gone.id}" checked' in answer.text
    assert session.get_one(Account, gone.id).deleted_at is None


def test_a_required_field_that_would_be_empty_is_refused_at_its_place(make, as_user):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")

    answer = as_user(make.mona).post(
        f"/accounts/{kept.id}/merge", data=form(kept, gone, name="999999")
    )

    assert answer.status_code == 422
    assert 'href="#accounts-merge-name"' in answer.text
    assert "Choose whose value is kept." in answer.text


@pytest.mark.parametrize(
    "tab", ["", "/contacts", "/history", "/edit", "/contacts/new", "/activities/new"]
)
def test_the_address_of_a_merged_account_leads_to_the_one_that_stays(make, as_user, tab):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    merged(make, kept, gone)
    browser = as_user(make.mona)

    answer = browser.get(f"/accounts/{gone.id}{tab}?owner=me")

    assert (answer.status_code, answer.location) == (302, f"/accounts/{kept.id}{tab}?owner=me")
    assert "This account was merged into “Acme”." in browser.get(answer.location).text


def test_what_else_an_address_says_stays_what_it_is(make, as_user):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    merged(make, kept, gone)

    answer = as_user(make.mona).get(f"/accounts/{gone.id}?endpoint=x&_external=y&q=a&q=b")

    assert answer.location == f"/accounts/{kept.id}?endpoint=x&_external=y&q=a&q=b"


def test_a_fragment_of_a_merged_account_leads_on_too(make, as_user):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    merged(make, kept, gone)

    answer = as_user(make.bob).get(f"/accounts/{gone.id}/edit", headers=htmx("drawer-body"))

    assert answer.headers["HX-Redirect"] == f"/accounts/{kept.id}/edit"


def test_a_form_about_a_merged_account_says_so(make, as_user):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    merged(make, kept, gone)

    answer = as_user(make.mona).post(
        f"/accounts/{gone.id}", data={"name": "Acme", "version": "1", "idempotency_key": "k"}
    )

    assert answer.status_code == 409
    assert "merged into “Acme” meanwhile" in answer.text


def test_who_does_not_see_the_survivor_is_not_led_to_it(make, as_user):
    kept = make.account("Acme", owner_id=make.mallory.id)
    gone = make.account("Acme Ltd")
    merged(make, kept, gone)

    assert as_user(make.bob).get(f"/accounts/{gone.id}").status_code == 404


def test_merged_accounts_lead_on_from_one_to_the_next(make, as_user):
    first, second, third = make.account("One"), make.account("Two"), make.account("Three")
    merged(make, second, first)
    merged(make, third, make.again(Account, second.id))

    answer = as_user(make.mona).get(f"/accounts/{first.id}")

    assert answer.location == f"/accounts/{third.id}"


@pytest.mark.parametrize("who", ["bob", "carol", "ivan"])
def test_who_may_not_delete_accounts_may_not_merge_them(make, as_user, who):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    browser = as_user(getattr(make, who))

    assert browser.get(f"/accounts/{kept.id}/merge?with={gone.id}").status_code == 403
    assert browser.post(f"/accounts/{kept.id}/merge", data=form(kept, gone)).status_code == 403
    assert f"/accounts/{kept.id}/merge" not in browser.get(f"/accounts/{kept.id}").text


def test_an_account_is_not_merged_with_itself(make, as_user):
    account = make.account("Acme")

    answer = as_user(make.mona).get(f"/accounts/{account.id}/merge?with={account.id}")

    assert answer.status_code == 422
    assert "Choose another account" in answer.text


def test_the_receipt_of_a_merge_shows_its_changes(make, as_user):
    kept, gone = make.account("Acme"), make.account("Acme Ltd", phone="555")
    make.contact(gone, "Doe")
    run = merged(make, kept, gone)

    page = as_user(make.mona).get(f"/runs/{run}?show=update").text

    assert "Merge of accounts" in page
    assert "The receipt balances" in page
    assert "Doe" in page
    assert f"/runs/{run}/undo" in page


def test_pairs_of_accounts_are_listed_with_what_can_be_done(make, as_user):
    one, other = make.account("Acme", phone="5555 001"), make.account("Bolts", phone="5555 001")
    browser = as_user(make.mona)
    browser.post("/accounts/duplicates")
    (run,) = session.scalars(select(Run.id))
    runs.work(run)

    answer = browser.get("/accounts/duplicates")

    assert "Same phone number" in flat(answer)
    assert f'href="/accounts/{one.id}/merge?with={other.id}"' in answer.text
    assert f"/accounts/duplicates/{one.id}/{other.id}/difference" in answer.text


def test_a_pair_is_kept_apart_and_brought_back_from_the_list(make, as_user):
    one, other = make.account("Acme"), make.account("Bolts")
    browser = as_user(make.mona)

    browser.post(f"/accounts/duplicates/{one.id}/{other.id}/difference")
    apart = browser.get("/accounts/duplicates?show=different")
    browser.post(f"/accounts/duplicates/{one.id}/{other.id}/likeness")

    assert "Bolts" in apart.text
    assert f"/accounts/duplicates/{one.id}/{other.id}/likeness" in apart.text
    assert "Nothing is kept apart" in flat(browser.get("/accounts/duplicates?show=different"))


def test_the_list_says_that_nothing_was_searched_yet_and_that_it_is_being_searched(make, as_user):
    browser = as_user(make.mona)

    before = flat(browser.get("/accounts/duplicates"))
    browser.post("/accounts/duplicates")
    after = browser.get("/accounts/duplicates").text

    assert "Not searched yet" in before
    assert "being searched" in after
    assert 'hx-trigger="every 1s"' in after


@pytest.mark.parametrize("who", ["bob", "carol", "ivan"])
def test_who_may_not_merge_is_not_shown_pairs(make, as_user, who):
    browser = as_user(getattr(make, who))

    assert browser.get("/accounts/duplicates").status_code == 403
    assert browser.post("/accounts/duplicates").status_code == 403
    assert "/accounts/duplicates" not in browser.get("/accounts").text


@pytest.mark.parametrize("after", ["x", "1-2", "1-2-99999999999", "-1-2-3"])
def test_an_address_that_cannot_be_read_begins_with_the_first_pair(make, as_user, after):
    assert as_user(make.mona).get(f"/accounts/duplicates?after={after}").status_code == 200
