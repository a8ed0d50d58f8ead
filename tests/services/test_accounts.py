"""One account, as the people who may make, change and remove it meet it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import Conflict, Forbidden, Invalid, KeyReused, NotFound
from crmapp.models import Account, Change
from crmapp.services import accounts, required_fields


def kept(account_id):
    session.rollback()
    return session.get(Account, account_id)


def test_a_rep_creates_an_account_from_what_she_typed(make):
    typed = {
        "name": "  Łódź Lifts ",
        "credit_limit": "1,250.50",
        "territory": "EMEA",
        "tags": "a, b",
    }

    account = kept(accounts.create(typed, by=make.bob))

    assert (account.name, account.credit_limit) == ("Łódź Lifts", Decimal("1250.50"))
    assert (account.territory, account.tags, account.active) == ("emea", ["a", "b"], True)


def test_a_new_account_says_who_made_it_by_a_form(make):
    account_id = accounts.create({"name": "Acme"}, by=make.bob)

    change = session.scalars(select(Change).where(Change.record_id == account_id)).one()
    assert (change.action, change.source, change.by_id) == (
        "created",
        {"kind": "form"},
        make.bob.id,
    )


def test_a_name_is_required(make):
    with pytest.raises(Invalid) as invalid:
        accounts.create({"number": "C1"}, by=make.bob)

    assert list(invalid.value.fields) == ["name"]


def test_all_wrong_fields_are_named_at_once(make):
    typed = {"name": "x" * 300, "email": "nobody", "owner_id": "999", "parent": "No such"}

    with pytest.raises(Invalid) as invalid:
        accounts.create(typed, by=make.bob)

    assert sorted(invalid.value.fields) == ["email", "name", "owner_id", "parent"]


def test_two_living_accounts_cannot_share_a_number(make):
    make.account(number="C1")

    with pytest.raises(Invalid) as invalid:
        accounts.create({"name": "Other", "number": "C1"}, by=make.bob)

    assert list(invalid.value.fields) == ["number"]


def test_a_viewer_cannot_create_accounts(make):
    with pytest.raises(Forbidden) as forbidden:
        accounts.create({"name": "Acme"}, by=make.carol)

    assert forbidden.value.right == "account.create"


def test_the_same_form_sent_twice_creates_one_account(make):
    first = accounts.create({"name": "Acme"}, by=make.bob, key="k")
    second = accounts.create({"name": "Acme"}, by=make.bob, key="k")

    assert first == second


def test_a_key_is_not_good_for_another_form(make):
    accounts.create({"name": "Acme"}, by=make.bob, key="k")

    with pytest.raises(KeyReused):
        accounts.create({"name": "Other"}, by=make.bob, key="k")


def test_two_people_may_have_the_same_key(make):
    first = accounts.create({"name": "Acme"}, by=make.bob, key="k")
    second = accounts.create({"name": "Zenith"}, by=make.mallory, key="k")

    assert first != second


def test_a_form_that_was_refused_may_be_sent_again(make):
    with pytest.raises(Invalid):
        accounts.create({"name": ""}, by=make.bob, key="k")

    assert accounts.create({"name": "Acme"}, by=make.bob, key="k")


def test_a_parent_is_found_by_number_or_name(make):
    head = make.account("Head Office", number="H1")

    by_number = kept(accounts.create({"name": "A", "parent": "H1"}, by=make.bob))
    by_name = kept(accounts.create({"name": "B", "parent": "head office"}, by=make.bob))

    assert (by_number.parent_id, by_name.parent_id) == (head.id, head.id)


def test_a_parent_that_one_does_not_see_is_not_found(make):
    make.account("Hidden", number="H1", owner_id=make.mallory.id)

    with pytest.raises(Invalid, match="attention"):
        accounts.create({"name": "A", "parent": "H1"}, by=make.bob)


def test_a_parent_that_is_required_is_asked_for_and_enough(make):
    head = make.account("Head Office", number="H1")
    required_fields.choose(["parent_id"], by=make.alice)

    made = accounts.create({"name": "A", "parent": "H1"}, by=make.bob)

    assert kept(made).parent_id == head.id
    for typed in ({"name": "B"}, {"name": "B", "parent": " "}):
        with pytest.raises(Invalid) as invalid:
            accounts.create(typed, by=make.bob)
        assert list(invalid.value.fields) == ["parent"]


def test_a_parent_that_is_required_is_not_taken_away(make):
    head, required = make.account("Head Office", number="H1"), ["parent_id"]
    below, alone = make.account("Below", parent_id=head.id), make.account("Alone")
    required_fields.choose(required, by=make.alice)

    for account in (below, alone):
        with pytest.raises(Invalid) as invalid:
            accounts.update(account.id, {"name": "A", "parent": ""}, 1, by=make.bob)
        assert list(invalid.value.fields) == ["parent"]


def test_a_parent_that_is_required_and_not_hers_to_see_stays(make):
    hidden = make.account("Hidden", owner_id=make.mallory.id)
    account = make.account("Acme", owner_id=make.bob.id, parent_id=hidden.id)
    required_fields.choose(["parent_id"], by=make.alice)

    accounts.update(account.id, {"name": "Acme Ltd", "parent": ""}, 1, by=make.bob)

    assert (kept(account.id).name, kept(account.id).parent_id) == ("Acme Ltd", hidden.id)


@pytest.mark.parametrize("text", ["H1", ""])
def test_a_parent_is_changed_and_taken_away_by_those_who_see_it(make, text):
    before, head = make.account("Old Head"), make.account("Head Office", number="H1")
    account = make.account("Acme", parent_id=before.id)

    accounts.update(account.id, {"parent": text}, 1, by=make.bob)

    assert kept(account.id).parent_id == (head.id if text else None)


def test_an_account_cannot_be_below_itself(make):
    head = make.account("Head", number="H1")
    below = make.account("Below", number="B1", parent_id=head.id)

    for account in (head, below):
        with pytest.raises(Invalid) as invalid:
            accounts.update(head.id, {"parent": account.number}, 1, by=make.bob)
        assert list(invalid.value.fields) == ["parent"]


def test_a_circle_is_told_with_all_that_is_wrong_besides(make):
    head, top = make.account("Head", number="H1"), make.account("Top", number="T1")
    make.account("Below", number="B1", parent_id=head.id)
    make.account("Passes on", number="P1", bill_to_id=top.id)
    typed = {"name": "", "credit_limit": "much", "parent": "B1", "bill_to_id": "P1"}

    with pytest.raises(Invalid) as invalid:
        accounts.update(head.id, {**typed, "ship_to_id": "T1"}, 1, by=make.bob)

    assert set(invalid.value.fields) == typed.keys()


def test_changing_leaves_out_fields_that_were_not_sent(make):
    account = make.account("Acme", phone="+1 555 0100")

    accounts.update(account.id, {"location": "Lyon"}, 1, by=make.bob)

    after = kept(account.id)
    assert (after.location, after.phone, after.version) == ("Lyon", "+1 555 0100", 2)


def test_a_field_can_be_emptied(make):
    account = make.account("Acme", phone="+1 555 0100")

    accounts.update(account.id, {"phone": ""}, 1, by=make.bob)

    assert kept(account.id).phone is None


def test_two_who_change_one_field_see_each_others_values(make):
    account = make.account("Acme", phone="111")
    accounts.update(account.id, {"phone": "222"}, 1, by=make.bob)
    accounts.update(account.id, {"phone": "333"}, 2, by=make.bob)

    with pytest.raises(Conflict) as conflict:
        accounts.update(account.id, {"phone": "444", "location": "Lyon"}, 1, by=make.mona)

    assert (conflict.value.theirs, conflict.value.original) == ({"phone": "333"}, {"phone": "111"})
    assert (conflict.value.version, kept(account.id).phone) == (3, "333")


def test_two_who_change_different_fields_both_succeed(make):
    account = make.account("Acme")
    accounts.update(account.id, {"phone": "222"}, 1, by=make.bob)

    accounts.update(account.id, {"location": "Lyon"}, 1, by=make.mona)

    after = kept(account.id)
    assert (after.phone, after.location, after.version) == ("222", "Lyon", 3)


def test_the_account_of_another_rep_is_not_found(make):
    account = make.account("Hidden", owner_id=make.mallory.id)

    for attempt in (
        lambda: accounts.get(account.id, by=make.bob),
        lambda: accounts.update(account.id, {"name": "Mine"}, 1, by=make.bob),
        lambda: accounts.delete(account.id, by=make.bob),
        lambda: accounts.restore(account.id, by=make.bob),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_viewer_sees_an_account_but_cannot_change_it(make):
    account = make.account("Acme")

    assert not accounts.editable(accounts.get(account.id, by=make.carol), by=make.carol)
    with pytest.raises(Forbidden) as forbidden:
        accounts.update(account.id, {"name": "Mine"}, 1, by=make.carol)
    assert forbidden.value.right == "account.edit"


def test_a_rep_cannot_delete_an_account(make):
    account = make.account("Acme", owner_id=make.bob.id)

    with pytest.raises(Forbidden) as forbidden:
        accounts.delete(account.id, by=make.bob)

    assert forbidden.value.right == "account.delete"


def test_a_deleted_account_is_gone_for_reps_and_frees_its_number(make):
    account = make.account("Acme", number="C1")

    accounts.delete(account.id, by=make.mona)

    with pytest.raises(NotFound):
        accounts.get(account.id, by=make.bob)
    assert accounts.create({"name": "Next", "number": "C1"}, by=make.bob)


def test_a_deleted_account_comes_back_as_it_was(make):
    account = make.account("Acme", number="C1")
    accounts.delete(account.id, by=make.mona)

    accounts.restore(account.id, by=make.mona)

    after = accounts.get(account.id, by=make.bob)
    assert (after.name, after.number, after.deleted_at) == ("Acme", "C1", None)


def test_an_account_does_not_come_back_when_its_number_is_taken(make):
    account = make.account("Acme", number="C1")
    accounts.delete(account.id, by=make.mona)
    make.account("Next", number="C1")

    with pytest.raises(Invalid):
        accounts.restore(account.id, by=make.mona)


@pytest.mark.parametrize("account_id", [0, -1, 10**30])
def test_an_impossible_id_is_not_found(make, account_id):
    with pytest.raises(NotFound):
        accounts.get(account_id, by=make.alice)


@pytest.mark.parametrize(
    "name", ["a\x00b", "\ud800", "x" * 100_000, "Acme\u202eemcA", "\u2067Acme"]
)
def test_text_that_cannot_be_stored_is_refused_at_its_field(make, name):
    with pytest.raises(Invalid) as invalid:
        accounts.create({"name": name}, by=make.bob)

    assert list(invalid.value.fields) == ["name"]
