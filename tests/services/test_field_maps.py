"""The field map is prepared, compared, saved in versions, and taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from crmapp.connectors.port import Description
from crmapp.db import session, unit_of_work
from crmapp.domain.field_rules import FieldRule, Sync
from crmapp.domain.standard_rows import Dialect, standard_rows
from crmapp.errors import Conflict, Forbidden, Invalid, NotFound
from crmapp.models import FieldMapDraft
from crmapp.services import crm_integration, erasure, field_maps
from tests.support.field_map import ACCOUNT, LEVELS, enable, lay_out

STANDARD = standard_rows(Dialect.XML)
LIMIT = FieldRule("CREDITLIMIT", "Credit_Limit__c")
TIER = FieldRule("CRM_TIER", "Level__c", words=LEVELS)
PHONE = next(each for each in STANDARD if each.code == "phone")


@pytest.fixture
def ivan(make):
    """He implements, with both systems described and the field map enabled."""
    enable(make.ivan)
    return make.ivan


def in_force(*rules: FieldRule) -> bool:
    return all(each in field_maps.rules() for each in rules)


def saved(ivan, *rules):
    for rule in rules:
        field_maps.put_row(rule, by=ivan)
    return field_maps.save(seen=field_maps.version(), by=ivan)


def test_without_anything_set_the_standard_rows_are_synchronised(make):
    lay_out()

    assert field_maps.in_force() == field_maps.rules() == STANDARD


def test_a_prepared_row_counts_for_nobody_until_it_is_saved(make, ivan):
    field_maps.put_row(LIMIT, by=ivan)

    assert [each.rule for each in field_maps.editing(by=ivan).changes] == [LIMIT]
    assert field_maps.editing(by=make.alice).changes == ()
    assert LIMIT not in field_maps.in_force()

    assert field_maps.save(seen=0, by=ivan) == 1
    assert LIMIT in field_maps.in_force()
    assert field_maps.editing(by=ivan).changes == ()


def test_unticked_again_custom_rows_rest_and_the_map_is_kept(ivan):
    saved(ivan, TIER)

    crm_integration.save(False, seen=1, by=ivan)
    assert field_maps.in_force() == STANDARD
    assert TIER in field_maps.rules()

    crm_integration.save(True, seen=2, by=ivan)
    assert TIER in field_maps.in_force()


@pytest.mark.parametrize(
    "rule, setting",
    [
        (replace(TIER, words={}), "words"),
        (FieldRule("COMMENTS", "AnnualRevenue"), "intacct"),
        (FieldRule("COMMENTS", "Phone"), "salesforce"),
        (FieldRule("GONE", "Site"), "intacct"),
        (FieldRule("", "Site"), "intacct"),
    ],
)
def test_a_row_that_cannot_be_synchronised_is_refused(ivan, rule, setting):
    with pytest.raises(Invalid) as refused:
        field_maps.put_row(rule, by=ivan)

    assert setting in refused.value.fields
    assert field_maps.editing(by=ivan).changes == ()


def test_a_row_is_changed_and_taken_away_before_it_is_saved(ivan):
    field_maps.put_row(LIMIT, by=ivan)
    field_maps.put_row(replace(LIMIT, active=False), instead_of=LIMIT.key, by=ivan)
    assert field_maps.row(LIMIT.key, by=ivan).active is False

    field_maps.take_away(LIMIT.key, by=ivan)

    assert field_maps.editing(by=ivan) == field_maps.Editing(0, STANDARD, ())


def test_a_standard_row_is_changed_within_its_limits(ivan):
    field_maps.put_row(replace(PHONE, sync=Sync.FROM), instead_of=PHONE.key, by=ivan)
    with pytest.raises(Invalid, match="attention"):
        field_maps.put_row(replace(STANDARD[0], active=False), instead_of=STANDARD[0].key, by=ivan)
    with pytest.raises(NotFound):
        field_maps.take_away(PHONE.key, by=ivan)

    assert [each.aspects for each in field_maps.editing(by=ivan).changes] == [("sync",)]


def test_who_was_quicker_is_not_overwritten_unawares(make, ivan):
    field_maps.put_row(LIMIT, by=ivan)
    saved(make.alice, TIER)

    with pytest.raises(Conflict):
        field_maps.save(seen=0, by=ivan)
    assert LIMIT in field_maps.editing(by=ivan).rules

    assert field_maps.save(seen=1, by=ivan) == 2
    assert in_force(LIMIT, TIER)


def test_what_others_saved_since_is_not_among_the_changes_of_a_draft(make, ivan):
    saved(make.alice, LIMIT)
    field_maps.put_row(TIER, by=ivan)
    field_maps.put_row(replace(LIMIT, active=False), instead_of=LIMIT.key, by=make.alice)
    field_maps.put_row(replace(PHONE, sync=Sync.FROM), instead_of=PHONE.key, by=make.alice)
    field_maps.save(seen=1, by=make.alice)

    found = field_maps.editing(by=ivan)

    assert ([each.rule for each in found.changes], found.base) == ([TIER], 1)
    assert found.clashes == frozenset()
    field_maps.save(seen=2, by=ivan)
    assert in_force(replace(LIMIT, active=False), TIER, replace(PHONE, sync=Sync.FROM))


def test_a_row_that_both_changed_is_a_clash_until_it_is_saved(make, ivan):
    field_maps.put_row(replace(PHONE, sync=Sync.FROM), instead_of=PHONE.key, by=ivan)
    saved(make.alice, TIER)
    field_maps.put_row(replace(PHONE, sync=Sync.TO), instead_of=PHONE.key, by=make.alice)
    field_maps.save(seen=1, by=make.alice)

    field_maps.put_row(LIMIT, by=ivan)  # which makes nobody forget the clash

    found = field_maps.editing(by=ivan)
    assert found.clashes == {PHONE.key}
    assert {each.rule.key for each in found.changes} == {PHONE.key, LIMIT.key}
    field_maps.save(seen=2, by=ivan)
    assert in_force(replace(PHONE, sync=Sync.FROM), LIMIT, TIER)


def test_who_gives_in_clashes_no_more(make, ivan):
    field_maps.put_row(replace(PHONE, sync=Sync.FROM), instead_of=PHONE.key, by=ivan)
    field_maps.put_row(replace(PHONE, sync=Sync.TO), instead_of=PHONE.key, by=make.alice)
    field_maps.save(seen=0, by=make.alice)

    field_maps.put_row(replace(PHONE, sync=Sync.TO), instead_of=PHONE.key, by=ivan)

    assert field_maps.editing(by=ivan).changes == ()


def test_who_sets_a_row_of_others_back_as_it_was_changes_that_row(make, ivan):
    field_maps.put_row(LIMIT, by=ivan)
    field_maps.put_row(replace(PHONE, sync=Sync.FROM), instead_of=PHONE.key, by=make.alice)
    field_maps.save(seen=0, by=make.alice)

    field_maps.put_row(PHONE, instead_of=PHONE.key, by=ivan)

    assert {each.rule.key for each in field_maps.editing(by=ivan).changes} == {
        PHONE.key, LIMIT.key,
    }  # fmt: skip


def test_a_row_that_others_took_away_stays_away_unless_it_was_changed(make, ivan):
    saved(make.alice, LIMIT)
    field_maps.put_row(TIER, by=ivan)
    field_maps.take_away(LIMIT.key, by=make.alice)
    field_maps.save(seen=1, by=make.alice)

    field_maps.save(seen=2, by=ivan)

    assert TIER in field_maps.rules()
    assert LIMIT not in field_maps.rules()


def test_what_was_prepared_is_discarded(ivan):
    field_maps.put_row(LIMIT, by=ivan)

    field_maps.discard(by=ivan)

    assert field_maps.editing(by=ivan).changes == ()


def test_versions_say_what_they_changed_and_are_taken_back(ivan):
    saved(ivan, LIMIT)
    saved(ivan, TIER)

    assert field_maps.take_back(1, seen=2, by=ivan) == 3
    assert field_maps.rules() == (*STANDARD, LIMIT)
    assert [[c.rule.key for c in each.changes] for each in field_maps.history(by=ivan)] == [
        [TIER.key], [TIER.key], [LIMIT.key],
    ]  # fmt: skip
    assert field_maps.take_back(0, seen=3, by=ivan) == 4
    assert field_maps.rules() == STANDARD
    with pytest.raises(NotFound):
        field_maps.take_back(9, seen=4, by=ivan)


def test_a_field_that_went_since_stops_the_next_version_and_is_named(ivan):
    saved(ivan, LIMIT)
    less = tuple(each for each in ACCOUNT.fields if each.name != "Credit_Limit__c")
    lay_out(("salesforce", Description("Account", "Account", less)))
    field_maps.put_row(TIER, by=ivan)

    with pytest.raises(Invalid) as refused:
        field_maps.save(seen=1, by=ivan)

    assert str(refused.value.fields[""]).startswith("Rows that need attention: 1.")
    field_maps.put_row(replace(LIMIT, active=False), instead_of=LIMIT.key, by=ivan)
    assert field_maps.save(seen=1, by=ivan) == 2


def test_while_the_map_is_not_enabled_its_rows_stay_as_they_are(make):
    lay_out()

    with pytest.raises(Invalid):
        field_maps.put_row(LIMIT, by=make.ivan)
    with pytest.raises(Invalid):
        field_maps.save(seen=0, by=make.ivan)


def test_who_may_not_manage_integrations_may_nothing(make, ivan):
    for person in (make.bob, make.carol, make.mona):
        for attempt in (
            lambda who: field_maps.editing(by=who),
            lambda who: field_maps.put_row(LIMIT, by=who),
            lambda who: field_maps.save(seen=0, by=who),
            lambda who: field_maps.discard(by=who),
            lambda who: field_maps.take_back(0, seen=0, by=who),
            lambda who: field_maps.history(by=who),
            lambda who: crm_integration.save(False, seen=1, by=who),
            lambda who: crm_integration.history(by=who),
        ):
            with pytest.raises(Forbidden):
                attempt(person)


def test_enabling_is_kept_in_versions_that_are_taken_back(make):
    assert crm_integration.save(True, seen=0, by=make.ivan) == 1
    assert crm_integration.save(True, seen=0, by=make.ivan) == 1
    with pytest.raises(Conflict):
        crm_integration.save(False, seen=0, by=make.ivan)
    assert crm_integration.save(False, seen=1, by=make.ivan) == 2

    assert crm_integration.take_back(1, seen=2, by=make.ivan) == 3
    assert crm_integration.maps_fields()
    assert [each.maps_fields for each in crm_integration.history(by=make.ivan)] == [
        True, False, True,
    ]  # fmt: skip
    with pytest.raises(NotFound):
        crm_integration.take_back(7, seen=3, by=make.ivan)


def test_who_is_erased_leaves_the_versions_and_takes_her_draft_along(make, ivan):
    saved(ivan, LIMIT)
    field_maps.put_row(TIER, by=ivan)
    person = ivan.id

    with unit_of_work():
        erasure.erase_people([person])

    [step] = field_maps.history(by=make.alice)
    assert (step.version.version, step.version.by_id) == (1, None)
    assert session.scalars(select(FieldMapDraft)).all() == []
