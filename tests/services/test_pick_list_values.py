"""Pick lists and their values, as an administrator keeps them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import PickList, PickListValue
from crmapp.services import (
    accounts,
    history,
    pick_list_keeping,
    pick_list_uses,
    pick_list_values,
    pick_lists,
)
from tests.factories import Make


def codes(list_code: str, make: Make) -> list[str]:
    return [each.code for each in pick_list_values.of(list_code, by=make.alice)]


def value_of(list_code: str, code: str) -> PickListValue:
    query = select(PickListValue).where(
        PickListValue.list_code == list_code, PickListValue.code == code
    )
    return session.scalars(query).one()


def change(make: Make, list_code: str, code: str, version: int = 1, **typed: object) -> None:
    value = value_of(list_code, code)
    kept = {"label_en": value.label_en, "label_fr": value.label_fr, "active": value.active}
    sent = {**kept, "is_default": value.is_default, **typed}
    pick_list_values.change(list_code, value.id, sent, version, by=make.alice)


def test_a_value_is_added_at_the_end_with_a_code_made_from_its_label(make):
    typed = {"label_en": "Net 90 days", "label_fr": "", "active": True}

    pick_list_values.add("terms", typed, by=make.alice)

    added = value_of("terms", "net_90_days")
    assert codes("terms", make)[-1] == "net_90_days"
    assert (added.label_en, added.label_fr) == ("Net 90 days", "Net 90 days")


@pytest.mark.parametrize(
    "typed, field, says",
    [
        ({}, "label_en", "Enter a label, in English or in French."),
        ({"label_en": "Net 30"}, "code", "Another value of this list has this code."),
        ({"label_en": "NET 30", "code": "n30"}, "label_en", "“NET 30” already means another"),
        ({"label_fr": "à réception", "code": "x"}, "label_en", "already means another"),
        ({"label_en": "Ok", "code": "no spaces"}, "code", "Use letters, digits"),
        ({"label_en": "…"}, "code", "Use letters, digits"),
        ({"label_en": "x" * 101}, "label_en", "Too long"),
        ({"label_en": "A", "is_default": True, "active": False}, "is_default", "not active"),
    ],
)
def test_a_value_that_would_mean_two_things_or_nothing_is_refused(make, typed, field, says):
    before = codes("terms", make)

    with pytest.raises(Invalid) as refused:
        pick_list_values.add("terms", typed, by=make.alice)

    assert says in str(refused.value.fields[field])
    assert codes("terms", make) == before


def test_the_same_form_sent_twice_adds_one_value(make):
    typed = {"label_en": "Net 90", "active": True}

    ids = {pick_list_values.add("terms", typed, by=make.alice, key="k") for _ in range(2)}

    assert len(ids) == 1


def test_a_changed_label_is_read_everywhere_and_by_sources_at_once(make):
    change(make, "terms", "net_30", label_en="Thirty days", label_fr="Trente jours")

    words = pick_lists.lookups().pick_lists["terms"]
    assert pick_lists.labels("fr")["terms"]["net_30"] == "Trente jours"
    assert ("net_30", "Thirty days") in pick_lists.choices("terms", "en")
    assert [words.get(word) for word in ("thirty days", "trente jours", "net 30")] == [
        "net_30",
        "net_30",
        None,
    ]


def test_who_saw_an_older_version_is_told_what_the_other_made_of_it(make):
    change(make, "terms", "net_30", label_en="Thirty days")

    with pytest.raises(Conflict) as clash:
        change(make, "terms", "net_30", label_en="30 days")

    assert clash.value.theirs == {"label_en": "Thirty days"}
    assert clash.value.original == {"label_en": "Net 30"}


def test_a_list_has_one_default(make):
    change(make, "payment_status", "overdue", is_default=True)

    values = pick_list_values.of("payment_status", by=make.alice)
    assert [each.code for each in values if each.is_default] == ["overdue"]
    assert pick_lists.defaults()["payment_status"] == "overdue"


def test_a_default_made_inactive_by_another_is_not_kept_as_the_default(make):
    change(make, "terms", "net_30", active=False)

    value_id, typed = value_of("terms", "net_30").id, {"label_en": "Month", "is_default": True}
    with pytest.raises(Invalid, match="attention"):
        pick_list_values.change("terms", value_id, typed, 2, by=make.alice)

    assert not value_of("terms", "net_30").is_default


def test_a_value_moves_by_one_place_and_stops_at_the_end(make):
    before = codes("terms", make)
    value_id = value_of("terms", before[1]).id

    for _ in range(2):
        pick_list_values.move("terms", value_id, up=True, by=make.alice)

    assert codes("terms", make) == [before[1], before[0], *before[2:]]


def test_an_inactive_value_stays_where_it_is_and_is_not_chosen_anew(make):
    held = make.account("Held", terms="net_30")
    other = make.account("Other")
    change(make, "terms", "net_30", active=False)

    accounts.update(held.id, {"terms": "net_30", "phone": "555 1"}, 1, by=make.alice)
    with pytest.raises(Invalid) as refused:
        accounts.update(other.id, {"terms": "net_30"}, 1, by=make.alice)

    assert make.again(type(held), held.id).terms == "net_30"
    assert "no longer offered" in str(refused.value.fields["terms"])


def test_a_value_that_records_hold_is_not_deleted(make):
    make.account("Held", terms="net_30")
    value = value_of("terms", "net_30")

    with pytest.raises(Invalid):
        pick_list_values.delete("terms", value.id, by=make.alice)

    assert [each.count for each in pick_list_uses.holdings_of("terms", "net_30")] == [1]
    assert "net_30" in codes("terms", make)


def test_a_deleted_value_is_still_read_where_a_restored_record_holds_it(make):
    account = make.account("Held", terms="net_30")
    accounts.delete(account.id, by=make.alice)
    pick_list_values.delete("terms", value_of("terms", "net_30").id, by=make.alice)

    accounts.restore(account.id, by=make.alice)

    version = make.again(type(account), account.id).version
    accounts.update(account.id, {"terms": "net_30", "fax": "555 12"}, version, by=make.alice)
    assert pick_lists.labels("en")["terms"]["net_30"] == "Net 30"
    assert "net_30" in dict(pick_lists.choices("terms", "en", keep="net_30"))
    assert "net_30" not in dict(pick_lists.choices("terms", "en"))


def test_a_value_added_under_the_code_of_a_deleted_one_brings_it_back_with_its_history(make):
    deleted = value_of("terms", "net_30").id
    pick_list_values.delete("terms", deleted, by=make.alice)

    added = pick_list_values.add(
        "terms", {"label_en": "Month", "code": "net_30", "active": True}, by=make.alice
    )

    entries = history.of_pick_list("terms", by=make.alice, locale="en").entries
    assert added == deleted
    assert [(each.about, each.change.action, each.change.by_id) for each in entries] == [
        ("Month", "restored", make.alice.id),
        ("Month", "deleted", make.alice.id),
    ]


def test_a_list_is_made_named_and_deleted_with_its_values(make):
    code = pick_list_keeping.create({"label_en": "Region", "label_fr": "Région"}, by=make.alice)
    pick_list_values.add(code, {"label_en": "South", "active": True}, by=make.alice)
    pick_list_keeping.rename(code, {"label_en": "Regions"}, 1, by=make.alice)

    pick_list_keeping.delete(code, by=make.alice)

    assert code == "region"
    assert session.scalars(select(PickList).where(PickList.code == code)).one().deleted_at
    with pytest.raises(NotFound):
        pick_list_values.of(code, by=make.alice)
    assert len(history.of_pick_list(code, by=make.alice, locale="en").entries) == 5


@pytest.mark.parametrize("typed", [{"label_en": "Terms"}, {"label_en": "x", "code": "New"}])
def test_a_list_with_a_code_that_is_taken_is_refused(make, typed):
    with pytest.raises(Invalid) as refused:
        pick_list_keeping.create(typed, by=make.alice)

    assert "Another list has this code." in str(refused.value.fields["code"])


def test_a_list_that_fields_use_is_not_deleted(make):
    with pytest.raises(Invalid):
        pick_list_keeping.delete("terms", by=make.alice)

    assert pick_list_keeping.get("terms", by=make.alice).deleted_at is None


@pytest.mark.parametrize("name", ["ivan", "mona", "bob", "carol"])
def test_only_those_who_may_change_settings_keep_lists(make, name):
    person, value = getattr(make, name), value_of("terms", "net_30")

    for ask in (
        lambda: pick_list_keeping.listed(by=person, locale="en"),
        lambda: pick_list_keeping.create({"label_en": "Mine"}, by=person),
        lambda: pick_list_values.add("terms", {"label_en": "Mine"}, by=person),
        lambda: pick_list_values.move("terms", value.id, up=True, by=person),
        lambda: pick_list_values.delete("terms", value.id, by=person),
    ):
        with pytest.raises(Forbidden):
            ask()
