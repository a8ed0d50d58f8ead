"""The fields of this installation, and what becomes of values in its own fields."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import Bilingual
from crmapp.models import Account, Change, CustomField, PickListValue, RequiredField
from crmapp.services import account_links, accounts, fields, history, pick_list_uses
from tests.support import upserts as made


def require(name):
    with unit_of_work():
        session.add(RequiredField(object="account", name=name))
        fields.touch()


def change_of(account_id):
    return session.scalars(
        select(Change).where(Change.record_id == account_id).order_by(Change.id.desc())
    ).first()


def test_a_new_field_is_known_at_once_and_by_its_words_in_both_languages(make):
    before = set(fields.of("account"))

    make.field("Delivery zone", label_fr="Zone de livraison")

    spec = fields.of("account")["c_delivery_zone"]
    assert set(fields.of("account")) - before == {"c_delivery_zone"}
    assert isinstance(spec.label, Bilingual)
    assert spec.label.said_in("fr_FR") == "Zone de livraison"
    assert spec.label.said_in("en") == "Delivery zone"


def test_a_field_that_was_rolled_back_is_not_remembered(make):
    def make_half() -> None:
        with unit_of_work():
            session.add(CustomField(name="c_half", **make.field_values("Half")))
            fields.touch()
            session.flush()
            assert "c_half" in fields.of("account")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_half()

    assert "c_half" not in fields.of("account")


def test_a_retired_field_is_known_only_for_what_was(make):
    make.field("Old", retired=True)

    assert "c_old" not in fields.of("account")
    assert fields.every("account")["c_old"].retired


class TestAValueOfItsOwn:
    def test_is_written_logged_and_traced_like_any_other(self, make):
        make.field("Seats", kind="number")
        make.field("Since", kind="date")
        account_id = accounts.create(
            {"name": "Acme", "c_seats": "12.5", "c_since": "2020-02-29"}, by=make.alice
        )

        account, change = make.again(Account, account_id), change_of(account_id)
        assert account.custom == {"c_seats": "12.5", "c_since": "2020-02-29"}
        assert account.value(fields.of("account")["c_seats"]) == Decimal("12.5")
        assert account.value(fields.of("account")["c_since"]) == date(2020, 2, 29)
        assert change.fields["c_seats"] == [None, "12.5"]
        assert account.lineage["c_seats"] == change.id

    def test_is_changed_and_cleared_beside_the_others(self, make):
        make.field("Zone")
        make.field("Note", kind="long_text")
        account_id = accounts.create(
            {"name": "Acme", "c_zone": "north", "c_note": "as it was"}, by=make.alice
        )

        accounts.update(account_id, {"c_zone": ""}, 1, by=make.alice)

        account = make.again(Account, account_id)
        assert (account.custom, account.version) == ({"c_note": "as it was"}, 2)
        assert change_of(account_id).fields == {"c_zone": ["north", None]}

    def test_that_is_the_same_is_no_change(self, make):
        make.field("Seats", kind="number")
        account_id = accounts.create({"name": "Acme", "c_seats": "12.50"}, by=make.alice)

        accounts.update(account_id, {"c_seats": "12,5"}, 1, by=make.alice)

        assert make.again(Account, account_id).version == 1

    def test_is_found_by_the_search(self, make):
        make.field("Zone")
        account_id = accounts.create({"name": "Acme", "c_zone": "Zürich-West"}, by=make.alice)
        accounts.update(account_id, {"phone": "555 123"}, 1, by=make.alice)

        assert "zurich-west" in make.again(Account, account_id).search_text

    def test_that_two_people_change_at_once_is_a_conflict_with_all_three_values(self, make):
        make.field("Seats", kind="number")
        account_id = accounts.create({"name": "Acme", "c_seats": "1"}, by=make.alice)
        accounts.update(account_id, {"c_seats": "2"}, 1, by=make.mona)

        with pytest.raises(Conflict) as conflict:
            accounts.update(account_id, {"c_seats": "3"}, 1, by=make.alice)

        assert conflict.value.theirs == {"c_seats": Decimal(2)}
        assert conflict.value.original == {"c_seats": Decimal(1)}

    def test_is_told_by_history_in_words(self, make):
        make.field("Terms", kind="multi_pick_list", pick_list="contact_method")
        account_id = accounts.create({"name": "A", "c_terms": "fax, letter"}, by=make.alice)

        (entry,) = history.of("account", account_id, by=make.alice, locale="fr").entries

        assert {"Télécopie", "Courrier"} in [
            set(line.after) for line in entry.lines if isinstance(line.after, list)
        ]

    def test_stays_when_its_field_is_retired_and_another_is_changed(self, make):
        make.field("Old", kind="number")
        make.field("New")
        account_id = accounts.create({"name": "A", "c_old": "1", "c_new": "x"}, by=make.alice)
        make.field("Old", kind="number", retired=True)

        accounts.update(account_id, {"c_old": "2", "c_new": "y"}, 1, by=make.alice)

        assert make.again(Account, account_id).custom == {"c_old": "1", "c_new": "y"}


class TestRequired:
    @pytest.mark.parametrize("name", ["phone", "c_zone"])
    def test_a_field_is_so_for_a_new_account_and_a_changed_one(self, make, name):
        make.field("Zone")
        account_id = accounts.create({"name": "Acme", "c_zone": "n", "phone": "123"}, by=make.alice)
        require("phone")
        make.field("Zone", required=True)

        for write in (
            lambda: accounts.create({"name": "Other"}, by=make.alice),
            lambda: accounts.update(account_id, {name: ""}, 1, by=make.alice),
        ):
            with pytest.raises(Invalid) as invalid:
                write()
            assert "required" in str(invalid.value.fields[name])

    def test_other_fields_of_an_old_account_can_be_changed_without_it(self, make):
        account_id = accounts.create({"name": "Acme"}, by=make.alice)
        require("phone")

        accounts.update(account_id, {"notes": "x"}, 1, by=make.alice)

        assert make.again(Account, account_id).notes == "x"

    def test_a_run_creates_none_without_it_and_never_clears_it(self, make):
        make.account("Beta", number="C2", phone="555 999")
        require("phone")
        rows = {
            "C1": {"code": "C1", "name": "Acme", "phone": ""},
            "C2": {"code": "C2", "name": "Beta 2", "phone": ""},
            "C3": {"code": "C3", "name": "Gamma", "phone": "555 123"},
        }
        without = FieldMapping({"name": "name", "number": "code"})
        clearing = FieldMapping(made.MAPPING.columns, clear_empty=True)

        assert made.plan(make, rows).counts == {"create": 1, "update": 1, "rejected": 1}
        assert made.plan(make, rows, without).counts == {"update": 1, "rejected": 2}
        assert made.plan(make, rows, clearing).counts == {"create": 1, "rejected": 2}


class TestInARun:
    MAPPING = FieldMapping(
        {"name": "name", "number": "code", "c_seats": "seats", "c_partner": "partner"}
    )

    def rows(self, seats, partner="C9"):
        return {"C1": {"code": "C1", "name": "Acme", "seats": seats, "partner": partner}}

    def prepare(self, make):
        make.field("Seats", kind="number")
        make.field("Partner", kind="account")
        return make.account("Partner & Co", number="C9").id

    def test_a_value_is_planned_written_and_taken_back(self, make):
        partner = self.prepare(make)

        first = made.carry_out(make, made.plan(make, self.rows("1"), self.MAPPING))
        again = made.plan(make, self.rows("1.0", "partner & co"), self.MAPPING)
        second = made.carry_out(make, made.plan(make, self.rows("2"), self.MAPPING))

        account = session.scalars(select(Account).where(Account.number == "C1")).one()
        assert account.custom == {"c_seats": "2", "c_partner": partner}
        assert (first.done, again.counts) == ({"created": 1}, {"unchanged": 1})
        made.take_back(make, second)
        assert make.again(Account, account.id).custom == {"c_seats": "1", "c_partner": partner}

    def test_an_account_that_is_not_there_or_not_hers_is_a_reason(self, make):
        self.prepare(make)

        planned = made.plan(make, self.rows("1", "C404"), self.MAPPING)

        assert planned.counts == {"rejected": 1}

    def test_a_field_that_was_retired_after_the_plan_stops_it(self, make):
        self.prepare(make)
        planned = made.plan(make, self.rows("1"), self.MAPPING)
        make.field("Seats", kind="number", retired=True)

        with pytest.raises(Invalid, match="attention") as invalid:
            made.carry_out(make, planned)

        assert "Seats" in str(invalid.value.fields[""])


class TestALinkToAnAccount:
    def test_is_typed_as_number_or_name_and_kept_when_she_may_not_see_it(self, make):
        make.field("Partner", kind="account")
        secret = make.account("Secret", owner_id=make.mallory.id).id
        mine = accounts.create({"name": "Mine"}, by=make.alice)
        accounts.update(mine, {"c_partner": "secret"}, 1, by=make.alice)

        seen = accounts.links_typed(accounts.get(mine, by=make.bob), by=make.bob)
        accounts.update(mine, {"notes": "x", **seen}, 2, by=make.bob)

        assert set(seen.values()) == {""}
        assert make.again(Account, mine).custom == {"c_partner": secret}

    @pytest.mark.parametrize("typed", ["Secret", "nobody", "Gone"])
    def test_to_what_she_cannot_see_is_refused_at_its_field(self, make, typed):
        make.field("Partner", kind="account")
        make.account("Secret", owner_id=make.mallory.id)
        accounts.delete(make.account("Gone").id, by=make.alice)

        with pytest.raises(Invalid) as invalid:
            accounts.create({"name": "Mine", "c_partner": typed}, by=make.bob)

        assert "No account that you see" in str(invalid.value.fields["c_partner"])

    def test_with_a_name_that_several_have_is_refused(self, make):
        make.account("Twin", number="T1")
        make.account("Twin", number="T2")

        assert account_links.meant(["twin", "T2"], by=make.alice)["twin"] == 0
        assert account_links.meant(["twin", "T2"], by=make.alice)["T2"] > 0


@pytest.mark.parametrize("kind", ["pick_list", "multi_pick_list"])
def test_a_value_that_was_made_inactive_stays_and_is_not_chosen_anew(make, kind):
    make.field("How", kind=kind, pick_list="contact_method")
    make.value("contact_method", "pigeon")
    held = accounts.create({"name": "Acme", "c_how": "pigeon"}, by=make.alice)
    with unit_of_work():
        pigeon = session.scalars(select(PickListValue).where(PickListValue.code == "pigeon")).one()
        pigeon.active = False

    accounts.update(held, {"c_how": "pigeon", "notes": "x"}, 1, by=make.alice)

    assert make.again(Account, held).notes == "x"
    with pytest.raises(Invalid) as invalid:
        accounts.create({"name": "Beta", "c_how": "pigeon"}, by=make.alice)
    assert "no longer offered" in str(invalid.value.fields["c_how"])


@pytest.mark.parametrize("kind", ["pick_list", "multi_pick_list"])
def test_what_a_custom_field_holds_is_in_use_in_its_list(make, kind):
    make.field("How", kind=kind, pick_list="contact_method")
    accounts.create({"name": "Acme", "c_how": "fax"}, by=make.alice)
    accounts.create({"name": "Beta", "c_how": "fax"}, by=make.alice)

    held = pick_list_uses.holdings("contact_method")

    assert [(each.use.field.name, each.count) for each in held["fax"]] == [("c_how", 2)]
    assert pick_list_uses.is_held("contact_method", "fax")
    assert not pick_list_uses.is_held("contact_method", "letter")
