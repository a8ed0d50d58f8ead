"""Files of contacts: whose each is, which one a row means, and what people do meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.mapping import Wanted
from crmapp.errors import Invalid
from crmapp.models import Account, Contact, Run
from crmapp.services import (
    account_list,
    contacts,
    fixing,
    history,
    imports,
    plans,
    records,
    retries,
    runs,
    saved_mappings,
    upserts,
)
from crmapp.services.account_question import Question
from crmapp.services.fixing import Answer, Fix
from crmapp.services.imports import Way
from crmapp.services.mapping_start import opening
from tests.support.record_files import (
    carried_out,
    imported,
    ours,
    planned,
    planned_by,
    reasons,
    sent,
    undone,
)

PEOPLE = "Account number,First name,Last name,E-mail\n"


def names_of(account):
    """Return the names of the living contacts of an account."""
    session.rollback()
    query = select(Contact).where(Contact.account_id == account.id, Contact.deleted_at.is_(None))
    return [each.name for each in session.scalars(query.order_by(Contact.id))]


@pytest.mark.database
def test_new_contacts_come_to_their_account_and_go_with_the_run(make):
    account = make.account("Acme", number="0042")

    run = imported(make, "contact", f"{PEOPLE}0042,Ann,Doe,ann@acme.example\n0042,,Roe,\n")

    assert run.done == {"created": 2}
    assert names_of(account) == ["Ann Doe", "Roe"]
    ann = session.scalars(select(Contact).order_by(Contact.id)).first()
    told = history.of("contact", ann.id, by=make.mona, locale="en").entries
    assert str(told[0].source) == "File file.csv, row 2"
    assert undone(make, run).done == {"updated": 2}
    assert names_of(account) == []


def test_the_same_file_again_finds_contacts_by_their_address(make):
    account = make.account("Acme", number="0042")
    make.contact(make.account("Other", number="7"), "Ann", email="ann@acme.example")
    imported(make, "contact", f"{PEOPLE}0042,Ann,Doe,Ann@Acme.example\n")

    run = imported(make, "contact", f"{PEOPLE}0042,Ann,Doe-Roe,ann@acme.EXAMPLE\n")

    assert run.done == {"updated": 1}
    assert names_of(account) == ["Ann Doe-Roe"]


def test_of_contacts_with_one_address_the_one_with_the_name_is_meant(make):
    account = make.account("Acme", number="0042")
    for name in ("Doe", "Roe"):
        make.contact(account, name, first_name="Ann", email="both@acme.example")

    run = imported(
        make, "contact", f"{PEOPLE}0042,ann,ROE,both@acme.example\n0042,Eve,X,both@acme.example\n"
    )

    assert run.done == {"updated": 1, "rejected": 1}
    assert names_of(account) == ["Ann Doe", "ann ROE"]
    assert "Give the Contact ID as well" in reasons(make, run)[0]


def test_a_second_row_about_one_contact_is_rejected(make):
    account = make.account("Acme", number="0042")
    ann = make.contact(account, "Ann", email="ann@acme.example")
    heads = "Contact ID,Account number,Last name,E-mail\n"

    run = imported(
        make,
        "contact",
        f"{heads}{ann.id},,Ann,\n,0042,Anna,ann@acme.example\n"
        ",0042,New,new@acme.example\n,0042,Newer,NEW@acme.example\n",
    )

    assert run.done == {"unchanged": 1, "created": 1, "rejected": 2}
    assert reasons(make, run) == [
        "3: Another row of the same source is about this record.",
        "5: The source has new@acme.example more than once; only the first row counts.",
    ]


@pytest.mark.parametrize(
    "row, reason",
    [
        ("9,,,Doe", "Account number: No account that you see has this number. Correct it"),
        (",,,Doe", "Account number: Say which account it belongs to"),
        ("0042,,,Doe", "Account number: Accounts of several ERP companies have this number."),
        ("0042,C,,Doe", "Account number: No account that you see has this number. Correct it"),
        (",,99,Doe", "Account ID: Nothing that you see has this id"),
        (
            "0042,B,{first},Doe",
            "Account number: This is not the account that the Account ID names.",
        ),
        ("0042,A,,", "Last name: Enter a value; this field is required."),
    ],
)
def test_a_contact_whose_account_is_not_certain_is_rejected(make, row, reason):
    first = make.account("Acme", number="0042", erp_company="A")
    make.account("Acme B", number="0042", erp_company="B")
    heads = "Account number,ERP company,Account ID,Last name\n"

    run = imported(make, "contact", heads + row.format(first=first.id))

    assert run.done == {"rejected": 1}
    assert reasons(make, run)[0].startswith(f"2: {reason}")


def test_the_company_tells_accounts_with_one_number_apart(make):
    make.account("Acme", number="0042", erp_company="A")
    other = make.account("Acme B", number="0042", erp_company="B")

    imported(make, "contact", "Account number,ERP company,Last name\n0042,B,Doe\n")

    assert names_of(other) == ["Doe"]


def test_accounts_that_she_does_not_see_are_unknown(make):
    hidden = make.account("Hidden", number="0042", owner_id=make.mallory.id)
    theirs = make.contact(hidden, "Secret")
    seller = make.user("sam", "rep")
    run = sent(
        make, "contact",
        f"Contact ID,Account ID,Account number,Last name\n,,0042,A\n,{hidden.id},,B\n"
        f"{theirs.id},,,C\n",
    )  # fmt: skip
    with unit_of_work():
        run.by_id = seller.id
        run.mapping = opening(run, upserts.source_of(run, by=make.mona).columns()).mapping.as_json()
        run.status = "planning"
    run_id = run.id
    runs.work(run_id)

    assert session.get_one(Run, run_id).counts == {"rejected": 3}


def test_a_contact_does_not_move_to_another_account(make):
    ann = make.contact(make.account("Acme", number="1"), "Ann")
    make.account("Other", number="2")

    run = imported(make, "contact", f"Contact ID,Account number,Last name\n{ann.id},2,Ann\n")

    assert run.done == {"rejected": 1}
    assert "an import does not move it" in reasons(make, run)[0]


def test_a_row_that_cannot_be_read_is_one_of_contacts_too(make):
    make.account("Acme", number="1")

    run = planned(make, "contact", f"{PEOPLE}1,,Doe,,,,too wide\n1,,Roe,\n")

    assert run.counts == {"create": 1, "rejected": 1}
    (row,) = plans.rows(run, "rejected", 1, by=make.mona, locale="en").rows
    assert row.object == "contact"


def test_the_id_of_a_deleted_contact_rejects_its_row(make):
    gone = make.contact(make.account("Acme", number="1"), "Ann", deleted_at=utcnow())
    lost = make.contact(make.account("Lost", deleted_at=utcnow()), "Bob")

    run = imported(
        make, "contact", f"Contact ID,Account number,Last name\n{gone.id},1,A\n{lost.id},,B\n"
    )

    assert run.done == {"rejected": 2}


def test_a_row_with_an_id_needs_neither_account_nor_name(make):
    ann = make.contact(make.account("Acme"), "Ann", first_name="A", phone="555 121")

    run = imported(make, "contact", f"Contact ID,Phone\n{ann.id},555 122\n")

    assert run.done == {"updated": 1}
    assert session.get_one(Contact, ann.id).phone == "555 122"


def test_all_rows_may_belong_to_one_account_that_the_mapping_says(make):
    account = make.account("Acme", number="0042")

    run = imported(
        make, "contact", "Last name\nDoe\nRoe\n",
        columns={"last_name": "Last name"}, fixed={"account_number": "0042"},
    )  # fmt: skip

    assert run.done == {"created": 2}
    assert names_of(account) == ["Doe", "Roe"]


def test_a_mapping_that_names_no_account_is_refused(make):
    run = sent(make, "contact", "Last name\nDoe\n")

    with pytest.raises(Invalid) as refused:
        planned_by(make.mona, run)

    assert refused.value.fields.keys() == {"account_number"}


@pytest.mark.parametrize(
    "wanted, done",
    [
        (Wanted.CREATE, {"created": 1, "skipped": 1}),
        (Wanted.UPDATE, {"updated": 1, "skipped": 1}),
    ],
)
def test_only_new_or_only_known_contacts_are_taken(make, wanted, done):
    make.contact(make.account("Acme", number="1"), "Ann", email="ann@acme.example")

    run = imported(
        make, "contact", f"{PEOPLE}1,,Anna,ann@acme.example\n1,,New,new@acme.example\n",
        wanted=wanted,
    )  # fmt: skip

    assert run.done == done
    assert "record" in reasons(make, run)[0]


# --- what people do meanwhile --------------------------------------------------------------------


def test_bad_numbers_of_accounts_are_mended_in_the_preview(make):
    account = make.account("Acme", number="0042")
    run = planned(make, "contact", f"{PEOPLE}42,,Doe,\n42,,Roe,\n")
    answer = Answer("value", Fix.VALUE, "account_number", "0042", found="42")

    fixing.fix(run.id, [answer], plan_hash=run.plan_hash, by=make.mona)
    run = carried_out(make, session.get_one(Run, run.id))

    assert run.done == {"created": 2}
    assert names_of(account) == ["Doe", "Roe"]


def test_what_people_changed_since_is_kept_by_the_undo(make):
    account = make.account("Acme", number="0042")
    run = imported(make, "contact", f"{PEOPLE}0042,,Doe,\n0042,,Roe,\n0042,,Poe,\n0042,,Moe,\n")
    doe, roe, poe, _moe = session.scalars(select(Contact).order_by(Contact.id))
    contacts.update(doe.id, {"phone": "555 123"}, doe.version, by=make.mona)
    contacts.set_primary(roe.id, by=make.mona)
    make.activity(account, contact_id=poe.id)

    back = undone(make, run)

    assert names_of(account) == ["Doe", "Roe", "Poe"]
    assert back.done == {"updated": 1, "skipped": 3}
    assert [each.partition(": ")[2] for each in reasons(make, back)] == [
        "Kept, because these values were changed since: Phone.",
        "Kept, because people use this record since.",
        "Kept, because people use this record since.",
    ]


@pytest.mark.database
def test_an_account_that_is_deleted_meanwhile_gets_no_contact(make):
    account = make.account("Acme", number="0042")
    make.account("Other", number="7")
    run = planned(make, "contact", f"{PEOPLE}0042,,Doe,\n7,,Roe,\n")
    with unit_of_work():
        records.delete(Account, account.id, by=make.mona)

    run = carried_out(make, run)

    assert run.done == {"created": 1, "skipped": 1}
    assert reasons(make, run) == ["2: Its account was deleted after the plan was made."]
    assert names_of(account) == []


def test_a_contact_that_somebody_changed_meanwhile_is_left_alone(make):
    ann = make.contact(make.account("Acme"), "Ann")
    run = planned(make, "contact", f"Contact ID,Phone\n{ann.id},555 122\n")
    contacts.update(ann.id, {"phone": "555 999"}, ann.version, by=make.mona)

    run = carried_out(make, run)

    assert reasons(make, run) == ["2: Somebody changed this record after the plan was made."]
    assert session.get_one(Contact, ann.id).phone == "555 999"


def test_rejected_rows_are_retried_once_their_account_is_there(make):
    make.account("Acme", number="1")
    run = imported(make, "contact", f"{PEOPLE}1,,Doe,\n2,,Roe,\n")
    account = make.account("Later", number="2")

    again = retries.retry_later(run.id, key=None, by=make.mona)
    runs.work(again)
    run = carried_out(make, session.get_one(Run, again))

    assert run.done == {"created": 1}
    assert names_of(account) == ["Roe"]


def test_the_plan_says_whose_a_new_contact_is_and_the_run_leads_to_the_account(make):
    account = make.account("Acme", number="1")
    run = planned(make, "contact", f"{PEOPLE}1,,Doe,\n")

    (row,) = plans.rows(run, "create", 1, by=make.mona, locale="en").rows
    run = carried_out(make, run)
    shown = account_list.page(Question(run=run.id), by=make.mona)

    assert (row.account, row.object, row.name) == (account.id, "contact", "Doe")
    assert [(line.label, line.after) for line in row.lines] == [
        ("Account", "Acme"),
        ("Last name", "Doe"),
    ]
    assert [each.name for each in shown.rows] == ["Acme"]


def test_mappings_are_saved_for_the_kind_of_record(make):
    run = sent(make, "contact", f"{PEOPLE}1,,Doe,\n")
    mapping = opening(run, upserts.source_of(run, by=make.mona).columns()).mapping

    saved_mappings.save(run.id, "People", mapping, by=make.mona)

    same = sent(make, "contact", f"{PEOPLE}1,,Doe,\n")
    other = sent(make, "account", f"{PEOPLE}1,,Doe,\n")
    assert [each.name for each in saved_mappings.of_source(same.lock_key)] == ["People"]
    assert not saved_mappings.of_source(other.lock_key)
    (saved,) = saved_mappings.of_source(same.lock_key)
    said = [str(text) for step in saved_mappings.story(saved) for text in step.changes]
    assert "Last name is filled from “Last name”." in said
    assert not [text for text in said if "Accounts" in text]


def test_the_kind_of_record_stays_when_the_file_is_read_anew_or_another_follows(make):
    run = sent(make, "contact", f"{PEOPLE}1,,Doe,\n")
    run_id = run.id

    imports.read_anew(run_id, Way.of(run.source), ours("contact"), by=make.mona)

    run = session.get_one(Run, run_id)
    assert (run.source["object"], run.lock_key.partition(":")[0]) == ("contact", "contacts")
    again = imports.again(run_id, by=make.mona)
    assert session.get_one(Run, again).source["object"] == "contact"


def test_there_is_no_import_of_other_things(make):
    with pytest.raises(Invalid) as refused:
        sent(make, "pick_list", "Label\nA\n")

    assert refused.value.fields.keys() == {"object"}
