from __future__ import annotations

import pytest

from crmapp.connectors.sandbox.salesforce import ids


@pytest.mark.parametrize(
    "short, long",
    [
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("00554000003JRmT", "00554000003JRmTAAW"),
        ("000000000000000", "000000000000000AAA"),
    ],
)
def test_the_last_three_characters_say_which_of_the_others_are_capitals(short, long):
    assert ids.checked(short) == long
    assert ids.whole(short) == long
    assert ids.whole(long) == long


def test_an_id_whose_case_was_lost_is_restored():
    assert ids.whole("001d000000iqhslIAZ") == "001D000000IqhSLIAZ"


@pytest.mark.parametrize("text", ["", "001", "001D000000Iqh-L", "001D000000IqhSLI", "x" * 19])
def test_what_is_no_id_is_none(text):
    assert ids.whole(text) is None


def test_made_ids_differ_and_begin_as_their_object_does():
    made = {ids.made("001", number) for number in range(5000)}

    assert len(made) == 5000
    assert all(ids.whole(id) == id and id.startswith("001") for id in made)


@pytest.mark.parametrize("place", [0, 1, 50_000, 123_456])
def test_a_locator_stands_for_its_place(place):
    assert ids.number(ids.locator(place)) == place


def test_a_wrong_locator_stands_for_nothing():
    assert ids.number("wrong!") is None
