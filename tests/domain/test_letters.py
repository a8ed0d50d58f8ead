"""Characters that texts cannot hold, marks that names may not, and what nobody sees."""

import pytest

from crmapp.domain.fields import BadValue, Lookups, are_values, check, parse
from crmapp.domain.letters import seen, unfit
from crmapp.domain.records import ACCOUNT_FIELDS

MARKS = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("field", ["name", "first_name", "last_name"])
def test_a_mark_that_turns_text_is_refused_in_names_alone(field, mark):
    assert "turns the direction" in unfit(f"Acme{mark}", field)
    assert unfit(f"555 123{mark}", "phone") == ""


@pytest.mark.parametrize("name", ["עברית", "شركة", "A\u200e", "A\u200d", "Łódź", "a\tb"])
def test_names_of_every_script_are_fit(name):
    assert unfit(name, "name") == ""


@pytest.mark.parametrize("field", ["name", "phone"])
@pytest.mark.parametrize("mark", ["\x00", "\x1f", "\x7f", "\ud800"])
def test_what_no_database_holds_is_refused_in_every_field(field, mark):
    assert "cannot be stored" in unfit(f"a{mark}", field)


UNSEEN = ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u200d", "\u3164", "\u2800", "\U000e0041"]


@pytest.mark.parametrize("text", [*UNSEEN, "\u0301", "\u200b \u3164"], ids=ascii)
def test_a_name_of_which_nothing_is_seen_is_none(text):
    spec = ACCOUNT_FIELDS["name"]

    assert not are_values(spec, [text])
    with pytest.raises(BadValue):
        check(spec, parse(spec, text, Lookups()))


@pytest.mark.parametrize(
    "field, text, after",
    [
        ("name", "\ufeffAcme\u200b ", "Acme"),
        ("name", "Ac\u00adme", "Ac\u00adme"),
        ("name", "\u0928\u092e", "\u0928\u092e"),
        ("name", "e\u0301", "e\u0301"),
        ("name", "\u2764\ufe0f", "\u2764\ufe0f"),
        ("number", "\u200b005\u200b04\ufeff", "00504"),
    ],
    ids=ascii,
)
def test_what_has_no_width_is_left_out_at_the_ends_and_in_keys(field, text, after):
    assert seen(text, field) == after
