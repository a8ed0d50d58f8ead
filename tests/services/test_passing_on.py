"""Who is billed and supplied in the place of an account: one step, on every road."""

from __future__ import annotations

import pytest

from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned, PlanRow
from crmapp.errors import Conflict, Invalid
from crmapp.models import Account
from crmapp.services import (
    account_links,
    accounts,
    bulk_edits,
    decisions,
    merges,
    passing_on,
    plans,
    required_fields,
    runs,
)
from tests.support.bulk import carry_out as carry_out_bulk
from tests.support.bulk import plan as plan_bulk
from tests.support.bulk import take_back as take_back_bulk
from tests.support.bulk import those
from tests.support.feeds import Erp, customer, feed, living
from tests.support.feeds import mapping as mapping_of
from tests.support.feeds import source as source_of
from tests.support.upserts import carry_out, plan, take_back

MAPPING = FieldMapping({"name": "name", "number": "code", "bill_to_id": "payer"})
ONE_STEP = {
    "bill_to_id": "This account is billed to another one itself. Enter that one: invoices take one"
    " step only.",
    "ship_to_id": "The goods of this account go to another one. Enter that one: goods take one step"
    " only.",
}


def row(code, payer):
    return {code: {"code": code, "name": f"Firm {code}", "payer": payer}}


def rows(planned, action, make):
    shown = plans.rows(planned, action, 1, by=make.mona, locale="en").rows
    return {each.name: str(each.reason) if each.reason else each.planned.fields for each in shown}


def paid_by(make, account):
    return make.again(Account, account.id).bill_to_id


@pytest.mark.parametrize("name", passing_on.FIELDS)
class TestByHand:
    def test_the_other_account_is_meant_by_its_number_or_name(self, make, name):
        head, branch = make.account("Head", number="H1"), make.account("Branch")

        accounts.update(branch.id, {name: "H1"}, 1, by=make.bob)
        other = accounts.create({"name": "Other", name: "head"}, by=make.bob)

        found = [getattr(make.again(Account, id_), name) for id_ in (branch.id, other)]
        assert found == [head.id, head.id]

    def test_an_account_that_names_itself_names_nobody(self, make, name):
        account = make.account("Acme", number="A1", **{name: make.account("Head").id})

        accounts.update(account.id, {name: "A1"}, 1, by=make.bob)

        assert getattr(make.again(Account, account.id), name) is None

    def test_one_that_passes_on_itself_is_refused_at_the_field(self, make, name):
        middle = make.account("Middle", **{name: make.account("Top").id})
        account = make.account("Acme")

        for save in (
            lambda: accounts.update(account.id, {name: middle.name}, 1, by=make.bob),
            lambda: accounts.create({"name": "New", name: middle.name}, by=make.bob),
            lambda: bulk_edits.setting(name, middle.name, by=make.mona),
        ):
            with pytest.raises(Invalid) as invalid:
                save()
            assert {key: str(said) for key, said in invalid.value.fields.items()} == {
                name: ONE_STEP[name]
            }

    def test_one_that_others_rely_on_passes_nothing_on(self, make, name):
        relied_on, top = make.account("Relied on"), make.account("Top")
        branch = make.account("Branch", **{name: relied_on.id})

        with pytest.raises(Invalid) as invalid:
            accounts.update(relied_on.id, {name: top.name}, 1, by=make.bob)
        accounts.delete(branch.id, by=make.mona)
        accounts.update(relied_on.id, {name: top.name}, 1, by=make.bob)

        assert str(invalid.value.fields[name]) == passing_on.RELIED_ON[name]
        assert getattr(make.again(Account, relied_on.id), name) == top.id

    def test_one_that_she_does_not_see_stays_when_the_form_is_saved(self, make, name):
        hidden = make.account("Hidden", owner_id=make.mallory.id)
        account = make.account("Acme", **{name: hidden.id})
        shown = accounts.links_typed(account, by=make.bob)

        accounts.update(account.id, {"phone": "555 123", name: shown[name]}, 1, by=make.bob)

        assert shown[name] == ""
        assert getattr(make.again(Account, account.id), name) == hidden.id


