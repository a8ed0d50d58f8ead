"""What a form sends for fields that do not count is not written, what others send is."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmapp.db import session
from crmapp.domain.conditions import Condition, Operator
from crmapp.models import Account, Change
from crmapp.services import accounts, bulk_edits, required_fields
from tests.services.test_layouts import PARTNER, show_if
from tests.support.bulk import carry_out, plan, those

FILLED = Condition("notes", Operator.FILLED)


def held(make, account_id):
    return make.again(Account, account_id)


def changes():
    return session.scalar(select(func.count()).select_from(Change))


@pytest.fixture
def account(make):
    """An account of which the fax counts, since it is a partner's."""
    show_if(make, "fax", PARTNER)
    return make.account("Acme", account_type="partner", fax="+43 1 555", owner_id=make.bob.id)


def save(account, typed, by, version=1, **how):
    how = {"as_shown": True, **how}
    return accounts.update(account.id, typed, version, by=by, **how)


@pytest.mark.database
def test_it_is_asked_of_the_values_that_are_saved(make, account):
    save(account, {"account_type": "prospect", "fax": "+43 1 777"}, make.bob)
    first = held(make, account.id)
    kept = (first.account_type, first.fax)

    save(account, {"account_type": "partner", "fax": "+43 1 777"}, make.bob, 2)

    assert kept == ("prospect", "+43 1 555")
    assert held(make, account.id).fax == "+43 1 777"


def test_what_is_not_typed_decides_as_it_is_held(make, account):
    save(account, {"fax": "+43 1 777"}, make.bob)

    assert held(make, account.id).fax == "+43 1 777"


def test_nothing_else_typed_makes_no_change(make, account):
    save(account, {"account_type": ""}, make.bob)
    before = changes()

    save(account, {"account_type": "", "fax": "+43 1 777"}, make.bob, 2)

    assert changes() == before
    assert held(make, account.id).version == 2


def test_what_somebody_else_changed_meanwhile_decides(make, account):
    save(account, {"account_type": "prospect"}, make.mona)

    save(account, {"account_type": "partner", "fax": "+43 1 777", "phone": "+43 1 9"}, make.bob)

    now = held(make, account.id)
    assert (now.account_type, now.fax, now.phone) == ("prospect", "+43 1 555", "+43 1 9")


def test_a_field_that_is_decided_by_one_that_does_not_count_does_not_either(make, account):
    show_if(make, "notes", Condition("fax", Operator.FILLED))

    save(account, {"account_type": "", "fax": "+43 1 777", "notes": "x"}, make.bob)

    now = held(make, account.id)
    assert (now.fax, now.notes) == ("+43 1 555", None)


def test_blanks_decide_nothing(make):
    show_if(make, "fax", FILLED)

    id_ = accounts.create(
        {"name": "Acme", "notes": " \u00a0", "fax": "+43 1 777"}, by=make.bob, as_shown=True
    )

    assert held(make, id_).fax is None


@pytest.mark.parametrize("typed", ["", "Parent"])
def test_a_link_decides_by_what_is_held_where_she_does_not_see_it(make, typed):
    show_if(make, "fax", Condition("parent_id", Operator.FILLED))
    secret = make.account("Secret", owner_id=make.mallory.id)
    make.account("Parent")
    account = make.account("Acme", parent_id=secret.id, owner_id=make.bob.id)

    save(account, {"parent": typed, "fax": "+43 1 777"}, make.bob)

    assert held(make, account.id).fax == "+43 1 777"


def test_a_link_that_is_taken_away_decides(make):
    show_if(make, "fax", Condition("parent_id", Operator.FILLED))
    account = make.account("Acme", parent_id=make.account("Parent").id, owner_id=make.bob.id)

    save(account, {"parent": "", "fax": "+43 1 777"}, make.bob)

    assert held(make, account.id).fax is None


def test_a_custom_field_stays_as_well(make):
    make.field("Seats", kind="number")
    make.field("Zone")
    show_if(make, "c_zone", Condition("c_seats", Operator.FILLED))
    typed = {"name": "Acme", "c_seats": "5", "c_zone": "North"}
    id_ = accounts.create(typed, by=make.bob, as_shown=True)

    accounts.update(id_, {"c_seats": "", "c_zone": "South"}, 1, by=make.bob, as_shown=True)

    assert held(make, id_).custom["c_zone"] == "North"


def test_nobody_has_to_fill_it_in_and_a_wrong_value_stops_nobody(make, account):
    required_fields.choose(["email"], by=make.alice)
    show_if(make, "email", PARTNER)

    id_ = accounts.create({"name": "Beta", "email": "wrong"}, by=make.bob, as_shown=True)

    assert held(make, id_).email is None


def test_no_account_goes_without_its_name(make):
    show_if(make, "name", PARTNER)

    id_ = accounts.create({"name": "Acme"}, by=make.bob, as_shown=True)

    assert held(make, id_).name == "Acme"


def test_programs_and_edits_of_many_write_it_all_the_same(make, account):
    save(account, {"account_type": "", "fax": "+43 1 777"}, make.bob, as_shown=False)
    program = held(make, account.id).fax

    edit = bulk_edits.setting("fax", "+43 1 888", by=make.bob)
    carry_out(plan(those(account), edit, make.bob), make.bob)

    assert program == "+43 1 777"
    assert held(make, account.id).fax == "+43 1 888"
