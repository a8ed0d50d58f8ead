"""What two accounts have in common that may make them one company."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.domain.duplicate_keys import (
    KEYED,
    Key,
    Traits,
    changed,
    phone_word,
    same_phone,
    shared,
    site,
)


@pytest.mark.parametrize(
    "one, other",
    [
        ("+33 1 42 68 53 00", "01 42 68 53 00"),
        ("0033142685300", "+33 (0)1 42.68.53.00"),
        ("+44 20 7946 0958", "(020) 7946-0958"),
        ("+1 212 555 0100", "212/555-0100"),
        ("+45 12 34 56 78", "12 34 56 78"),
        ("Tel. 042 555 0199 ext. 12", "+48 42 555 0199"),
        ("555 0199", "+48 42 555 0199"),
        ("01\u00a042\u00a068\u00a053\u00a000", "0142685300"),
    ],
)
def test_a_phone_number_is_the_same_however_it_is_written(one, other):
    assert same_phone(one, other)
    assert KEYED["phone"][1](one) == KEYED["phone"][1](other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("+33 1 42 68 53 00", "+44 1 42 68 53 00"),
        ("+1 212 555 0100", "+1 213 555 0100"),
        ("123456", "123456"),
        ("0000000000", "0000000000"),
        ("", ""),
        ("none", "none"),
    ],
)
def test_other_phone_numbers_are_others(one, other):
    assert not same_phone(one, other)


@given(st.text(max_size=40), st.text(max_size=40))
def test_phone_numbers_that_are_the_same_stand_under_one_key(one, other):
    word = KEYED["phone"][1]
    if same_phone(one, other):
        assert word(one) == word(other) is not None
    assert phone_word(one) == "" or same_phone(one, one)


@pytest.mark.parametrize(
    "website, host",
    [
        ("https://www.acme.example/shop?x=1", "acme.example"),
        ("http://ACME.example.:8080", "acme.example"),
        ("acme.example", "acme.example"),
        ("https://www.facebook.com/acme", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_a_website_is_its_host(website, host):
    assert site(website) == host


ACME = Traits(
    name="Acme Bolts Ltd",
    number="C1",
    company="US",
    tax_id="FR 12.345",
    phone="+33 1 42 68 53 00",
    email="Sales@acme.example",
    website="https://acme.example",
)


@pytest.mark.parametrize(
    "other, keys",
    [
        (Traits(name="Bolts & Acme"), [Key.NEAR_NAME]),
        (Traits(name="Amce Bolts"), []),
        (Traits(name="Acne Bolts", email="jo@acme.example"), [Key.DOMAIN_NAME]),
        (Traits(name="Acme Bolts Lyon", email="jo@acme.example"), [Key.DOMAIN_NAME]),
        (Traits(name="Zenith", email="jo@acme.example"), []),
        (Traits(name="Zenith", email="SALES@ACME.example"), [Key.EMAIL]),
        (Traits(name="Zenith", number="C1"), [Key.NUMBER_ELSEWHERE]),
        (Traits(name="Zenith", number="C1", company="US"), [Key.NUMBER]),
        (Traits(name="Zenith", tax_id="fr-12345"), [Key.TAX_ID]),
        (Traits(name="Zenith", website="http://www.acme.example/en"), [Key.WEBSITE]),
        (Traits(), []),
    ],
)
def test_accounts_share_what_is_the_same_beneath_how_it_is_written(other, keys):
    assert shared(ACME, other) == shared(other, ACME) == keys


def test_anybodys_domain_makes_no_two_accounts_alike():
    one, other = (
        Traits(name="Acme", email="a@gmail.com"),
        Traits(name="Acme X", email="b@gmail.com"),
    )

    assert shared(one, other) == []


def test_what_is_only_written_otherwise_has_not_changed():
    same = Traits(
        name="ACME BOLTS",
        number="C1",
        tax_id="FR12345",
        phone="0033 142685300",
        email="sales@acme.example",
        website="http://www.acme.example/",
    )

    assert changed(ACME, same) == set()
    assert changed(Traits(phone="01 42 68 53 00"), Traits(phone=ACME.phone)) == set()


def test_what_is_another_word_has_changed():
    assert changed(ACME, Traits(name="Acme Bolts")) == set(Key) - {Key.NEAR_NAME}
    assert changed(ACME, replace(ACME, phone="42 68 53 00")) == {Key.PHONE}
    assert changed(ACME, replace(ACME, name="Acme")) == {Key.NEAR_NAME, Key.DOMAIN_NAME}