@pytest.mark.database
def test_a_source_says_who_is_billed_and_the_same_source_again_changes_nothing(make):
    head = make.account("Head", number="H1")
    source = {**row("C1", "H1"), **row("C2", ""), **row("C3", "C3")}

    first = carry_out(make, plan(make, source, MAPPING))
    again = plan(make, source, MAPPING)

    assert first.done == {"created": 3}
    assert again.counts == {"unchanged": 3}
    by_number = {each: accounts.get(id_, by=make.mona) for each, id_ in known(make).items()}
    assert by_number["C1"].bill_to_id == head.id
    assert (by_number["C2"].bill_to_id, by_number["C3"].bill_to_id) == (None, None)
    take_back(make, first)
    assert known(make) == {"H1": head.id}


def known(make):
    found = account_links.meant(["C1", "C2", "C3", "H1"], by=make.mona)
    return {word: id_ for word, id_ in found.items() if id_}


def test_a_row_that_would_take_two_steps_is_rejected_and_says_why(make):
    top = make.account("Top", number="T1")
    middle = make.account("Middle", number="M1", bill_to_id=top.id)
    make.account("Leaf", number="L1", bill_to_id=middle.id)

    planned = plan(make, {**row("C1", "M1"), **row("M1", "C1"), **row("T1", "M1")}, MAPPING)

    assert set(rows(planned, Planned.REJECTED, make)) == {"Firm C1", "Firm M1", "Firm T1"}
    assert ONE_STEP["bill_to_id"] in rows(planned, Planned.REJECTED, make)["Firm C1"]


@pytest.mark.database
def test_rows_of_one_file_make_no_second_step_together(make):
    ids = {code: make.account(f"Firm {code}", number=code).id for code in "ABCDEF"}
    source = {**row("A", "B"), **row("B", "C"), **row("D", "E"), **row("E", "D"), **row("F", "C")}

    planned = plan(make, {**source, **row("N", "B"), **row("C", "C")}, MAPPING)
    said = rows(planned, Planned.REJECTED, make)
    done = carry_out(make, planned)

    assert {name: ONE_STEP["bill_to_id"] in why for name, why in said.items()} == dict.fromkeys(
        ["Firm A", "Firm D", "Firm E", "Firm N"], True
    )
    assert done.done == {"rejected": 4, "unchanged": 1, "updated": 2}
    payers = {code: accounts.get(id_, by=make.mona).bill_to_id for code, id_ in ids.items()}
    assert payers == dict.fromkeys("ABCDEF") | {"B": ids["C"], "F": ids["C"]}


def test_what_somebody_decided_about_a_row_makes_no_second_step(make):
    ids = {code: make.account(f"Firm {code}", number=code).id for code in "BC"}
    middle, unnumbered = make.account("Firm M", number="M"), make.account("Firm X")
    accounts.update(middle.id, {"bill_to_id": "C"}, 1, by=make.mona)
    other = make.account("Firm Y")
    source = {**row("B", "C"), **row("X", "B"), **row("Y", "M")}
    planned = plan(make, source, MAPPING)
    run_id, answers = planned.id, {2: f"update:{unnumbered.id}", 3: f"update:{other.id}"}
    decisions.decide(run_id, answers, plan_hash=planned.plan_hash or "", by=make.mona)

    done = carry_out(make, runs.get(run_id, by=make.mona))

    assert done.done == {"rejected": 2, "updated": 1}
    assert [paid_by(make, each) for each in (unnumbered, other)] == [None, None]
    assert accounts.get(ids["B"], by=make.mona).bill_to_id == ids["C"]


@pytest.mark.database
def test_customers_of_a_source_make_no_second_step_together(make):
    erp = Erp([customer(n, branch="") for n in (1, 2, 3)])
    fields = FieldMapping({"name": "name", "number": "code", "bill_to_id": "branch"})
    fed = source_of(make, erp)
    rule = mapping_of(make, fed, content=Content((FedBy(fed, fields),)))
    feed(make, rule)
    erp.rows = [customer(n, branch=payer) for n, payer in enumerate(("C2", "C3", "C3"), 1)]

    run = feed(make, rule)

    assert run.done == {"rejected": 1, "unchanged": 1, "updated": 1}
    assert [each.bill_to_id is not None for each in living()] == [False, True, False]


