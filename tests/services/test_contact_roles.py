"""What people at accounts are turned to for: kept, found, imported, replaced."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.plan import Planned
from crmapp.errors import Invalid
from crmapp.models import Contact, PickListValue
from crmapp.services import (
    contact_list,
    contacts,
    history,
    merges,
    pick_list_uses,
    pick_lists,
    plans,
    replacements,
    runs,
)
from crmapp.services.contact_list import ROLES, Asked
from tests.support.record_files import edited, exported, imported, planned, undone
from tests.support.upserts import take_back

PEOPLE = "Account number,Last name,Roles\n"


def roles_of(make, contact):
    return make.again(Contact, contact.id).roles


def found(by, **asked):
    return [each.last_name for each in contact_list.page(Asked(**asked), by=by).rows]


def test_a_contact_has_several_roles_which_history_tells(make):
    account = make.account()
    sent = {"last_name": "Doe", "roles": ["purchasing", "decision_maker"]}

    contact_id = contacts.add(account.id, sent, by=make.bob)
    contacts.update(contact_id, {"roles": ["technical"]}, 1, by=make.bob)
    contacts.update(contact_id, {"roles": []}, 2, by=make.bob)

    told = history.of("contact", contact_id, by=make.bob, locale="fr").entries
    lines = [(line.before, line.after) for entry in told[:2] for line in entry.lines]
    assert lines == [(["Technique"], None), (["Décideur", "Achats"], ["Technique"])]
    assert session.get_one(Contact, contact_id).roles is None


def test_what_is_no_role_is_refused_at_the_field(make):
    with pytest.raises(Invalid) as invalid:
        contacts.add(make.account().id, {"last_name": "Doe", "roles": ["juggler"]}, by=make.bob)

    assert list(invalid.value.fields) == ["roles"]


@pytest.mark.database
def test_the_list_shows_those_who_have_a_role_of_accounts_that_she_sees(make):
    mine, theirs = make.account(), make.account(owner_id=make.mallory.id)
    make.contact(mine, "Payer", roles=["accounts_payable", "technical"])
    make.contact(mine, "Left", roles=["accounts_payable"], active=False)
    make.contact(mine, "Other", roles=["technical"])
    make.contact(mine, "None")
    make.contact(theirs, "Hidden", roles=["accounts_payable"])

    role = {"role": "accounts_payable"}
    assert found(make.bob, **role) == ["Left", "Payer"]
    assert found(make.bob, **role, active=True) == ["Payer"]
    assert found(make.mona, **role) == ["Hidden", "Left", "Payer"]
    assert found(make.bob, words="oth") == ["Other"]
    assert contact_list.count(Asked(**role), by=make.bob) == (2, False)


@pytest.mark.database
def test_the_list_goes_page_by_page_and_back(make, monkeypatch):
    monkeypatch.setattr(contact_list, "PAGE", 2)
    account = make.account()
    people = {name: make.contact(account, name) for name in "ECADB"}

    first = contact_list.page(Asked(), by=make.bob)
    second = contact_list.page(Asked(after=people["B"].id), by=make.bob)
    last = contact_list.page(Asked(after=people["D"].id), by=make.bob)
    back = contact_list.page(Asked(before=people["E"].id), by=make.bob)
    nowhere = contact_list.page(Asked(after=10**8), by=make.bob)

    pages = [
        ("".join(each.last_name for each in page.rows), page.earlier, page.later)
        for page in (first, second, last, back, nowhere)
    ]
    assert pages == [
        ("AB", False, True),
        ("CD", True, True),
        ("E", True, False),
        ("CD", True, True),
        ("AB", False, True),
    ]


@pytest.mark.database
def test_roles_come_back_from_their_file_unchanged_and_are_changed_by_it(make):
    account = make.account("Acme", number="0042")
    contact = make.contact(account, "Doe", roles=["purchasing", "technical"])
    file = exported(make, "contact")

    again = planned(make, "contact", file)
    other = edited(file, lambda rows: rows[0].update(Roles="Accounts payable; purchasing"))
    run = imported(make, "contact", other)

    assert again.counts == {"unchanged": 1}
    assert roles_of(make, contact) == ["accounts_payable", "purchasing"]
    undone(make, run)
    assert roles_of(make, contact) == ["purchasing", "technical"]


def test_a_file_brings_new_people_with_their_roles_in_french_as_well(make):
    make.account("Acme", number="0042")

    imported(make, "contact", PEOPLE + '0042,Doe,"Achats, Technique"\n0042,Roe,nonsense\n')

    held = session.execute(select(Contact.last_name, Contact.roles)).all()
    assert [tuple(row) for row in held] == [("Doe", ["purchasing", "technical"])]


@pytest.mark.database
def test_a_role_in_use_is_counted_and_gives_way_to_another_everywhere(make):
    account = make.account()
    one, both = (
        make.contact(account, "One", roles=["technical"]),
        make.contact(account, "Both", roles=["purchasing", "technical"]),
    )
    value = select(PickListValue.id).where(
        PickListValue.list_code == ROLES, PickListValue.code == "technical"
    )
    value_id = session.scalars(value).one()
    counted = pick_list_uses.holdings(ROLES)
    asked = {"to": "purchasing", "by": make.alice, "locale": "en", "key": None}
    run_id = replacements.start(ROLES, value_id, **asked)
    runs.work(run_id)
    plan = runs.get(run_id, by=make.alice)
    hash_ = plan.plan_hash or ""
    shown = plans.rows(plan, Planned.UPDATE, 1, by=make.alice, locale="en").rows

    replacements.run_later(run_id, plan_hash=hash_, key=None, by=make.alice)
    runs.work(run_id)

    assert {code: holding[0].count for code, holding in counted.items()} == {
        "technical": 2,
        "purchasing": 1,
    }
    assert pick_list_uses.counts(ROLES, ["purchasing"]) == {"purchasing": 2}
    assert not pick_list_uses.is_held(ROLES, "technical")
    assert pick_list_uses.held(pick_list_uses.of(ROLES)) == 2
    assert [line.after for row in shown for line in row.lines] == [["Purchasing"], ["Purchasing"]]
    assert [roles_of(make, each) for each in (one, both)] == [["purchasing"], ["purchasing"]]
    take_back(make, runs.get(run_id, by=make.alice))
    assert roles_of(make, both) == ["purchasing", "technical"]


def test_contacts_keep_their_roles_when_their_account_is_merged(make):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    contact = make.contact(gone, "Doe", roles=["technical"])

    merges.merge(kept.id, {kept.id: 1, gone.id: 1}, {}, by=make.mona)

    after = make.again(Contact, contact.id)
    assert (after.account_id, after.roles) == (kept.id, ["technical"])


def test_the_roles_are_there_in_both_languages(make):
    english, french = (pick_lists.labels(locale)[ROLES] for locale in ("en", "fr"))

    assert english["accounts_payable"] == "Accounts payable"
    assert french["accounts_payable"] == "Comptabilité fournisseurs"
