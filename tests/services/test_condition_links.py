"""Accounts that filters name: the same ones, whatever they are called and whoever reads it."""

from __future__ import annotations

import pytest

from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.errors import Invalid
from crmapp.models import Account
from crmapp.services import (
    account_list,
    accounts,
    condition_links,
    lost_accounts,
    merges,
    runs,
    view_questions,
)
from crmapp.services.account_question import Question
from tests.support import bulk

OSLO = Edit(Verb.SET, "billing_city", "Oslo", "Oslo")


@pytest.fixture
def head(make) -> Account:
    """An account that two others belong to, one of them in Lyon, beside one that is alone."""
    head = make.account("Head", number="H1")
    make.account("Branch", parent_id=head.id, billing_city="Lyon")
    make.account("Twig", parent_id=head.id)
    make.account("Alone", billing_city="Lyon")
    return head


def question(by, **args):
    return Question.from_args(args, me=by.id)


def names(by, **args):
    return [line.name for line in account_list.page(question(by, **args), by=by).rows]


def rename(account, name, by):
    accounts.update(account.id, {"name": name}, 1, by=by)


@pytest.mark.database
@pytest.mark.parametrize("word", ["H1", "head", " Head ", "id:{id}"])
def test_an_account_is_found_by_its_number_its_name_and_its_id(make, head, word):
    where = "parent_id~is~" + word.format(id=head.id)

    assert names(make.mona, where=where) == ["Branch", "Twig"]


def test_what_is_kept_means_the_account_whatever_it_is_called_and_no_other(make, head):
    kept = condition_links.by_id("Head", by=make.mona)
    rename(head, "Chief", make.mona)
    make.account("Other", parent_id=make.account("Head").id)

    assert kept == f"id:{head.id}"
    assert names(make.mona, where=f"parent_id~is~{kept}") == ["Branch", "Twig"]
    assert condition_links.called(kept, by=make.mona) == "Chief"


@pytest.mark.database
def test_one_that_was_merged_is_what_it_has_become_until_that_is_undone(make, head):
    where, into = f"parent_id~is~id:{head.id}", make.account("Keeper")
    run = merges.merge(into.id, {into.id: 1, head.id: 1}, {}, by=make.mona)

    assert names(make.mona, where=where) == ["Branch", "Twig"]
    assert condition_links.called(f"id:{head.id}", by=make.mona) == "Keeper"

    bulk.take_back(runs.get(run, by=make.mona), make.mona)

    assert condition_links.called(f"id:{head.id}", by=make.mona) == "Head"
    assert names(make.mona, where=where) == ["Branch", "Twig"]


@pytest.mark.database
@pytest.mark.parametrize("operator", ["is", "not"])
@pytest.mark.parametrize("gone", ["deleted", "hidden", "unknown", "huge"])
def test_no_account_meets_what_names_one_that_is_not_there(make, head, operator, gone):
    if gone == "deleted":
        accounts.delete(head.id, by=make.mona)
    if gone == "hidden":
        accounts.update(head.id, {"owner_id": str(make.mallory.id)}, 1, by=make.mona)
    id_ = {"unknown": 99_999, "huge": 9_999_999_999}.get(gone, head.id)
    condition = f"parent_id~{operator}~id:{id_}"

    assert names(make.bob, where=condition) == []
    assert names(make.bob, where=f"{condition}|billing_city~is~Lyon") == ["Alone", "Branch"]
    assert lost_accounts.of(question(make.bob, where=condition), by=make.bob)
    assert not lost_accounts.of(question(make.bob, where="parent_id~empty"), by=make.bob)


def test_a_name_that_several_have_means_none_of_them(make, head):
    make.account("Head")

    assert names(make.bob, where="parent_id~is~Head") == []
    assert condition_links.by_id("Head", by=make.bob) == "Head"


def test_it_is_typed_by_its_name_unless_another_one_has_it_too(make, head):
    kept = f"id:{head.id}"
    first = condition_links.typed(kept, by=make.bob)
    namesake = make.account("Head")

    assert (first, condition_links.typed(kept, by=make.bob)) == ("Head", "H1")
    assert condition_links.typed(f"id:{namesake.id}", by=make.bob) == f"id:{namesake.id}"


def test_who_may_not_see_an_account_is_not_told_its_name(make):
    secret = make.account("Secret", owner_id=make.mallory.id)
    kept = f"id:{secret.id}"

    assert condition_links.called(kept, by=make.bob) is None
    assert condition_links.typed(kept, by=make.bob) == ""


@pytest.mark.database
def test_a_filter_by_a_field_of_ones_own_heeds_the_id_as_well(make):
    make.field("Partner", kind="account", filterable=True)
    partner = make.account("Partner One")
    accounts.create({"name": "Served", "c_partner": "Partner One"}, by=make.mona)

    assert names(make.mona, c_partner=f"id:{partner.id}") == ["Served"]
    assert names(make.mona, where=f"c_partner~is~id:{partner.id}") == ["Served"]
    assert names(make.mona, c_partner="partner one") == ["Served"]
    assert view_questions.by_ids([("c_partner", "Partner One"), ("q", "x")], by=make.mona) == [
        ("c_partner", f"id:{partner.id}"),
        ("q", "x"),
    ]

    accounts.delete(partner.id, by=make.mona)

    assert names(make.mona, c_partner=f"id:{partner.id}") == []


def test_a_program_is_refused_where_a_person_is_shown_why(make):
    make.field("Partner", kind="account", filterable=True)
    built, own = (question(make.bob, **each) for each in ({"where": "parent_id~is~id:9999"},
                                                          {"c_partner": "nobody"}))  # fmt: skip

    for asked, name in ((built, "where"), (own, "c_partner")):
        with pytest.raises(Invalid) as refused:
            lost_accounts.refuse(asked, by=make.bob)
        assert list(refused.value.fields) == [name]


@pytest.mark.database
def test_an_edit_of_all_that_match_is_of_the_same_ones_after_a_rename(make, head):
    chosen = bulk.all_of(where=f"parent_id~is~id:{head.id}")
    rename(head, "Chief", make.mona)
    make.account("Other", parent_id=make.account("Head").id)

    bulk.carry_out(bulk.plan(chosen, OSLO, make.mona), make.mona)

    assert names(make.mona, where="billing_city~is~Oslo") == ["Branch", "Twig"]


@pytest.mark.parametrize("asked", ["parent_id~is~id:{id}", "parent_id~is~Head"])
def test_an_edit_of_all_that_match_is_of_none_once_the_account_is_gone(make, head, asked):
    accounts.delete(head.id, by=make.mona)

    chosen = bulk.all_of(where=asked.format(id=head.id))

    assert chosen.count(by=make.mona) == 0
    assert chosen.after(0, 100, by=make.mona) == []
