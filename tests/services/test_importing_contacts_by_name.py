"""Files of contacts without ids or addresses: the name finds those whom the account has."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Contact
from tests.support.record_files import edited, exported, imported, reasons

PEOPLE = "Account number,First name,Last name,E-mail\n"


def names_of(account):
    session.rollback()
    query = select(Contact).where(Contact.account_id == account.id)
    return [each.name for each in session.scalars(query.order_by(Contact.id))]


@pytest.mark.database
@pytest.mark.parametrize(
    "held, came", [(None, ""), ("ann@acme.example", ""), (None, "a@b.example")]
)
def test_a_contact_is_found_by_its_name_where_no_address_speaks_against_it(make, held, came):
    account = make.account("Acme", number="0042")
    make.contact(make.account("Other", number="7"), "Doe", first_name="Ann")
    make.contact(account, "Doe", first_name="Ann", email=held, phone="555 121")

    run = imported(
        make, "contact", f"Account number,First name,Last name,E-mail,Phone\n"
        f"0042,ANN,doe,{came},555 122\n",
    )  # fmt: skip

    assert run.done == {"updated": 1}
    ann = session.scalars(select(Contact).where(Contact.account_id == account.id)).one()
    assert (ann.phone, ann.email) == ("555 122", came or held)


def test_a_contact_of_the_same_name_with_another_address_is_somebody_else(make):
    account = make.account("Acme", number="0042")
    make.contact(account, "Doe", first_name="Ann", email="ann@acme.example")

    run = imported(make, "contact", f"{PEOPLE}0042,Ann,Doe,ann.doe@acme.example\n")

    assert run.done == {"created": 1}
    assert names_of(account) == ["Ann Doe", "Ann Doe"]


def test_of_several_contacts_of_one_name_none_is_taken(make):
    account = make.account("Acme", number="0042")
    for email in (None, "ann@acme.example"):
        make.contact(account, "Doe", first_name="Ann", email=email)

    run = imported(make, "contact", f"{PEOPLE}0042,Ann,Doe,\n")

    assert run.done == {"rejected": 1}
    assert "Several contacts of the account have this name." in reasons(make, run)[0]
    assert len(names_of(account)) == 2


def test_a_name_alone_that_a_file_says_twice_is_added_once(make):
    account = make.account("Acme", number="0042")

    run = imported(make, "contact", f"{PEOPLE}0042,Ann,Doe,\n0042,ann,DOE,\n")

    assert run.done == {"created": 1, "rejected": 1}
    assert names_of(account) == ["Ann Doe"]


def test_an_export_whose_ids_were_taken_out_changes_nothing(make):
    account = make.account("Acme", number="0042")
    make.contact(account, "Doe", first_name="Ann")
    make.contact(account, "Doe", email="doe@acme.example")
    make.contact(account, "Doe", email="john@acme.example")

    def without_ids(rows):
        for row in rows:
            row["Contact ID"] = ""

    run = imported(make, "contact", edited(exported(make, "contact"), without_ids))

    assert run.done == {"unchanged": 3}


def test_an_export_of_contacts_of_one_name_changes_nothing(make):
    account = make.account("Acme", number="0042")
    for _twin in range(2):
        make.contact(account, "Doe", first_name="Ann")

    run = imported(make, "contact", exported(make, "contact"))

    assert run.done == {"unchanged": 2}
