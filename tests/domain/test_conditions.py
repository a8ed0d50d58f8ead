"""Conditions as an address keeps them: what was written is read, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain import conditions
from crmapp.domain.conditions import ALONE, SEVERAL, Condition, Group, Operator, read, write
from crmapp.domain.fields import BadValue

VALUES = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda text: bool(text.strip())) | st.sampled_from(
    ["~", "a|b", ";,", "\\", "\\~\\", "Łódź"]
)


@st.composite
def a_condition(draw):
    operator = draw(st.sampled_from(Operator))
    count = 0 if operator in ALONE else 1
    if operator in SEVERAL:
        count = draw(st.integers(1, 3))
    if operator is Operator.BETWEEN:
        count = 2
    values = draw(st.lists(VALUES, min_size=count, max_size=count))
    return Condition(
        draw(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)), operator, tuple(values)
    )


@st.composite
def a_group(draw):
    parts = tuple(draw(st.lists(a_condition(), min_size=1, max_size=3)))
    return Group(parts, len(parts) == 1 or draw(st.booleans()))


@given(st.lists(a_group(), max_size=4).map(tuple))
def test_what_is_written_is_read_again(groups):
    assert read(write(groups)) == groups


@given(st.text(st.sampled_from("ab~|,;\\ is"), max_size=20))
def test_any_text_is_read_as_what_writes_it_or_refused(text):
    try:
        groups = read(text)
    except BadValue:
        return
    assert write(groups) == text


def test_an_address_can_be_written_by_hand():
    found = read("billing_city~is~Lyon|billing_city~is~Graz;credit_limit~gt~1000,active~yes")

    city = (Condition("billing_city", Operator.IS, (town,)) for town in ("Lyon", "Graz"))
    limit = Condition("credit_limit", Operator.MORE, ("1000",))
    assert found == (
        Group(tuple(city), every=False),
        Group((limit, Condition("active", Operator.YES))),
    )


@pytest.mark.parametrize(
    "text",
    [
        ";",
        "name",
        "name~",
        "name~is",
        "name~is~",
        "name~is~ ",
        "name~is~a~b",
        "name~empty~a",
        "name~like~a",
        "Name~is~a",
        "name~between~1",
        "name~is~a;",
        "name~is~a|name~is~b,name~is~c",
        "name~is~a\\",
        "name~is~\\a",
        "name~is~a\x00",
        "name~is~" + "x" * 201,
        "name~any" + "~a" * 21,
        ";".join(["name~is~a"] * 11),
        "|".join(["name~is~a"] * 21),
        "|".join(["name~is~" + "é" * 200] * 3),
    ],
)
def test_what_nobody_wrote_or_is_too_much_is_refused(text):
    with pytest.raises(BadValue):
        read(text)


def test_as_much_as_a_filter_takes_is_read():
    text = ";".join(["name~is~a|name~is~b"] * 10)

    assert write(read(text)) == text


@pytest.mark.parametrize(
    "place, number, left",
    [(0, 0, "name~is~b;active~yes"), (0, 1, "name~is~a;active~yes"), (1, 0, "name~is~a|name~is~b")],
)
def test_a_condition_is_taken_away_alone(place, number, left):
    groups = read("name~is~a|name~is~b;active~yes")

    found = conditions.without(groups, place, number)

    assert write(found) == left
    assert read(left) == found
