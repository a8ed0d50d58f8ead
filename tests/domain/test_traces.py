"""What names a person is taken out of texts and nested values; what only looks like it stays."""

from __future__ import annotations

import pytest

from crmapp.domain.traces import MARK, traces

ANNA = traces([("Anna", "Müller")], ["anna@north.example"], ["+33 6 55 71 20 93"])


@pytest.mark.parametrize(
    "text",
    [
        "Anna Müller",
        "anna  müller",
        "Müller, Anna",
        "anna muller",
        "ANNA@north.example",
        "+33655712093",
        "06 55 71 20 93",
        "0033 6.55.71.20.93",
        "+33 (0)6 55 71 20 93",
    ],
)
def test_it_is_found_however_it_is_written(text: str) -> None:
    assert ANNA.cleared(f"Call {text}, soon") == f"Call {MARK}, soon"


@pytest.mark.parametrize(
    "text",
    [
        "Anna",
        "Müller",
        "Joanna Müller",
        "Anna Müllers",
        "joanna@north.example",
        "anna@north.example.org",
        "6557120931",
        "Anna of Müller",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert ANNA.cleared(text) == text


def test_beside_another_trace_half_of_a_name_goes_as_well() -> None:
    row = {"first": "Anna", "last": "Müller", "mail": "anna@north.example", "city": "Lyon"}

    assert ANNA.cleared(row) == {"first": MARK, "last": MARK, "mail": MARK, "city": "Lyon"}


def test_a_nested_value_without_a_trace_is_the_same() -> None:
    row = {"first": "Anna", "last": "Other", "count": [1, None]}

    assert ANNA.cleared(row) is row


def test_a_line_of_a_file_may_hold_both_names_in_cells_of_their_own() -> None:
    assert ANNA.within("7;Müller;Lyon;Anna")
    assert not ANNA.within("7;Müller;Lyon;Bella")


@pytest.mark.parametrize("known", [traces([], [], []), traces([(None, "Li")], [None], ["12"])])
def test_whoever_has_no_trace_is_found_nowhere(known) -> None:
    assert known.likes() == []
    assert known.cleared("Li 12") == "Li 12"
