"""Custom fields as an administrator keeps them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crmapp.db import session
from crmapp.errors import Conflict, Forbidden, Invalid
from crmapp.models import Account, CustomField
from crmapp.services import accounts, custom_fields, fields

ZONE = {"label_en": "Zone", "label_fr": "Secteur", "kind": "text"}


def made(make, **more):
    return custom_fields.create({**ZONE, **more}, by=make.alice)


def indexed():
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes",
    }
    return set(session.scalars(text(queries[session.get_bind().dialect.name])))


def test_a_field_gets_its_key_from_its_label_and_stands_at_the_end(make):
    made(make)
    made(make, label_en="Délai (jours)", label_fr="", kind="number", group_en="Trade")

    zone, days = custom_fields.listed(by=make.alice)
    assert [(each.name, each.position) for each in (zone, days)] == [
        ("c_zone", 1),
        ("c_delai_jours", 2),
    ]
    assert (days.label_fr, days.group_fr) == ("Délai (jours)", "Trade")
    assert list(fields.of("account"))[-2:] == ["c_zone", "c_delai_jours"]


@pytest.mark.parametrize(
    "typed, at, said",
    [
        ({"label_en": "", "label_fr": ""}, "label_en", "Enter a label"),
        ({"label_en": "Phone"}, "label_en", "called that already"),
        ({"label_en": "x" * 61}, "label_en", "Too long"),
        ({"kind": "magic"}, "kind", "Choose one of the kinds"),
        ({"kind": "user"}, "kind", "Choose one of the kinds"),
        ({"kind": ""}, "kind", "required"),
        ({"kind": "pick_list"}, "pick_list", "Choose the pick list"),
        ({"kind": "multi_pick_list", "pick_list": "no such"}, "pick_list", "Choose the pick list"),
        ({"kind": "long_text", "filterable": True}, "filterable", "by long texts"),
        ({"label_en": "日本"}, "name", "Enter a key"),
        ({"name": "'; DROP TABLE account; --" + "x" * 40}, "name", "Too long"),
        ({"help_en": "x" * 301}, "help_en", "Too long"),
    ],
)
def test_what_makes_no_field_is_refused_where_it_is_wrong(make, typed, at, said):
    with pytest.raises(Invalid) as invalid:
        made(make, **typed)

    assert said in str(invalid.value.fields[at])
    assert custom_fields.listed(by=make.alice) == []


def test_a_key_is_made_harmless(make):
    made(make, name="'; DROP TABLE account --", filterable=True)

    assert [each.name for each in custom_fields.listed(by=make.alice)] == ["c_drop_table_account"]


@pytest.mark.parametrize("retired, said", [(False, "Another field"), (True, "Bring it back")])
def test_a_key_that_a_field_has_is_refused(make, retired, said):
    field_id = made(make)
    if retired:
        custom_fields.retire(field_id, by=make.alice)

    with pytest.raises(Invalid, match="attention") as invalid:
        made(make, label_en="Sector", label_fr="Région", name="Zone")

    assert said in str(invalid.value.fields["name"])


def test_its_kind_can_be_changed_until_an_account_has_had_a_value(make):
    field_id = made(make)
    custom_fields.update(field_id, {**ZONE, "kind": "number"}, 1, by=make.alice)
    account_id = accounts.create({"name": "Acme", "c_zone": "7"}, by=make.alice)
    accounts.update(account_id, {"c_zone": ""}, 1, by=make.alice)

    with pytest.raises(Invalid) as invalid:
        custom_fields.update(field_id, {**ZONE, "kind": "date"}, 2, by=make.alice)

    assert list(invalid.value.fields) == ["kind"]
    assert fields.of("account")["c_zone"].kind == "number"


def test_who_comes_second_is_told(make):
    field_id = made(make)
    custom_fields.update(field_id, {**ZONE, "label_en": "Area"}, 1, by=make.alice)

    with pytest.raises(Conflict):
        custom_fields.update(field_id, {**ZONE, "label_en": "Region"}, 1, by=make.alice)

    assert make.again(CustomField, field_id).label_en == "Area"


def test_a_retired_field_keeps_its_values_and_comes_back_with_them(make):
    field_id = made(make, filterable=True)
    account_id = accounts.create({"name": "Acme", "c_zone": "north"}, by=make.alice)

    custom_fields.retire(field_id, by=make.alice)
    gone, kept = "c_zone" in fields.of("account"), make.again(Account, account_id).custom
    custom_fields.bring_back(field_id, by=make.alice)

    assert (gone, kept) == (False, {"c_zone": "north"})
    assert "c_zone" in fields.of("account")
    assert "ix_account_c_zone" in indexed()


def test_it_does_not_come_back_beside_another_of_its_name(make):
    field_id = made(make)
    custom_fields.retire(field_id, by=make.alice)
    made(make, name="other")

    with pytest.raises(Invalid):
        custom_fields.bring_back(field_id, by=make.alice)


def test_fields_change_places(make):
    first, _second, third = (made(make, label_en=x, label_fr=x) for x in ("A", "B", "C"))

    custom_fields.move(third, up=True, by=make.alice)
    custom_fields.move(first, up=True, by=make.alice)

    assert list(fields.of("account"))[-3:] == ["c_a", "c_c", "c_b"]


@pytest.mark.parametrize("kind", ["text", "number", "money", "date", "yes_no"])
def test_what_can_be_filtered_has_an_index_as_long_as_it_can(make, kind):
    field_id = made(make, kind=kind, filterable=True, name=f"of_{kind}")
    with_it = indexed()

    typed = {**ZONE, "kind": kind, "filterable": False}
    custom_fields.update(field_id, typed, 1, by=make.alice)

    assert f"ix_account_c_of_{kind}" in with_it
    assert f"ix_account_c_of_{kind}" not in indexed()


def test_what_names_an_account_always_has_an_index(make):
    field_id = made(make, kind="account", filterable=False, name="bill_to")
    of_new = indexed()

    custom_fields.retire(field_id, by=make.alice)

    assert "ix_account_c_bill_to" in of_new
    assert "ix_account_c_bill_to" in indexed()


def test_only_who_may_change_the_settings_keeps_fields(make):
    field_id = made(make)

    for act in (
        lambda: custom_fields.listed(by=make.mona),
        lambda: custom_fields.create(ZONE, by=make.mona),
        lambda: custom_fields.retire(field_id, by=make.mona),
    ):
        with pytest.raises(Forbidden):
            act()
