"""The history of a record, in the words of its readers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crmapp.db import unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.models import Account
from crmapp.services import accounts, contacts, history, records
from tests.support.upserts import carry_out, plan, rows_of, take_back


def lines(entry):
    return [(line.label, line.before, line.after) for line in entry.lines]


def test_values_are_shown_as_people_read_them(make):
    account = make.account(payment_status="current")
    typed = {"payment_status": "overdue", "credit_limit": "10", "owner_id": str(make.bob.id)}
    accounts.update(account.id, typed, 1, by=make.mona)

    (entry,) = history.of("account", account.id, by=make.mona, locale="fr").entries

    assert lines(entry) == [
        ("Owner", None, "Bob"),
        ("Payment status", "À jour", "En retard"),
        ("Credit limit", None, Decimal("10.00")),
    ]


def test_an_entry_says_who_did_what_and_from_where(make):
    account_id = accounts.create({"name": "Acme"}, by=make.bob)
    accounts.delete(account_id, by=make.mona)

    entries = history.of("account", account_id, by=make.mona, locale="en").entries

    assert [(e.action, str(e.source), e.change.by.name) for e in entries] == [
        ("Deleted", "Form", "Mona"),
        ("Added", "Form", "Bob"),
    ]


def test_a_value_from_the_grid_names_its_row(make):
    account, alice = make.account(), make.alice
    source = {"kind": "grid", "dataset": "sales", "key": "C042"}
    with unit_of_work():
        write = Write(Action.UPDATE, {"phone": "5550100"}, account.id, 1, source)
        records.write(Account, [write], by=alice)

    (entry,) = history.of("account", account.id, by=make.mona, locale="en").entries

    assert str(entry.source) == "Grid sales, C042"


@pytest.mark.parametrize(
    "kind, said",
    [
        ("account_sync", "Synchronization of accounts"),
        ("managed_list", "Synchronization of a managed list"),
        ("pick_list", "Pick list"),
    ],
)
def test_a_value_that_a_run_wrote_says_what_kind_of_run_it_was(make, kind, said):
    account, alice = make.account(), make.alice
    with unit_of_work():
        write = Write(Action.UPDATE, {"phone": "5550100"}, account.id, 1, {"kind": kind})
        records.write(Account, [write], by=alice)

    (entry,) = history.of("account", account.id, by=make.mona, locale="en").entries

    assert str(entry.source) == said


def test_names_of_records_that_the_reader_does_not_see_stay_hidden(make):
    hidden = make.account("Hidden Head", number="H1", owner_id=make.mallory.id)
    account = make.account("Acme")
    accounts.update(account.id, {"parent": "H1"}, 1, by=make.mona)

    (entry,) = history.of("account", account.id, by=make.bob, locale="en").entries

    assert lines(entry) == [("Parent account", None, f"#{hidden.id}")]


def test_the_primary_contact_has_a_name(make):
    account = make.account()
    contacts.add(account.id, {"first_name": "Ann", "last_name": "Doe"}, by=make.bob)

    entry, added = history.of("account", account.id, by=make.bob, locale="en").entries

    assert lines(entry) == [("Primary contact", None, "Ann Doe")]
    assert (added.about, added.action) == ("Ann Doe", "Added")


def test_history_is_read_page_by_page(make, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    account = make.account()
    for version in (1, 2, 3):
        accounts.update(account.id, {"phone": f"555 010{version}"}, version, by=make.mona)

    first = history.of("account", account.id, by=make.mona, locale="en")
    second = history.of("account", account.id, by=make.mona, locale="en", before=first.older)

    assert [len(first.entries), len(second.entries), second.older] == [2, 1, None]
    assert second.entries[0].lines[0].after == "555 0101"


def test_other_records_with_the_same_number_keep_their_history(make):
    account = make.account()
    contacts.add(account.id, {"last_name": "Doe"}, by=make.bob)

    entries = history.of("activity", account.id, by=make.bob, locale="en").entries

    assert entries == []


def test_a_run_says_what_it_linked_and_its_undo_that_it_no_longer_is(make):
    account = make.account("Acme", number="C1", phone="555 123")
    take_back(make, carry_out(make, plan(make, rows_of("Acme"))))

    entries = history.of("account", account.id, by=make.mona, locale="en").entries

    assert [(entry.action, [str(link) for link in entry.links]) for entry in entries] == [
        ("Unlinked", ["Is no longer C1 in test · customers"]),
        ("Linked", ["Is C1 in test · customers"]),
    ]
