"""Characters that texts cannot hold, and marks that names may not."""

import pytest

from crmapp.domain.letters import unfit

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
