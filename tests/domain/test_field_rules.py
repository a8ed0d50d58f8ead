"""A map of fields: its rows, its locks, and what is otherwise in another one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.field_checks import forbidden
from crmapp.domain.field_rules import (
    Blank,
    Conflict,
    FieldRule,
    Lock,
    Side,
    Sync,
    differences,
    put,
    with_standard,
    without,
)
from crmapp.domain.standard_rows import Dialect, standard_rows

NAMES = st.sampled_from(["A", "B", "nsp::C", "D.E"])
WORDS = st.dictionaries(
    st.sampled_from(list(Side)), st.dictionaries(st.text(max_size=3), st.text(max_size=3))
)
RULES = st.builds(
    FieldRule,
    NAMES,
    NAMES,
    st.sampled_from(list(Sync)),
    st.sampled_from(list(Conflict)),
    st.sampled_from(list(Blank)),
    st.sampled_from(["", "User"]),
    st.booleans(),
    WORDS.map(lambda words: {side: found for side, found in words.items() if found}),
)
MAPS = st.lists(RULES, unique_by=lambda rule: rule.key, max_size=6).map(tuple)
STANDARD = standard_rows(Dialect.XML)
FIXED, FORMULA = STANDARD[0], STANDARD[-1]


@given(RULES)
def test_a_rule_is_kept_and_read_again(rule):
    assert FieldRule.from_json(rule.as_json()) == rule


@given(MAPS, MAPS)
def test_the_differences_lead_from_one_map_to_the_other(before, after):
    rules = before
    for change in differences(before, after):
        key = change.rule.key
        rules = put(rules, change.after, key) if change.after else without(rules, key)

    assert {each.key: each for each in rules} == {each.key: each for each in after}


@given(MAPS)
def test_a_map_does_not_differ_from_itself(rules):
    assert differences(rules, rules) == ()


@given(MAPS)
def test_standard_rows_are_always_there(kept):
    rules = with_standard(STANDARD, kept)

    assert rules[: len(STANDARD)] == STANDARD
    assert with_standard(STANDARD, rules) == rules


def test_what_was_kept_of_a_fixed_row_does_not_count():
    kept = replace(FIXED, active=False, sync=Sync.TO)

    assert with_standard(STANDARD, [kept])[0] == FIXED


def test_of_a_calculated_row_only_the_status_counts():
    kept = replace(FORMULA, active=False, sync=Sync.TO)

    assert with_standard(STANDARD, [kept])[-1] == replace(FORMULA, active=False)


def test_standard_rows_carry_their_settings_to_the_other_interface_of_intacct():
    terms = next(each for each in STANDARD if each.code == "terms")
    kept = replace(terms, active=False)

    moved = with_standard(standard_rows(Dialect.REST), [kept])

    found = next(each for each in moved if each.code == "terms")
    assert (found.intacct, found.active) == ("term.id", False)


def test_standard_rows_cannot_be_taken_away():
    assert without(STANDARD, STANDARD[2].key) == STANDARD


def test_a_fixed_row_cannot_be_changed():
    assert forbidden(FIXED, replace(FIXED, active=False))
    assert not forbidden(FIXED, FIXED)


def test_a_calculated_row_can_only_be_switched():
    assert not forbidden(FORMULA, replace(FORMULA, active=False))
    assert forbidden(FORMULA, replace(FORMULA, sync=Sync.BOTH))


def test_a_standard_row_keeps_its_fields():
    row = next(each for each in STANDARD if each.code == "phone")

    assert row.lock is Lock.OPEN
    assert not forbidden(row, replace(row, sync=Sync.TO, conflict=Conflict.ASK))
    assert forbidden(row, replace(row, salesforce="Fax"))
