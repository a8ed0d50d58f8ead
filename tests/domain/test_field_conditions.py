"""When a field is shown: what a condition asks, chains of them, and circles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.field_conditions import absent, as_text, asked_of, circle, from_text, holds
from crmapp.domain.records import ACCOUNT_FIELDS

RETAIL = Condition("account_type", Operator.ANY, ("customer", "partner"))


def when(field, operator=Operator.FILLED, *values):
    return [Condition(field, operator, values)]


@pytest.mark.parametrize(
    "operator, values, value, expected",
    [
        (Operator.ANY, ("a", "b"), "b", True),
        (Operator.ANY, ("a", "b"), "c", False),
        (Operator.ANY, ("a",), None, False),
        (Operator.ANY, ("a",), ["c", "a"], True),
        (Operator.ANY, ("a",), [], False),
        (Operator.ANY, ("7",), 7, True),
        (Operator.EMPTY, (), None, True),
        (Operator.EMPTY, (), "", True),
        (Operator.EMPTY, (), [], True),
        (Operator.EMPTY, (), 0, False),
        (Operator.FILLED, (), "x", True),
        (Operator.FILLED, (), "", False),
        (Operator.YES, (), True, True),
        (Operator.YES, (), False, False),
        (Operator.NO, (), False, True),
        (Operator.NO, (), None, True),
        (Operator.NO, (), True, False),
    ],
)
def test_a_condition_holds_of_records_and_of_forms_alike(operator, values, value, expected):
    assert holds(Condition("f", operator, values), value) is expected


def test_a_field_is_absent_while_its_condition_does_not_hold():
    rules = {"fax": [RETAIL]}

    assert absent(rules, ACCOUNT_FIELDS, {"account_type": "supplier"}) == {"fax"}
    assert absent(rules, ACCOUNT_FIELDS, {"account_type": "partner"}) == frozenset()


def test_all_conditions_must_hold():
    rules = {"fax": [RETAIL, *when("email")]}

    assert absent(rules, ACCOUNT_FIELDS, {"account_type": "partner"}) == {"fax"}


def test_what_an_absent_field_decides_about_is_absent_too():
    rules = {"fax": [RETAIL], "phone": when("fax", Operator.EMPTY)}

    assert absent(rules, ACCOUNT_FIELDS, {"account_type": "supplier"}) == {"fax", "phone"}


def test_a_condition_on_a_field_that_is_gone_does_not_hold():
    assert absent({"fax": when("c_gone", Operator.EMPTY)}, ACCOUNT_FIELDS, {}) == {"fax"}


def test_fields_that_decide_about_each_other_are_a_circle():
    assert circle({"a": when("b"), "b": when("c"), "c": when("a")}) == ("a", "b", "c")
    assert circle({"a": when("a")}) == ("a",)
    assert circle({"a": when("b"), "b": when("c")}) == ()


def test_many_fields_with_two_conditions_each_are_looked_through_at_once():
    rules = {f"f{n}": [*when(f"f{n + 1}"), *when(f"f{n + 2}")] for n in range(300)}

    assert circle(rules) == ()
    assert circle({**rules, "f301": when("f299")}) != ()


NAMES = st.sampled_from("abcde")


@given(st.dictionaries(NAMES, st.lists(NAMES.map(lambda name: when(name)[0]), max_size=2)))
def test_where_all_is_filled_and_nothing_goes_in_circles_nothing_is_absent(rules):
    fields = dict.fromkeys("abcde", ACCOUNT_FIELDS["fax"])

    if not circle(rules):
        assert absent(rules, fields, dict.fromkeys(fields, "x")) == frozenset()


def test_a_condition_is_kept_as_text():
    assert from_text(as_text(RETAIL)) == RETAIL
    assert from_text("") is None


def test_what_may_be_asked_follows_from_the_kind_of_field():
    asked = {name: asked_of(ACCOUNT_FIELDS[name]) for name in ("account_type", "active", "fax")}

    assert asked == {
        "account_type": [Operator.ANY, Operator.EMPTY, Operator.FILLED],
        "active": [Operator.YES, Operator.NO],
        "fax": [Operator.EMPTY, Operator.FILLED],
    }
