from __future__ import annotations

from collections import Counter

from tests.faults.chaos import CRASHES, INJURIES, Plan, Toll


def test_a_seed_gives_the_same_injuries_again():
    assert Plan(7, times=3).injuries(crashes=True) == Plan(7, times=3).injuries(crashes=True)
    assert Plan(7).injuries(crashes=True) != Plan(8).injuries(crashes=True)


def test_each_injury_is_done_as_often_as_it_should_be():
    once = Counter(INJURIES) + Counter(CRASHES)

    assert Counter(Plan(7, times=2).injuries(crashes=True)) == once + once
    assert not CRASHES.keys() & set(Plan(7).injuries(crashes=False))


def test_tolls_are_added_up():
    toll = Toll(Counter(horse=2), killed=2, rows=10, breaks=["one"])

    toll += Toll(Counter(horse=1), killed=1, rows=5, breaks=["two"])

    assert toll == Toll(Counter(horse=3), killed=3, rows=15, breaks=["one", "two"])
