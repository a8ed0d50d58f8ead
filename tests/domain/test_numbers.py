"""Who can have which number, and in what order numbers are passed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.numbers import Move, order, refused


def key(number: str) -> tuple[str, str]:
    return "", number


def move(account: int | None, before: str = "", after: str = "") -> Move:
    return Move(account, key(before) if before else None, key(after) if after else None)


A, B, C = 1, 2, 3
HELD = {key("A"): A, key("B"): B, key("C"): C}


@pytest.mark.parametrize(
    "moves, never",
    [
        ([move(A, "A", "B"), move(B, "B", "C"), move(C, "C", "D")], set()),
        ([move(A, "A", "B"), move(B, "B", "A")], set()),
        ([move(None, after="A"), move(A, "A")], set()),
        ([move(A, "A", "B")], {0}),
        ([move(A, "A", "B"), move(B, "B", "C")], {0, 1}),
        ([move(None, after="N"), move(None, after="N")], {1}),
        ([move(A, "A", "N"), move(B, "B", "N"), move(None, after="B")], {1, 2}),
        ([move(A, "A", "A"), move(None, after="A")], {1}),
    ],
)
def test_a_number_is_free_once_who_has_it_goes(moves: list[Move], never: set[int]) -> None:
    assert refused(moves, HELD) == never


accounts = st.integers(0, 6)


@given(st.dictionaries(accounts, accounts), st.sets(accounts))
def test_after_the_moves_that_are_made_no_two_have_the_same_number(
    wanted: dict[int, int], others: set[int]
) -> None:
    holds = {account: str(account) for account in {*wanted, *others}}
    held = {key(number): account for account, number in holds.items()}
    moves = [move(account, str(account), str(to)) for account, to in wanted.items()]

    never = refused(moves, held)

    for n, (account, to) in enumerate(wanted.items()):
        if n not in never:
            holds[account] = str(to)
    assert len(set(holds.values())) == len(holds)


def test_rows_come_behind_those_whose_numbers_they_take_over() -> None:
    assert order({1: 2, 2: 3, 5: 1}, 9) == ([2, 1, 5], frozenset())


def test_a_ring_stands_together_and_one_that_is_too_long_is_refused() -> None:
    ring = {1: 2, 2: 3, 3: 1, 9: 8}

    assert order(ring, 3) == ([3, 2, 1, 9], frozenset())
    assert order(ring, 2) == ([9], frozenset({1, 2, 3}))


def test_who_waits_for_a_number_that_nobody_gives_up_waits_in_vain() -> None:
    assert order({1: 2, 2: None, 3: 4}, 9) == ([3], frozenset({1, 2}))
