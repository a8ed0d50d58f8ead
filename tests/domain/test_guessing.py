"""How long nobody signs in after several wrong passwords."""

from datetime import timedelta

import pytest

from crmapp.domain.guessing import wait_after


@pytest.mark.parametrize(
    "wrong, minutes", [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (10**9, 15)]
)
def test_the_wait_grows_up_to_a_quarter_of_an_hour(wrong, minutes):
    assert wait_after(wrong) == timedelta(minutes=minutes)
