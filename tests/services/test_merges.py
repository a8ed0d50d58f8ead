"""Accounts that become one: what is kept, what moves, and that all of it can be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, select, text

from crmapp import artefacts
from crmapp.db import Base, db, session
from crmapp.domain.changes import Reason
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, Change, ExternalIdentity, Run
from crmapp.services import (
    account_links,
    account_list,
    accounts,
    contacts,
    custom_fields,
    history,
    merge_relations,
    merges,
    named_accounts,
    receipts,
    runs,
    undo,
)
from crmapp.services.account_question import Question
from crmapp.services.account_sync_rows import IDENTITY
from tests.factories import Make, _kept
from tests.services.test_account_list_plans import plans, reads_the_table
from tests.support.change_log import present
from tests.support.past import unlike
from tests.support.upserts import carry_out, plan, rows_of


def merge(make: Make, *found: Account, **choices: str) -> Run:
    """Merge accounts into the first of them as Mona, who manages."""
    versions = {account.id: account.version for account in found}
    run = merges.merge(found[0].id, versions, choices, by=make.mona)
    return session.get_one(Run, run)


def take_back(make: Make, run: Run) -> Run:
    """Undo a run as Mona, with a worker."""
    undoing = undo.undo_later(run.id, by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)
    return make.again(Run, undoing)


def link(account: Account, system: str, object_: str, external_id: str) -> ExternalIdentity:
    return _kept(
        ExternalIdentity(
            system=system, object=object_, external_id=external_id, account_id=account.id
        )
    )


def test_the_survivor_keeps_its_values_and_takes_what_it_lacks(make: Make) -> None:
    kept = make.account("Acme", number="C1", phone="555 001")
    gone = make.account("Acme Ltd", number="C2", phone="555 002", email="hello@acme.example")

    merge(make, kept, gone)

    assert (kept.name, kept.number, kept.phone) == ("Acme", "C1", "555 001")
    assert kept.email == "hello@acme.example"
    assert gone.deleted_at is not None
    assert gone.replaced_by == kept.id


def test_a_chosen_value_wins_and_tags_and_notes_are_kept_of_all(make: Make) -> None:
    kept = make.account("Acme", phone="555 001", tags=["old"], notes="First.")
    gone = make.account("Acme Ltd", phone="555 002", tags=["new", "old"], notes="Second.")

    merge(make, kept, gone, phone=str(gone.id))

    assert (kept.phone, kept.tags, kept.notes) == ("555 002", ["old", "new"], "First.\n\nSecond.")


def test_custom_fields_are_kept_those_in_retired_fields_too(make: Make) -> None:
    for label, retired in (("Colour", False), ("Size", True)):
        make.field(label, retired=retired)
    kept = make.account("Acme", custom={"c_colour": "red"})
    gone = make.account("Acme Ltd", custom={"c_colour": "blue", "c_size": "XL"})

    merge(make, kept, gone, c_colour=str(gone.id))

    assert kept.custom == {"c_colour": "blue", "c_size": "XL"}


def test_the_number_of_the_other_one_can_be_kept_and_both_are_free_where_they_were(
    make: Make,
) -> None:
    kept, gone = make.account("Acme", number="C1"), make.account("Acme Ltd", number="C2")

    merge(make, kept, gone, number=str(gone.id))

    assert kept.number == "C2"
    accounts.create({"name": "Bolts", "number": "C1"}, by=make.alice)


def test_contacts_activities_and_children_move_to_the_survivor(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    contact, activity = make.contact(gone), make.activity(gone)
    child = make.account("Acme Toys", parent_id=gone.id)

    merge(make, kept, gone)

    assert (contact.account_id, activity.account_id, child.parent_id) == (kept.id,) * 3
    named = {(each.object, each.record_id) for each in session.scalars(select(Change))}
    assert named >= {("contact", contact.id), ("activity", activity.id), ("account", child.id)}


def test_accounts_that_name_a_merged_one_in_a_field_of_their_own_name_the_survivor(
    make: Make,
) -> None:
    make.field("Buys through", kind="account")
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    other = make.account("Acme Toys", custom={"c_buys_through": gone.id})

    merge(make, kept, gone)

    assert other.custom == {"c_buys_through": kept.id}


def test_accounts_that_name_a_merged_one_are_found_by_indexes(make: Make) -> None:
    custom_fields.create({"label_en": "Buys through", "kind": "account"}, by=make.alice)
    if db.engine.dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    with plans() as found:
        merge_relations.naming(1, [2])

    naming = " | ".join(found)
    assert "ix_account_c_buys_through" in naming
    assert not reads_the_table(naming)


def test_what_external_ids_mean_moves_with_the_account(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    known = make.customer(gone, "K2")

    merge(make, kept, gone)

    assert known.account_id == kept.id


def test_a_second_record_in_a_synchronised_system_stays_with_the_merged_account(
    make: Make,
) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    ((system, object_), *_rest) = IDENTITY.values()
    link(kept, system, object_, "mine")
    other = link(gone, system, object_, "other")

    merge(make, kept, gone)

    assert other.account_id == gone.id


@pytest.mark.parametrize("above", ["the survivor", "the other", "far above"])
def test_no_account_ends_up_below_itself(make: Make, above: str) -> None:
    top = make.account("Top")
    kept = make.account("Acme", parent_id=top.id)
    gone = make.account("Acme Ltd")
    if above == "the survivor":
        gone = make.account("Acme Ltd", parent_id=kept.id)
    elif above == "the other":
        gone = make.account("Acme Ltd", parent_id=top.id)
        kept = make.account("Acme", parent_id=gone.id)
    else:
        gone = top
        between = make.account("Between", parent_id=gone.id)
        kept = make.account("Acme", parent_id=between.id)

    merge(make, kept, gone)

    line = named_accounts.above(kept.id)
    assert len(line) == len(set(line))
    assert kept.parent_id not in (kept.id, gone.id)


def test_three_accounts_become_one_at_once(make: Make) -> None:
    kept, *others = (make.account(name) for name in ("One", "Two", "Three"))
    for each in others:
        make.contact(each)

    merge(make, kept, *others)

    assert len(contacts.of(kept)) == 2
    assert {each.replaced_by for each in others} == {kept.id}


def test_more_accounts_than_fit_side_by_side_are_refused(make: Make) -> None:
    found = [make.account() for _n in range(merges.MOST + 1)]

    with pytest.raises(Invalid):
        merge(make, *found)


def test_a_required_field_must_be_filled_by_what_is_chosen(make: Make) -> None:
    make.field("Colour", required=True)
    kept, gone = make.account("Acme"), make.account("Acme Ltd", custom={"c_colour": "red"})

    with pytest.raises(Invalid) as caught:
        merge(make, kept, gone, c_colour=str(kept.id))

    assert set(caught.value.fields) == {"c_colour"}
    merge(make, kept, gone)
    assert kept.custom == {"c_colour": "red"}


def test_nothing_is_merged_that_somebody_changed_meanwhile(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd", phone="555 001")
    versions = {kept.id: kept.version, gone.id: gone.version}
    accounts.update(gone.id, {"phone": "555 002"}, gone.version, by=make.bob)
    before = present()

    with pytest.raises(Conflict):
        merges.merge(kept.id, versions, {}, by=make.mona)

    assert unlike(before, present()) == {}
    (changed,) = merges.changed_since(merges.draft(kept.id, [gone.id], by=make.mona), versions)
    assert (changed.field.name, changed.before, changed.after) == ("phone", "555 001", "555 002")


def test_a_merged_account_is_not_merged_again(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    versions = {kept.id: kept.version, gone.id: gone.version}
    merge(make, kept, gone)

    with pytest.raises(NotFound):
        merges.merge(kept.id, versions, {}, by=make.mona)


@pytest.mark.parametrize("who", ["bob", "carol", "ivan"])
def test_whoever_may_not_delete_accounts_may_not_merge_them(make: Make, who: str) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")

    with pytest.raises(Forbidden):
        merges.merge(kept.id, {kept.id: 1, gone.id: 1}, {}, by=getattr(make, who))


def test_the_number_of_a_merged_account_means_the_survivor(make: Make) -> None:
    kept, gone = make.account("Acme", number="C1"), make.account("Acme Ltd", number="C2")
    merge(make, kept, gone)

    assert account_links.meant(["C1", "C2"], by=make.mona) == {"C1": kept.id, "C2": kept.id}


def test_all_that_refers_to_accounts_today_is_known() -> None:
    assert merge_relations.unknown(Base.metadata) == []


@pytest.mark.parametrize(
    "column",
    [
        Column("customer", Integer, ForeignKey("account.id")),
        Column("account_id", Integer),
        Column("billing_account_id", Integer),
        Column("record_id", Integer),
    ],
)
def test_a_relation_that_nobody_knows_is_named_and_refused(column: Column[Any]) -> None:
    other = MetaData()
    Table("parcel", other, Column("id", Integer, primary_key=True), column)

    with pytest.raises(Conflict) as caught:
        merge_relations.need_known(other)

    assert f"parcel.{column.name}" in str(caught.value)


def test_an_undo_gives_all_of_it_back(make: Make) -> None:
    kept = make.account("Acme", number="C1", tags=["old"])
    gone = make.account("Acme Ltd", number="C2", phone="555", tags=["new"])
    contact, activity = make.contact(gone), make.activity(gone)
    child = make.account("Acme Toys", parent_id=gone.id)
    known = make.customer(gone, "K2")
    before = present()
    run = merge(make, kept, gone, number=str(gone.id))
    assert (kept.number, kept.tags, known.account_id) == ("C2", ["old", "new"], kept.id)

    undoing = take_back(make, run)

    assert undoing.status == "done"
    assert unlike(before, present()) == {}
    assert (contact.account_id, activity.account_id, child.parent_id) == (gone.id,) * 3
    assert gone.replaced_by is None


def test_an_undo_of_the_undo_merges_again(make: Make) -> None:
    kept, gone = make.account("Acme", number="C1"), make.account("Acme Ltd", number="C2")
    contact = make.contact(gone)
    run = merge(make, kept, gone, number=str(gone.id))
    merged = present()
    undoing = take_back(make, run)

    again = take_back(make, undoing)

    assert again.status == "done"
    assert unlike(merged, present()) == {}
    assert (contact.account_id, gone.replaced_by) == (kept.id, kept.id)


def test_what_people_changed_since_is_kept_and_listed(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd", phone="555 001", email="a@b.fr")
    contact = make.contact(gone, "Doe")
    run = merge(make, kept, gone)
    accounts.update(kept.id, {"phone": "555 009"}, kept.version, by=make.bob)
    contacts.update(contact.id, {"last_name": "Roe"}, contact.version, by=make.bob)
    contacts.add(kept.id, {"last_name": "New"}, by=make.bob)

    undoing = take_back(make, run)

    (left,) = receipts.left_out(undoing, by=make.mona)
    assert "Phone" in str(left.reason)
    assert (kept.phone, kept.email) == ("555 009", None)
    assert (contact.last_name, contact.account_id) == ("Roe", gone.id)
    assert [each.last_name for each in contacts.of(kept)] == ["New"]


def test_nothing_goes_back_to_an_account_whose_number_is_taken_by_now(make: Make) -> None:
    kept, gone = make.account("Acme", number="C1"), make.account("Acme Ltd", number="C2")
    contact = make.contact(gone)
    run = merge(make, kept, gone)
    accounts.create({"name": "Bolts", "number": "C2"}, by=make.alice)

    undoing = take_back(make, run)

    assert gone.deleted_at is not None
    assert contact.account_id == kept.id
    assert undoing.status == "done_with_errors"


def test_history_says_where_an_account_has_gone_and_what_was_its(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    accounts.update(gone.id, {"phone": "555 001"}, gone.version, by=make.bob)
    merge(make, kept, make.again(Account, gone.id))

    found = history.of("account", kept.id, by=make.mona, locale="en").entries

    assert [(entry.action, entry.about) for entry in found] == [
        ("Deleted", "Acme Ltd"),
        ("Changed", ""),
        ("Changed", "Acme Ltd"),
    ]
    assert str(found[0].lines[0].label) == "Merged into"


def test_the_row_of_a_merged_customer_changes_nothing_of_the_survivor(make: Make) -> None:
    rows = rows_of("Acme", "Acme Ltd")
    carry_out(make, plan(make, rows))
    kept, gone = session.scalars(select(Account).order_by(Account.number)).all()
    merge(make, kept, gone)

    alone = carry_out(make, plan(make, {"C2": rows["C2"]}))
    both = carry_out(make, plan(make, rows))

    assert (kept.name, kept.number) == ("Acme", "C1")
    assert alone.done == {"skipped": 1}
    assert both.done == {"unchanged": 1, "skipped": 1}
    with artefacts.read([part["name"] for part in alone.artefacts]) as kept_rows:
        (row,) = kept_rows.rows("action = 'kept'", [], 1)
    assert (row["reason"], row["params"]) == (Reason.FOLLOWS, {"key": "C1"})


def test_an_undone_merge_lets_each_customer_say_what_its_account_holds(make: Make) -> None:
    rows = rows_of("Acme", "Acme Ltd")
    carry_out(make, plan(make, rows))
    kept, gone = session.scalars(select(Account).order_by(Account.number)).all()
    take_back(make, merge(make, kept, gone))

    carry_out(make, plan(make, {"C2": {**rows["C2"], "name": "Acme Limited"}}))

    assert [make.again(Account, each.id).name for each in (kept, gone)] == ["Acme", "Acme Limited"]


def test_a_merged_account_is_none_of_the_deleted_ones(make: Make) -> None:
    kept, gone, other = make.account("Acme"), make.account("Acme Ltd"), make.account("Bolts")
    merge(make, kept, gone)
    accounts.delete(other.id, by=make.mona)

    found = account_list.page(Question(deleted=True), by=make.mona)

    assert [line.name for line in found.rows] == ["Bolts"]


def test_a_child_that_comes_back_is_below_the_survivor(make: Make) -> None:
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    child = make.account("Acme Toys", parent_id=gone.id)
    accounts.delete(child.id, by=make.mona)
    merge(make, kept, gone)

    accounts.restore(child.id, by=make.mona)

    found = accounts.linked(make.again(Account, child.id), by=make.mona)
    assert found[gone.id].id == kept.id
