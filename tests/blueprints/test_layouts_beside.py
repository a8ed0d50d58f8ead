"""Layouts and conditions beside what else shows accounts or changes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session, utcnow
from crmapp.domain.conditions import Condition, Operator
from crmapp.models import Account, Contact, Run
from crmapp.services import (
    accounts,
    bulk_edits,
    layout_edits,
    merges,
    preferences,
    required_fields,
    runs,
    undo,
)
from tests.blueprints.test_account_columns import heads
from tests.blueprints.test_layouts import tabs_of
from tests.support.bulk import carry_out, plan, take_back, those
from tests.support.pages import flat

PARTNER = Condition("account_type", Operator.ANY, ("partner",))


def hide(make, *names, audience="rep"):
    layout_edits.hide(audience, names, seen=layout_edits.version(), by=make.alice)


def count_if(make, name, condition=PARTNER):
    layout_edits.show_field_if(name, condition, seen=layout_edits.version(), by=make.alice)


def glance(page):
    return page.text.partition('class="glance"')[2].partition("</ul>")[0]


# --- the record page --------------------------------------------------------------------------


def test_what_a_layout_hides_is_not_at_a_glance_either(make, as_user):
    values = {"phone": "+41 44 555 01 02", "email": "desk@acme.example"}
    account = make.account("Acme", owner_id=make.bob.id, **values)
    hide(make, "phone", "owner_id")
    count_if(make, "email")

    hers = glance(as_user(make.bob).get(f"/accounts/{account.id}"))
    everyones = glance(as_user(make.mona).get(f"/accounts/{account.id}"))

    assert [word in hers for word in (values["phone"], values["email"], "Owner")] == [False] * 3
    assert [word in everyones for word in (values["phone"], "Owner")] == [True] * 2
    assert values["email"] not in everyones


def test_what_is_at_a_glance_comes_with_the_field_that_decides(make, as_user):
    account = make.account("Acme", owner_id=make.bob.id, phone="+41 44 555 01 02")
    count_if(make, "phone")
    bob = as_user(make.bob)
    sent = {"account_type": "partner", "version": 1}

    before = glance(bob.get(f"/accounts/{account.id}"))
    bob.post(f"/accounts/{account.id}/values/account_type", data=sent)

    assert "555 01 02" not in before
    assert "555 01 02" in glance(bob.get(f"/accounts/{account.id}"))


@pytest.mark.parametrize("word", ["timeline", "activities", "history"])
def test_a_hidden_timeline_opens_where_a_link_leads_to_it(make, as_user, word):
    account = make.account("Acme", owner_id=make.bob.id)
    make.activity(account, "Send the offer", kind="task", happens_at=utcnow() + timedelta(days=1))
    order = ["files", "details", "timeline"]
    layout_edits.shelve("rep", order, ["files"], seen=layout_edits.version(), by=make.alice)
    bob = as_user(make.bob)

    details, linked = (bob.get(f"/accounts/{account.id}{rest}") for rest in ("", f"/{word}"))

    assert tabs_of(details)[:2] == ["Files", "Details"]
    assert "Timeline" not in " ".join(tabs_of(details))
    assert "Send the offer" in glance(details)
    assert linked.status_code == 200
    assert "Timeline" in " ".join(tabs_of(linked))


# --- the list ---------------------------------------------------------------------------------


def test_a_column_shows_what_a_layout_hides_and_what_does_not_count(make, as_user):
    make.account("Acme", owner_id=make.bob.id, fax="+41 1", tax_id="CHE-1")
    hide(make, "fax")
    count_if(make, "tax_id")
    preferences.keep_columns(("fax", "tax_id"), by=make.bob)

    page = as_user(make.bob).get("/accounts", follow_redirects=True)

    assert heads(page.text) == ["Account", "Fax", "Tax id"]
    assert "+41 1" in flat(page)
    assert "CHE-1" in flat(page)


# --- merges and edits of many -----------------------------------------------------------------


@pytest.mark.database
def test_a_merge_keeps_roles_and_what_does_not_count_and_can_be_undone(make):
    kept = make.account("Acme", account_type="customer")
    gone = make.account("Acme Ltd", account_type="partner", tax_id="CHE-1")
    payer = make.contact(gone, "Doe", roles=["accounts_payable"])
    count_if(make, "tax_id")

    run_id = merges.merge(kept.id, {kept.id: 1, gone.id: 1}, {}, by=make.mona)

    moved, one = make.again(Contact, payer.id), make.again(Account, kept.id)
    assert (moved.account_id, moved.roles) == (kept.id, ["accounts_payable"])
    assert (one.account_type, one.tax_id) == ("customer", "CHE-1")
    undoing = undo.undo_later(run_id, by=make.mona, key=None)
    runs.work(undoing)
    runs.work(undoing)
    back, again = make.again(Contact, payer.id), make.again(Account, gone.id)
    assert (back.account_id, back.roles) == (gone.id, ["accounts_payable"])
    assert (make.again(Account, kept.id).tax_id, again.tax_id) == (None, "CHE-1")
    assert not session.get_one(Run, undoing).counts.get("kept")


@pytest.mark.database
def test_an_edit_of_many_writes_where_a_field_does_not_count_and_is_taken_back(make):
    partner = make.account("Partner", account_type="partner")
    other = make.account("Other", account_type="customer", tax_id="CHE-0")
    count_if(make, "tax_id")
    edit = bulk_edits.setting("tax_id", "CHE-9", by=make.mona)

    done = carry_out(plan(those(partner, other), edit, make.mona), make.mona)

    ids = (partner.id, other.id)
    found = select(Account.tax_id).where(Account.id.in_(ids)).order_by(Account.id)
    assert session.scalars(found).all() == ["CHE-9", "CHE-9"]
    take_back(done, make.mona)
    session.expire_all()
    assert session.scalars(found).all() == [None, "CHE-0"]


def test_what_decides_is_changed_by_many_though_a_required_field_begins_to_count(make):
    account = make.account("Acme")
    count_if(make, "tax_id")
    required_fields.choose(["tax_id"], by=make.alice)
    edit = bulk_edits.setting("account_type", "partner", by=make.mona)

    carry_out(plan(those(account), edit, make.mona), make.mona)

    after = make.again(Account, account.id)
    assert (after.account_type, after.tax_id) == ("partner", None)
    accounts.update(account.id, {"phone": "+41 1"}, after.version, by=make.mona)
