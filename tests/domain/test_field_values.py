"""A value of one system as the other takes it: it arrives whole, or is refused with a reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.field_rules import FieldRule, Side
from crmapp.domain.field_values import References, canonical, convert
from crmapp.domain.fields import BadValue
from tests.support.field_map import a_field

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)
VALUES = {
    "text": TEXTS,
    "long_text": TEXTS,
    "integer": st.integers(-(10**9), 10**9),
    "number": st.decimals(-1000000, 1000000, places=4),
    "money": st.decimals(-1000000, 1000000, places=2),
    "yes_no": st.booleans(),
    "date": st.dates(date(1970, 1, 1), date(2199, 1, 1)),
    "date_time": st.integers(0, 7 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC)),
    "pick_list": st.sampled_from(["Gold", "Silver"]),
    "multi_pick_list": st.sampled_from(["Gold", "Silver#~#Gold", ""]),
}
PAIRS = [(kind, kind) for kind in VALUES]
PAIRS += [("integer", "number"), ("money", "number"), ("date", "date_time"), ("text", "long_text")]


def carried(value, source, target, to=Side.SALESFORCE, known=None, **more):
    return convert(FieldRule("I", "S", **more), value, to, source, target, known or References())


def fields(one, other="text", **more):
    return a_field("I", one, "Gold", "Silver"), a_field("S", other, "Gold", "Silver", **more)


@pytest.mark.parametrize("one, other", PAIRS)
@given(st.data())
def test_a_value_comes_back_as_it_went(one, other, data):
    value = data.draw(VALUES[one])
    source, target = fields(one, other)

    there = carried(value, source, target)
    back = carried(there, target, source, to=Side.INTACCT)

    assert canonical(back, source, Side.INTACCT) == canonical(value, source, Side.INTACCT)


@pytest.mark.parametrize("other", ["text", "long_text"])
@pytest.mark.parametrize("one", list(VALUES))
@given(st.data())
def test_a_text_takes_every_value(one, other, data):
    value = data.draw(VALUES[one])

    found = carried(value, *fields(one, other))

    assert found is None or isinstance(found, str)


def refusal(value, source, target):
    """Return why a value is refused, or None."""
    try:
        carried(value, source, target)
    except BadValue as bad:
        return str(bad.text)
    return None


@given(st.one_of(*VALUES.values(), st.none()), st.sampled_from(list(VALUES)))
def test_a_value_is_carried_or_refused_with_a_sentence(value, other):
    why = refusal(value, *fields("text", other, length=5))

    assert why is None or why.endswith(".")


@pytest.mark.parametrize("empty", [None, "", "  ", "\n"])
@pytest.mark.parametrize("kind", list(VALUES))
def test_nothing_stays_nothing(kind, empty):
    assert carried(empty, *fields(kind, kind)) is None


@pytest.mark.parametrize(
    "value, one, other, found",
    [
        (Decimal("12.50"), "money", "text", "12.5"),
        (Decimal("2.5"), "number", "integer", 3),
        (True, "yes_no", "text", "true"),
        (date(2026, 1, 2), "date", "text", "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "date_time", "date", date(2026, 1, 2)),
        ("a street\r\n and a floor", "long_text", "text", "a street, and a floor"),
        ("Silver#~#Gold", "multi_pick_list", "multi_pick_list", "Silver;Gold"),
        ("Silver#~#Gold", "multi_pick_list", "text", "Silver; Gold"),
        ("gold", "text", "pick_list", "Gold"),
    ],
)
def test_a_value_takes_the_form_of_its_field(value, one, other, found):
    assert carried(value, *fields(one, other)) == found


def test_decimals_are_rounded_to_what_the_field_keeps():
    source, target = fields("number", "money", scale=2, precision=10)

    assert carried(Decimal("1.005"), source, target) == Decimal("1.01")


@pytest.mark.parametrize(
    "value, kind, more, said",
    [
        ("x" * 41, "text", {"length": 40}, "41 characters are too many: S takes 40."),
        (Decimal(10**6), "number", {"precision": 6, "scale": 2}, "more digits than S takes."),
        ("Tin", "pick_list", {}, "“Tin” is not a value of S."),
        ("often", "number", {}, "“often” is not a number that S takes."),
        ("soon", "date", {}, "“soon” is not a date for S."),
        (Decimal("NaN"), "number", {}, "is not a number"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_cut(value, kind, more, said):
    with pytest.raises(BadValue) as refused:
        carried(value, *fields("text", kind, **more))

    assert said in str(refused.value.text)


def test_words_mean_what_the_row_says():
    words = {Side.SALESFORCE: {"A": "Gold", "B": ""}}
    source, target = a_field("I", "pick_list", "A", "B"), fields("text", "pick_list")[1]

    assert carried("A", source, target, words=words) == "Gold"
    assert carried("B", source, target, words=words) is None


def test_a_pick_list_ticks_a_box():
    answer, box = a_field("S", "pick_list", "Yes", "Never"), a_field("I", "yes_no")
    words = {Side.INTACCT: {"Never": "false"}}

    found = [carried(each, answer, box, to=Side.INTACCT, words=words) for each in ("Yes", "Never")]

    assert found == [True, False]


def test_a_reference_is_looked_up_by_its_intacct_id():
    source, target = a_field("I", "reference"), a_field("S", "reference", refers_to=("Term",))
    known = References({"Term": {"Net 30": "a01"}})

    assert carried("Net 30", source, target, known=known, lookup="Term") == "a01"
    assert carried("a01", target, source, Side.INTACCT, known, lookup="Term") == "Net 30"
    with pytest.raises(BadValue, match="has no record for “Net 45”"):
        carried("Net 45", source, target, known=known, lookup="Term")


@pytest.mark.parametrize(
    "one, other, kind",
    [
        (None, "", "text"), (" a", "a", "text"), ("a\r\nb", "a\nb", "long_text"),
        (Decimal("1.50"), Decimal("1.5"), "money"), (3, Decimal(3), "integer"),
        ("3.0", 3, "number"), (None, False, "yes_no"), ("b;a", "a;b", "multi_pick_list"),
        ("e\u0301", "\u00e9", "text"),
    ],
)  # fmt: skip
def test_values_that_both_systems_take_for_the_same_are_the_same(one, other, kind):
    field = a_field("S", kind)

    assert canonical(one, field, Side.SALESFORCE) == canonical(other, field, Side.SALESFORCE)
