"""What a person is told of accounts that may be the same: while she types, and when she saves."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.domain.duplicate_keys import COMPARED, Effect, Key
from crmapp.models import Account
from crmapp.services import accounts
from tests.support.duplicate_rules import rule
from tests.support.pages import flat
from tests.support.web import htmx

WAYS = pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
PHONE = "+33 1 42 68 53 00"
TYPED = {"name": "Zenith Gears", "phone": "01 42 68 53 00", "notes": "typed"}


def seal(text):
    return re.search(r'name="overruled" value="(\w+)"', text)[1]


def count(name):
    return session.scalar(select(func.count(Account.id)).where(Account.name == name))


def test_hints_say_beside_the_field_what_is_the_same(make, as_user):
    acme = make.account("Acme Bolts", number="C1", phone=PHONE, owner_id=make.bob.id)

    text = as_user(make.bob).post("/accounts/hints", data=TYPED, headers=htmx()).text

    beside_phone = text.split('id="accounts-hints-phone"')[1].split("</hx-partial>")[0]
    assert "Acme Bolts" in beside_phone
    assert "Same phone number" in beside_phone
    assert f'href="/accounts/{acme.id}"' in beside_phone
    assert text.count("Acme Bolts") == beside_phone.count("Acme Bolts")


@pytest.mark.parametrize("form", ["new", "{id}/edit"])
def test_each_field_that_is_compared_asks_for_hints_from_the_start(make, as_user, form):
    acme = make.account("Acme Bolts", owner_id=make.bob.id)

    text = as_user(make.bob).get("/accounts/" + form.format(id=acme.id)).text

    for name in COMPARED:
        asking = re.search(rf'<input [^>]*id="{name}"[^>]*>', text)[0]
        assert 'class="hinted"' in asking
        assert f'id="accounts-hints-{name.replace("_", "-")}"' in text


def test_of_an_account_that_is_not_hers_to_see_only_that_it_exists_is_said(make, as_user):
    make.account("Secret Steel", number="S9", phone=PHONE, owner_id=make.mallory.id)

    text = flat(as_user(make.bob).post("/accounts/hints", data=TYPED, headers=htmx()))

    assert "An account that is not open to you Same phone number Ask a manager about it." in text
    assert "Secret" not in text
    assert "Mallory" not in text


def test_hints_for_an_edit_leave_the_account_itself_out(make, as_user):
    acme = make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)
    twin = make.account("Twin Tools", tax_id="FR1", owner_id=make.bob.id)

    sent = {"name": "Acme Bolt", "phone": PHONE, "tax_id": "FR-1"}
    text = as_user(make.bob).post(f"/accounts/hints?account={acme.id}", data=sent).text

    assert twin.name in text
    assert "Acme" not in text
    assert "Use this instead" not in text


@pytest.mark.parametrize("sent", [{}, {"name": "\x00", "phone": "\x00"}, {"name": "x" * 10_000}])
def test_hints_stand_what_nobody_types(make, as_user, sent):
    make.account("Acme Bolts", owner_id=make.bob.id)

    answer = as_user(make.bob).post("/accounts/hints", data=sent, headers=htmx())

    assert (answer.status_code, "Acme" in answer.text) == (200, False)


def test_hints_for_an_account_that_is_not_hers_to_change_are_refused(make, as_user):
    hers = make.account("Hidden", owner_id=make.mallory.id)

    assert as_user(make.bob).post(f"/accounts/hints?account={hers.id}").status_code == 404
    assert as_user(make.carol).post(f"/accounts/hints?account={hers.id}").status_code == 403
    assert as_user(make.carol).post("/accounts/hints").status_code == 403


@WAYS
def test_saving_what_may_exist_asks_and_keeps_all_that_was_typed(make, as_user, headers):
    make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)

    answer = as_user(make.bob).post("/accounts", data=TYPED, headers=headers)

    assert answer.status_code == 409
    assert "This account may exist already" in answer.text
    assert "Acme Bolts" in answer.text
    assert 'value="01 42 68 53 00"' in answer.text
    assert ">typed</textarea>" in answer.text.replace("\r\n", "").replace("\n", "")
    assert count("Zenith Gears") == 0


@WAYS
def test_create_anyway_creates_and_history_says_why(make, as_user, headers):
    make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)
    bob = as_user(make.bob)
    word = {"overruled": seal(bob.post("/accounts", data=TYPED).text), "reason": "Shared office"}

    answer = bob.post("/accounts", data={**TYPED, **word}, headers=headers)

    assert answer.status_code == (200 if headers else 303)
    made = session.scalars(select(Account.id).where(Account.name == "Zenith Gears")).one()
    history = flat(bob.get(f"/accounts/{made}/history"))
    assert (
        "Created although “Acme Bolts” has the same phone number. Reason: Shared office" in history
    )


def test_without_a_reason_the_field_of_the_reason_says_so(make, as_user):
    make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)
    bob = as_user(make.bob)
    word = {"overruled": seal(bob.post("/accounts", data=TYPED).text), "reason": "x"}

    answer = bob.post("/accounts", data={**TYPED, **word})

    assert answer.status_code == 422
    assert "at least three letters" in answer.text
    assert 'value="x"' in answer.text


def test_enter_in_the_reason_creates_the_account(make, as_user):
    """It presses the first button of the form."""
    make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)

    text = as_user(make.bob).post("/accounts", data=TYPED).text

    form = text[text.index('<form class="form" method="post" action="/accounts"') :]
    assert 'name="overruled"' in re.search("<button[^>]*>", form)[0]


@WAYS
def test_a_blocked_key_is_refused_at_its_field_with_a_link(make, as_user, headers):
    rule(Key.PHONE, Effect.BLOCK, by=make.alice)
    acme = make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)

    answer = as_user(make.bob).post("/accounts", data=TYPED, headers=headers)

    assert answer.status_code == 422
    assert 'id="phone-error"' in answer.text
    assert f'href="/accounts/{acme.id}"' in answer.text
    assert "Create anyway" not in answer.text


def test_use_this_instead_offers_what_the_account_lacks(make, as_user):
    acme = make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)
    sent = {**TYPED, "email": "a@acme.example", "owner_id": str(make.bob.id)}

    answer = as_user(make.bob).post(f"/accounts/{acme.id}/adoption", data=sent)

    assert answer.status_code == 200
    assert f'action="/accounts/{acme.id}"' in answer.text
    assert 'value="a@acme.example"' in answer.text
    assert f'value="{PHONE}"' in answer.text
    assert "Name Zenith Gears" in flat(answer)
    assert session.get_one(Account, acme.id).email is None


def test_use_this_instead_loses_no_box_that_was_ticked(make, as_user):
    vip = make.field("VIP", kind="yes_no")
    acme = make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)

    answer = as_user(make.bob).post(f"/accounts/{acme.id}/adoption", data={**TYPED, vip.name: "y"})

    assert "VIP Yes" in flat(answer)


def test_use_this_instead_of_an_account_that_one_only_reads_opens_it(make, as_user):
    closed = make.account("Closed", owner_id=make.mallory.id)
    reader = make.user("rita", "rep")

    assert as_user(reader).post(f"/accounts/{closed.id}/adoption").status_code == 404
    assert as_user(make.carol).post(f"/accounts/{closed.id}/adoption").status_code == 403


def test_nobodys_account_does_not_become_hers_by_using_it(make, as_user):
    nobodys = make.account("Acme Bolts", phone=PHONE)
    sent = {**TYPED, "owner_id": str(make.bob.id)}

    text = as_user(make.bob).post(f"/accounts/{nobodys.id}/adoption", data=sent).text

    assert " selected" not in text.split('id="owner_id"')[1].split("</select>")[0]


@WAYS
def test_a_value_edited_in_place_asks_as_well(make, as_user, headers):
    make.account("Acme Bolts", phone=PHONE, owner_id=make.bob.id)
    mine = make.account("Zenith Gears", owner_id=make.bob.id)
    bob, place = as_user(make.bob), f"/accounts/{mine.id}/values/phone"
    sent = {"phone": PHONE, "version": "1"}

    asked = bob.post(place, data=sent, headers=headers)
    word = {"overruled": seal(asked.text), "reason": "Shared office"}
    saved = bob.post(place, data={**sent, **word}, headers=headers)

    assert (asked.status_code, saved.status_code) == (409, 200 if headers else 303)
    session.expire_all()
    assert session.get_one(Account, mine.id).phone == PHONE


def test_a_blocked_value_in_place_says_whose_it_is(make, as_user):
    rule(Key.TAX_ID, Effect.BLOCK, by=make.alice)
    acme = make.account("Acme Bolts", tax_id="FR1", owner_id=make.bob.id)
    mine = make.account("Zenith Gears", owner_id=make.bob.id)

    answer = as_user(make.bob).post(
        f"/accounts/{mine.id}/values/tax_id", data={"tax_id": "FR 1", "version": "1"}
    )

    assert answer.status_code == 422
    assert f'href="/accounts/{acme.id}"' in answer.text


def test_the_form_of_an_edit_asks_and_saves_anyway(make, as_user):
    acme = accounts.create({"name": "Acme Bolts", "phone": PHONE}, by=make.bob)
    mine = accounts.create({"name": "Zenith Gears"}, by=make.bob)
    bob, sent = as_user(make.bob), {**TYPED, "version": "1"}

    asked = bob.post(f"/accounts/{mine}", data=sent)
    word = {"overruled": seal(asked.text), "reason": "Shared office"}
    saved = bob.post(f"/accounts/{mine}", data={**sent, **word})

    assert (asked.status_code, saved.status_code) == (409, 303)
    assert f'href="/accounts/{acme}"' in asked.text
    assert "Changed although" in flat(bob.get(f"/accounts/{mine}/history"))
