"""What people do to an account while a sync of it is at work is neither lost nor written over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.parties import Parties, opened_parties

NUMBER, NAME = "C005", "Atelier graphique"
OURS, THEIRS = "+33 40 11 22 33", "+33 40 99 88 77"


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with opened_parties(make, tmp_path) as parties:
        parties.enable()
        yield parties


def test_an_edit_while_the_sides_are_read_is_carried_over_by_the_next_run(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    parties.edit(account, phone=OURS)

    with parties.meanwhile("salesforce", lambda: parties.edit(account, phone=THEIRS)):
        parties.sync()

    assert parties.state(account).pending is not None
    parties.sync()
    assert parties.here(account)["phone"] == THEIRS
    assert parties.there(NUMBER)["phone"] == THEIRS
    assert parties.customer(NUMBER)["phone"] == THEIRS


def test_a_number_given_while_the_sides_are_read_is_looked_at_by_the_next_run(make, parties):
    account, other = make.account("No Number"), make.account(NAME, number=NUMBER)
    parties.touch(account, other)

    with parties.meanwhile("intacct", lambda: parties.edit(account, number="C006"), before=2):
        parties.sync()

    assert parties.state(account).pending is not None
