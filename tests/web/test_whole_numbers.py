"""Numbers that somebody may have typed into an address."""

from __future__ import annotations

import pytest

from crmapp.web.whole_numbers import whole_number


@pytest.mark.parametrize("text, number", [("0", 0), ("007", 7), ("2147483647", 2**31 - 1)])
def test_a_number_is_read(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text", [None, "", "-1", "+1", "1.0", "1e3", " 1", "²", "١٢", "2147483648", "9" * 5000]
)
def test_what_is_none_or_too_large_is_none(text):
    assert whole_number(text) is None
