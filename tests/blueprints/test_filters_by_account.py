"""Filters that name an account, in the builder, in chips and in saved views."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.models import Run, SavedView
from crmapp.services import accounts, custom_fields, runs
from tests.blueprints.test_filter_builder import BUILDER, chips, names, row
from tests.blueprints.test_saved_views import is_changed, keep, opened, shown

NOT_THERE = "A filter names an account that is not there"


@pytest.fixture
def head(make):
    """An account that one other belongs to, beside one that is alone."""
    head = make.account("Head")
    make.account("Branch", parent_id=head.id)
    make.account("Alone")
    return head


def rename(make, account, name, version=1):
    accounts.update(account.id, {"name": name}, version, by=make.mona)


def where_of(address):
    return parse_qs(urlsplit(address).query)["where"]


def typed_before(*args):
    """Let the saved view ask as views did that keep what was typed."""
    with unit_of_work():
        session.execute(update(SavedView).values(args="&".join(args)))


def test_what_was_typed_is_kept_as_the_id_and_shown_by_its_name_of_now(make, as_user, head):
    client = as_user(make.bob)

    answer = client.post(BUILDER, data={**row("0-0", "parent_id", "is", "head"), "do": "show"})
    rename(make, head, "Chief")
    page = client.get(answer.location).text
    form = client.get(f"{BUILDER}?where=parent_id~is~id:{head.id}").text

    assert where_of(answer.location) == [f"parent_id~is~id:{head.id}"]
    assert names(page) == ["Branch"]
    assert list(chips(page)) == ["Parent account is Chief"]
    assert 'value="Chief"' in form


@pytest.mark.parametrize(
    "typed, problem",
    [
        ("nobody", "No account that you see has this number or name. Enter another one"),
        ("Head", "Several accounts have this name. Enter the number instead."),
        ("id:99999", "No account that you see has this number or name."),
    ],
)
def test_what_means_no_account_or_several_is_refused_at_its_field(
    make, as_user, head, typed, problem
):
    make.account("Head")

    answer = as_user(make.bob).post(
        BUILDER, data={**row("0-0", "parent_id", "is", typed), "do": "show"}
    )

    assert answer.status_code == 422
    assert re.search(rf'id="filter-error-0-0">.*<span>{re.escape(problem)}', answer.text)
    assert f'value="{typed}"' in answer.text


def test_a_name_that_the_reader_may_not_see_is_nowhere(make, as_user):
    secret = make.account("Secret", owner_id=make.mallory.id)
    make.account("Branch", parent_id=secret.id, owner_id=make.bob.id)
    where, client = f"parent_id~is~id:{secret.id}", as_user(make.bob)

    page, form = (client.get(f"{place}?where={where}").text for place in ("/accounts", BUILDER))

    assert "Secret" not in page + form
    assert names(page) == []
    assert NOT_THERE in page
    assert list(chips(page)) == ["Parent account is an account that is not open to you"]
    assert "The account that stood here was deleted, or is not open to you." in form


def test_an_address_that_names_an_account_in_words_gets_its_id(make, as_user, head):
    client = as_user(make.bob)

    answer = client.get("/accounts?where=parent_id~is~head&location=Lyon&location=Graz")

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query) == {
        "where": [f"parent_id~is~id:{head.id}"],
        "location": ["Lyon", "Graz"],
    }
    assert client.get(answer.location).status_code == 200


# --- views ------------------------------------------------------------------------------------


def test_a_view_holds_the_account_whatever_it_is_called_and_no_other(make, as_user, head):
    client = as_user(make.bob)
    keep(client, "/accounts?where=parent_id~is~Head")
    rename(make, head, "Chief")
    make.account("Other", parent_id=make.account("Head").id)

    text = shown(client)

    assert where_of("?" + session.get_one(SavedView, 1).args) == [f"parent_id~is~id:{head.id}"]
    assert names(text) == ["Branch"]
    assert "Parent account is Chief" in text
    assert not is_changed(text)


def test_a_view_that_was_saved_with_a_name_goes_on_and_is_saved_with_the_id(make, as_user, head):
    client = as_user(make.bob)
    keep(client)
    typed_before("where=parent_id~is~Head")

    text, address = shown(client), opened(client)
    save = f"/accounts/views/1/question?{urlsplit(address).query}"
    client.post(save)

    assert names(text) == ["Branch"]
    assert not is_changed(text)
    assert where_of(address) == [f"parent_id~is~id:{head.id}"]
    assert where_of("?" + session.get_one(SavedView, 1).args) == [f"parent_id~is~id:{head.id}"]


@pytest.mark.parametrize("asked", ["parent_id~is~id:{id}", "parent_id~is~Head"])
def test_a_view_whose_account_is_gone_says_so_and_shows_none_instead_of_all(
    make, as_user, head, asked
):
    client = as_user(make.bob)
    keep(client)
    typed_before(f"where={quote_plus(asked.format(id=head.id))}")
    accounts.delete(head.id, by=make.mona)

    text = shown(client)

    assert names(text) == []
    assert NOT_THERE in text
    assert "so no account meets this: Parent account is" in unescape(text)
    assert "Part of this view no longer applies" not in text


def test_a_view_whose_account_is_back_shows_its_accounts_again(make, as_user, head):
    client = as_user(make.bob)
    keep(client, "/accounts?where=parent_id~is~Head")
    accounts.delete(head.id, by=make.mona)
    accounts.restore(head.id, by=make.mona)

    text = shown(client)

    assert names(text) == ["Branch"]
    assert NOT_THERE not in text


def test_a_view_by_a_field_that_was_retired_still_says_what_it_goes_without(make, as_user, head):
    field = make.field("Partner", kind="account")
    client = as_user(make.bob)
    keep(client, f"/accounts?where={field.name}~is~id:{head.id}")
    custom_fields.retire(field.id, by=make.alice)

    text = shown(client)

    assert "Part of this view no longer applies" in text
    assert NOT_THERE not in text


# --- filters by a field of one's own, edits of many -----------------------------------------


def test_more_filters_keep_the_id_and_show_the_name(make, as_user, head):
    make.field("Partner", kind="account", filterable=True)
    accounts.create({"name": "Served", "c_partner": "Head"}, by=make.mona)
    client = as_user(make.mona)

    answer = client.post("/accounts/filters", data={"c_partner": "head"})
    rename(make, head, "Chief")
    page = client.get(answer.location).text
    form = client.get(f"/accounts/filters?c_partner=id:{head.id}").text

    assert parse_qs(urlsplit(answer.location).query) == {"c_partner": [f"id:{head.id}"]}
    assert names(page) == ["Served"]
    assert "Partner: Chief" in chips(page)
    assert 'name="c_partner" value="Chief"' in form
    assert "Partner: none" in chips(client.get("/accounts?c_partner=none").text)


def test_an_edit_of_all_that_match_keeps_the_id(make, as_user, head):
    client = as_user(make.mona)
    address = "/accounts/bulk-edits{}?where=parent_id~is~Head"
    asked = client.post(address.format("/new"), data={"action": "deactivate", "all": "yes"}).text
    form = asked[asked.index('id="accounts-bulk"') :]
    hidden = re.findall(r'<input [^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="([^"]*)"', form)

    client.post(address.format(""), data=dict(hidden))

    (run,) = session.query(Run).all()
    assert f"parent_id~is~id:{head.id}" in str(run.source)
    runs.work(run.id)
    assert run.counts["update"] == 1
