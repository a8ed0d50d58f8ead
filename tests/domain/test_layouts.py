"""Layouts: sections, the fields in them, and what comes of moving them about."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.arrangement import Arrangement
from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.fields import Field
from crmapp.domain.layouts import (
    DETAILS,
    MORE,
    Layout,
    Section,
    Tab,
    arranged,
    new_key,
    put,
    rows,
    shown,
    standard,
    whole,
    with_section,
    without_section,
    without_tab,
)
from crmapp.domain.records import ACCOUNT_FIELDS

FIELDS = {name: Field(name=name, label=name, help="") for name in "abcde"}
LAYOUT = Layout((Section("s1", "One", fields=("a", "b")), Section("s2", "Two", fields=("c",))))


def under(layout):
    return {each.key: each.fields for each in layout.sections}


def test_the_standard_layout_has_each_field_under_its_group():
    layout = standard(ACCOUNT_FIELDS)

    assert {name for each in layout.sections for name in each.fields} == ACCOUNT_FIELDS.keys()
    assert layout.sections[0].fields[0] == "name"
    assert layout.section(MORE) is not None


def test_what_lies_nowhere_comes_last_under_more():
    assert under(whole(LAYOUT, FIELDS)) == {"s1": ("a", "b"), "s2": ("c",), MORE: ("d", "e")}


def test_more_takes_up_what_lies_nowhere_where_it_stands():
    layout = Layout((Section(MORE, "More", fields=("e",)), *LAYOUT.sections))

    assert under(whole(layout, FIELDS)) == {MORE: ("e", "d"), "s1": ("a", "b"), "s2": ("c",)}


def test_hidden_fields_and_empty_sections_are_not_met():
    layout = replace(LAYOUT, hidden=frozenset("cde"))

    assert [(each.key, [spec.name for spec in specs]) for each, specs in shown(layout, FIELDS)] == [
        ("s1", ["a", "b"])
    ]


def test_a_required_field_is_met_though_it_was_hidden():
    layout = replace(LAYOUT, hidden=frozenset("c"))
    needed = {**FIELDS, "c": replace(FIELDS["c"], required=True)}

    assert "c" in {spec.name for _section, specs in shown(layout, needed) for spec in specs}


def test_a_field_lies_under_the_section_above_it():
    moved = arranged(LAYOUT, ["=s1", "a", "=s2", "b", "c"])

    assert under(moved) == {"s1": ("a",), "s2": ("b", "c")}


def test_a_field_that_is_dropped_above_all_sections_lies_under_the_first():
    assert under(arranged(LAYOUT, ["c", "=s1", "a", "b", "=s2"])) == {
        "s1": ("c", "a", "b"),
        "s2": (),
    }


def test_a_section_that_is_moved_takes_its_fields_along():
    moved = arranged(LAYOUT, ["=s2", "=s1", "a", "b", "c"], "=s2")

    assert under(moved) == {"s2": ("c",), "s1": ("a", "b")}


def test_what_is_not_named_stays_and_what_is_not_known_is_left_out():
    assert under(arranged(LAYOUT, ["=s9", "=s2", "z", "c", "=s1", "b"])) == {
        "s2": ("c",),
        "s1": ("b", "a"),
    }


@given(st.lists(st.sampled_from(["=s1", "=s2", *"abcz"])), st.sampled_from(["a", "=s1", None]))
def test_no_order_loses_or_doubles_a_field(order, moved):
    found = arranged(LAYOUT, order, moved)

    assert sorted(name for each in found.sections for name in each.fields) == ["a", "b", "c"]
    assert sorted(under(found)) == ["s1", "s2"]


def test_fields_are_put_at_the_end_of_a_section():
    assert under(put(LAYOUT, ["a", "c"], "s2")) == {"s1": ("b",), "s2": ("a", "c")}


def test_a_new_section_comes_before_more():
    layout = with_section(whole(LAYOUT, FIELDS), Section("s3", "Three"))

    assert [*under(layout)] == ["s1", "s2", "s3", MORE]


def test_fields_of_a_section_that_is_gone_come_under_more():
    layout = whole(without_section(whole(LAYOUT, FIELDS), "s1"), FIELDS)

    assert under(layout) == {"s2": ("c",), MORE: ("d", "e", "a", "b")}


def test_sections_of_a_tab_that_is_gone_come_to_the_details():
    layout = replace(
        LAYOUT,
        tabs=(Tab("logistics", "Logistics"),),
        sections=(replace(LAYOUT.sections[0], tab="logistics"), LAYOUT.sections[1]),
    )

    without = without_tab(layout, "logistics")

    assert (without.tabs, {each.tab for each in without.sections}) == ((), {DETAILS})


def test_rows_are_sections_each_followed_by_its_fields():
    retired = {name: spec for name, spec in FIELDS.items() if name not in "be"}

    assert rows(LAYOUT, retired) == ["=s1", "a", "=s2", "c", "=more", "d"]


def test_a_layout_is_kept_whole():
    layout = Layout(
        (
            Section("s1", "One", "Un", "logistics", ("a", "b"), Condition("c", Operator.FILLED)),
            Section("s2", "Two"),
        ),
        (Tab("logistics", "Logistics", "Logistique"),),
        Arrangement(("details", "=logistics"), frozenset({"sales"})),
        frozenset({"b"}),
    )

    assert Layout.from_json(layout.as_json()) == layout


def test_a_key_is_free():
    assert new_key(["s1", "s3"]) == "s2"
