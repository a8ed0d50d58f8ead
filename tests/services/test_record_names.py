"""What records are called: told to who sees them, one statement for each kind."""

from __future__ import annotations

from crmapp.services import accounts, record_names
from crmapp.services.record_names import Named


def test_records_of_every_kind_are_named_with_their_account(make):
    account = make.account("Acme")
    contact, call = make.contact(account, "Doe"), make.activity(account, "Call")

    found = record_names.of(
        {"account": [account.id], "contact": [contact.id, 99], "activity": [call.id]}
    )

    assert found == {
        ("account", account.id): Named("Acme", account.id),
        ("contact", contact.id): Named(contact.name, account.id),
        ("activity", call.id): Named("Call", account.id),
    }


def test_a_value_of_a_pick_list_has_no_account(make):
    value = make.value("terms", "heir")

    found = record_names.of({"pick_list_value": [value.id]})

    assert found["pick_list_value", value.id] == Named(value.label_en, None)


def test_who_reads_the_names_is_told_those_that_she_sees_of_what_is_there(make):
    hers, other, gone = (make.account(name) for name in ("Hers", "Other", "Gone"))
    kept = make.account("Hidden", owner_id=make.bob.id)
    hidden = make.contact(kept, "Doe")
    accounts.delete(gone.id, by=make.alice)
    wanted = {"account": [hers.id, other.id, gone.id, kept.id], "contact": [hidden.id]}

    to_mallory = record_names.of(wanted, seen_by=make.mallory)

    assert {each.name for each in to_mallory.values()} == {"Hers", "Other"}
    assert len(record_names.of(wanted)) == 5
