"""Files of contacts, activities and accounts: what an export wrote goes in again unchanged."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmapp.db import session, utcnow
from crmapp.domain.records import FIELDS
from crmapp.errors import Invalid
from crmapp.models import Account, Activity, Change, Contact
from tests.support.record_files import (
    carried_out,
    edited,
    exported,
    imported,
    planned,
    planned_by,
    reasons,
    sent,
    undone,
)

OBJECTS = ["account", "contact", "activity"]
MODELS = {"account": Account, "contact": Contact, "activity": Activity}


def everything(make):
    """Make records of each kind, with all that they may hold; return an account."""
    numbered = make.account("Acme", number="0042", billing_city="Łódź", tags=["a", "b"])
    plain = make.account("No number", owner_id=make.bob.id, notes="two\nlines")
    make.account("Number in a company", number="0042", erp_company="B")
    make.value("status", "arranged", label_en="Arranged, maybe")
    make.value("job_title", "buyer", label_en="Buyer; chief")
    ann = make.contact(
        numbered, "=Doe", first_name="Ann", email="ann@acme.example", phone="+33 123",
        job_title="buyer", notes="a\nb", active=False,
    )  # fmt: skip
    make.contact(numbered, "Twin", email="ann@acme.example")
    make.contact(plain, "Alone", mobile="0012 34")
    make.activity(
        numbered, "-Call", contact_id=ann.id, owner_id=make.bob.id, kind="call", notes="said\nso"
    )
    make.activity(plain, "Meet", kind="meeting", status="arranged")
    make.activity(plain, "Note", kind="note", owner_id=make.mona.id)
    return numbered


def count(model):
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.database
@pytest.mark.parametrize("file", ["csv", "xlsx"])
@pytest.mark.parametrize("object_", OBJECTS)
@pytest.mark.parametrize("clears", [False, True])
def test_what_was_exported_goes_in_again_without_a_change(make, object_, file, clears):
    everything(make)
    content = exported(make, object_, file)

    run = planned(make, object_, content, name=f"file.{file}", clear_empty=clears)
    run = carried_out(make, run)

    assert run.total
    assert (run.status, run.done) == ("done", {"unchanged": run.total})
    assert count(Change) == 0


@pytest.mark.database
@pytest.mark.parametrize(
    "object_, column, name",
    [
        ("account", "Fax", "fax"),
        ("contact", "Mobile", "mobile"),
        ("activity", "Subject", "subject"),
    ],
)
def test_one_edited_cell_is_one_change_and_undone_as_it_was(make, object_, column, name):
    everything(make)
    content = exported(make, object_)
    model = MODELS[object_]

    def edit(rows):
        rows[-1][column] = "0123 456"
        edit.id = int(rows[-1][f"{object_.title()} ID"])

    run = imported(make, object_, edited(content, edit))

    before = session.scalars(select(Change)).one().fields[name][0]
    assert run.done == {"unchanged": run.total - 1, "updated": 1}
    assert session.get_one(model, edit.id).value(FIELDS[object_][name]) == "0123 456"
    (change,) = session.scalars(select(Change))
    assert (change.object, change.record_id, [*change.fields]) == (object_, edit.id, [name])
    assert undone(make, run).done == {"updated": 1}
    assert session.get_one(model, edit.id).value(FIELDS[object_][name]) == before


def test_an_account_without_a_number_is_found_by_its_id(make):
    account = make.account("No number")

    run = imported(make, "account", f"Account ID,Name,Phone\n{account.id},No number,555 123\n")

    assert run.done == {"updated": 1}
    assert session.get_one(Account, account.id).phone == "555 123"


def test_an_account_is_renumbered_by_its_id(make):
    account = make.account("Acme", number="1")

    imported(make, "account", f"Account ID,Name,Number\n{account.id},Acme,2\n")

    assert session.get_one(Account, account.id).number == "2"


def test_a_row_without_an_id_is_found_as_ever_or_is_new(make):
    make.account("Acme", number="1", phone="555 121")

    run = imported(make, "account", "Account ID,Name,Number\n,Acme Ltd,1\n,New,2\n")

    assert run.done == {"created": 1, "updated": 1}


def test_the_id_of_no_account_rejects_its_row_whatever_else_is_right(make):
    gone = make.account("Gone", deleted_at=utcnow())
    make.account("Acme", number="1")

    run = imported(
        make,
        "account",
        f"Account ID,Name,Number\n{gone.id},Gone,\n999999999999999,Acme,1\n4x,B,2\n",
    )

    assert run.done == {"rejected": 3}
    assert [each.split("it may")[0] for each in reasons(make, run)] == [
        "2: Account ID: Nothing that you see has this id; ",
        "3: Account ID: Nothing that you see has this id; ",
        "4: Account ID: Enter the id as our exports have it, a whole number.",
    ]


def test_an_id_that_does_not_find_accounts_is_not_mapped_in_vain(make):
    run = sent(make, "account", "Account ID,Name,Number\n1,Acme,1\n")

    with pytest.raises(Invalid) as refused:
        planned_by(make.mona, run, match="number")

    assert refused.value.fields.keys() == {"record_id"}
