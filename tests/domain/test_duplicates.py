"""Which accounts that share a word are pairs, and what reasons weigh."""

import pytest

from crmapp.domain.duplicates import CROWD, REASONS, Alike, Member, pairs, score


def test_each_two_of_a_few_that_share_a_word_are_a_pair():
    members = [Member("a@b.example", 3), Member("a@b.example", 1), Member("a@b.example", 2)]

    assert pairs(Alike.EMAIL, members) == [(1, 2), (1, 3), (2, 3)]


def test_phones_with_one_ending_are_a_pair_if_they_are_one_number():
    phones = {1: "+33 1 42 68 53 00", 2: "01 42 68 53 00", 3: "+49 30 2 68 53 00"}
    members = [Member("2685300", n, phone=phone) for n, phone in phones.items()]

    assert pairs(Alike.PHONE, members) == [(1, 2)]


def test_what_a_crowd_shares_tells_nothing():
    assert pairs(Alike.EMAIL, [Member("a@b.example", n) for n in range(CROWD + 1)]) == []


@pytest.mark.parametrize(
    "name, code, found",
    [
        ("Acme Limited", "AB1 2CD", [(1, 2)]),
        ("Acme Ltd", "ab12cd", [(1, 2)]),
        ("Acme Ltd", "ZZ9 9ZZ", []),
        ("Acme Ltd", "", []),
        ("Bolts", "AB1 2CD", []),
    ],
)
def test_near_names_are_a_pair_at_one_postal_code(name, code, found):
    members = [Member("acme", 1, "ACME", "AB1 2CD"), Member("acme", 2, name, code)]

    assert pairs(Alike.NAME_POSTCODE, members) == found


def test_each_reason_has_a_weight_and_two_weigh_more_than_one():
    assert set(REASONS) == set(Alike)
    assert all(score([reason]) > 0 for reason in Alike)
    assert score([Alike.TAX_ID, Alike.PHONE]) > score([Alike.TAX_ID])
