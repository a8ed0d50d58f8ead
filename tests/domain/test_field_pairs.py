"""Fields that look alike are suggested for each other, if they fit and are free."""

from __future__ import annotations

import pytest

from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_pairs import suggest
from crmapp.domain.field_rules import FieldRule, Side, Sync
from tests.support.field_map import ACCOUNT, CUSTOMER, a_field

SHAPES = Shapes(*({each.name: each for each in of.fields} for of in (CUSTOMER, ACCOUNT)))


def pairs(*rules, shapes=SHAPES):
    return [(each.intacct.name, each.salesforce.name, each.sync) for each in suggest(rules, shapes)]


def test_names_that_mean_the_same_are_suggested():
    found = pairs()

    assert ("CREDITLIMIT", "Credit_Limit__c", Sync.FROM) in found
    assert ("DISPLAYCONTACT.PHONE1", "Phone", Sync.FROM) not in found


@pytest.mark.parametrize("side", list(Side))
def test_a_field_that_has_a_row_is_not_suggested_again(side):
    taken = {Side.INTACCT: ("CREDITLIMIT", "Site"), Side.SALESFORCE: ("NAME", "Credit_Limit__c")}

    assert "CREDITLIMIT" not in [one for one, _, _ in pairs(FieldRule(*taken[side]))]


def test_fields_that_do_not_fit_are_not_suggested():
    due = a_field("Due", "yes_no"), a_field("Due__c", "date")
    shapes = Shapes({"Due": due[0]}, {"Due__c": due[1]})

    assert pairs(shapes=shapes) == []


def test_the_direction_is_one_that_can_be_written():
    shapes = Shapes({"Mark": a_field("Mark")}, {"Mark__c": a_field("Mark__c", updatable=False)})

    assert pairs(shapes=shapes) == [("Mark", "Mark__c", Sync.TO)]


def test_each_field_is_suggested_once():
    names = ["Level", "Levels", "Level__c"]
    shapes = Shapes(*({name: a_field(name) for name in names} for _ in Side))

    found = pairs(shapes=shapes)

    assert len(found) == len({one for one, _, _ in found}) == len({two for _, two, _ in found}) == 3
