"""What a view asks is kept in one order, whatever the order of its address."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.errors import Invalid
from crmapp.services import view_questions
from crmapp.services.account_question import ARGUMENTS

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
PAIRS = st.lists(st.tuples(st.sampled_from([*ARGUMENTS, "c_zone", "c_area"]), WORDS))


@given(PAIRS, st.randoms())
def test_the_order_of_an_address_makes_no_other_view(pairs, chance):
    shuffled = list(pairs)
    chance.shuffle(shuffled)

    assert view_questions.written(shuffled) == view_questions.written(pairs)


@given(PAIRS)
def test_what_is_written_is_read_back_without_what_is_empty_or_usual(pairs):
    plain = {(name, value.strip()) for name, value in pairs if value.strip()}

    read = view_questions.read(view_questions.written(pairs))

    assert set(read) == plain - {("sort", "name")}
    assert len(read) == len(set(read))


def test_a_view_that_lost_several_conditions_keeps_the_others(make):
    standing = view_questions.standing("active=maybe&location=Lyon&sort=gone", by=make.bob)

    assert standing.living == [("location", "Lyon")]
    assert standing.lapsed == [("sort", "gone"), ("active", "maybe")]


@pytest.mark.parametrize(
    "asked, left",
    [
        ("name~is~Acme,c_zone~is~A", "name~is~Acme"),
        ("name~is~Acme|phone~empty|c_zone~is~A;c_zone~empty", "name~is~Acme|phone~empty"),
        ("name~is~Acme|c_zone~is~A;phone~empty", "name~is~Acme;phone~empty"),
        ("c_zone~is~A", ""),
    ],
)
def test_a_built_filter_keeps_the_conditions_that_still_can_be_asked(make, asked, left):
    make.field("Zone", retired=True)

    standing = view_questions.standing(urlencode({"where": asked}), by=make.bob)

    assert standing.living == ([("where", left)] if left else [])
    assert standing.lapsed == [("where", asked)]


def test_a_view_with_a_lapsed_condition_is_not_counted_as_if_it_had_none(make):
    with pytest.raises(Invalid):
        view_questions.count("location=Lyon&sort=gone", by=make.bob)