def test_its_own_number_means_a_new_account_itself_also_where_another_company_has_it(make):
    other = make.account("Elsewhere", number="C1", erp_company="B")
    fields = {"number": [None, "C1"], "bill_to_id": [None, other.id]}

    (settled,) = passing_on.settled([PlanRow(1, Planned.CREATE, fields=fields)])

    assert (settled.action, settled.fields) == (Planned.CREATE, {"number": [None, "C1"]})


@pytest.mark.database
def test_many_are_billed_to_one_at_once_which_itself_stays_as_it_is(make):
    head, branch = make.account("Head", number="H1"), make.account("Branch")
    relied_on = make.account("Relied on")
    make.account("Leaf", bill_to_id=relied_on.id)
    give = bulk_edits.setting("bill_to_id", "H1", by=make.mona)

    planned = plan_bulk(those(head, branch, relied_on), give, make.mona)
    done = carry_out_bulk(planned, make.mona)

    assert planned.counts == {"unchanged": 1, "update": 1, "rejected": 1}
    assert (paid_by(make, branch), paid_by(make, head)) == (head.id, None)
    take_back_bulk(done, make.mona)
    assert paid_by(make, branch) is None


def test_a_bulk_edit_does_not_run_once_its_account_is_billed_to_another(make):
    head, branch, top = make.account("Head"), make.account("Branch"), make.account("Top")
    give = bulk_edits.setting("bill_to_id", "Head", by=make.mona)
    planned = plan_bulk(those(branch), give, make.mona)
    accounts.update(head.id, {"bill_to_id": "Top"}, 1, by=make.mona)

    with pytest.raises(Conflict):
        carry_out_bulk(planned, make.mona)

    assert paid_by(make, branch) is None
    assert paid_by(make, head) == top.id


@pytest.mark.database
def test_a_merge_takes_those_who_are_billed_along_and_its_undo_brings_them_back(make):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    branch = make.account("Branch", bill_to_id=gone.id, ship_to_id=gone.id)
    versions = {kept.id: 1, gone.id: 1}

    moving = merges.draft(kept.id, [gone.id], by=make.mona).moving
    run_id = merges.merge(kept.id, versions, {}, by=make.mona)

    after = make.again(Account, branch.id)
    assert (moving["payer"], moving["receiver"]) == (1, 1)
    assert (after.bill_to_id, after.ship_to_id) == (kept.id, kept.id)
    take_back(make, runs.get(run_id, by=make.mona))
    assert paid_by(make, branch) == gone.id


def test_accounts_that_become_one_are_not_billed_to_themselves(make):
    kept = make.account("Acme")
    gone = make.account("Acme Ltd", bill_to_id=kept.id)

    merges.merge(kept.id, {kept.id: 1, gone.id: 1}, {}, by=make.mona)

    assert paid_by(make, kept) is None


@pytest.mark.database
@pytest.mark.parametrize("name", passing_on.FIELDS)
def test_accounts_that_become_one_take_no_second_step(make, name):
    top, kept, gone = (make.account(each) for each in ("Top", "Acme", "Acme Ltd"))
    accounts.update(gone.id, {name: "Top"}, 1, by=make.mona)
    branch = make.account("Branch", **{name: kept.id})
    versions = {kept.id: 1, gone.id: 2}

    with pytest.raises(Invalid) as invalid:
        merges.merge(kept.id, versions, {}, by=make.mona)
    merges.merge(kept.id, versions, {name: str(kept.id)}, by=make.mona)

    assert {key: str(said) for key, said in invalid.value.fields.items()} == {
        name: passing_on.RELIED_ON[name]
    }
    found = [getattr(make.again(Account, each.id), name) for each in (branch, kept, top)]
    assert found == [kept.id, None, None]


def test_one_that_is_named_only_by_what_it_is_merged_with_may_pass_on(make):
    top = make.account("Top")
    kept, gone = make.account("Acme"), make.account("Acme Inc", bill_to_id=top.id)
    branch = make.account("Acme Ltd", bill_to_id=kept.id)

    merges.merge(kept.id, {kept.id: 1, gone.id: 1, branch.id: 1}, {}, by=make.mona)

    assert paid_by(make, kept) == top.id


def test_nobody_is_required_to_be_billed_through_another(make):
    with pytest.raises(Invalid):
        required_fields.choose(["bill_to_id"], by=make.alice)
