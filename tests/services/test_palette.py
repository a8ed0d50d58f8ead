"""The palette finds records by a few letters: the closest first, and only what one may see."""

from __future__ import annotations

import pytest

from crmapp.db import utcnow
from crmapp.services import palette


def names(hits):
    return [hit.name for hit in hits]


def test_what_begins_so_comes_before_words_that_do_and_before_what_contains_it(make):
    for name in ("Restart Rubber", "Modern Art", "Artemis Tools", "Art"):
        make.account(name)

    found = palette.find_accounts("art", by=make.carol)

    assert names(found) == ["Art", "Artemis Tools", "Modern Art", "Restart Rubber"]
    assert [hit.distance for hit in found] == [0, 0, 1, 2]


def test_accounts_that_were_opened_last_come_first(make):
    make.account("Acme")
    opened = make.account("Acme Overseas Trading")
    other = make.account("Boltworks")

    found = palette.find_accounts("acme", by=make.carol, recent=[other.id, opened.id])

    assert names(found) == ["Acme Overseas Trading", "Acme"]


def test_what_was_opened_last_but_is_not_called_so_does_not_come_first(make):
    make.account("Alpha Cognac")
    opened = make.account("Boltworks", location="Almere")

    found = palette.find_accounts("al", by=make.carol, recent=[opened.id])

    assert names(found)[0] == "Alpha Cognac"


def test_a_number_finds_its_account_before_all_others(make):
    make.account("C12 Chemicals")
    make.account("Boltworks", number="C12")
    make.account("Cogs", number="C123")

    found = palette.find_accounts("c12", by=make.carol)

    assert names(found)[0] == "Boltworks"
    assert set(names(found)) == {"Boltworks", "C12 Chemicals", "Cogs"}


@pytest.mark.parametrize("typed", ["lodz", "ŁÓDŹ", "  łódź  "])
def test_accents_and_capitals_do_not_matter(make, typed):
    make.account("Łódź Looms")

    assert names(palette.find_accounts(typed, by=make.carol)) == ["Łódź Looms"]


@pytest.mark.parametrize("name", ["Ac\u200bme", "A\u00adcme", "\u200eAcm\ufe0fe"], ids=ascii)
@pytest.mark.parametrize("typed", ["ac", "acme", "AC\u2060ME"], ids=ascii)
def test_what_nobody_sees_within_a_name_does_not_matter(make, name, typed):
    make.account(name)

    assert names(palette.find_accounts(typed, by=make.carol)) == [name]


@pytest.mark.parametrize("typed", ["alp sup", "sup alp", "alpine supplies"])
def test_every_word_counts_in_any_order(make, typed):
    make.account("Alpine Supplies")
    make.account("Alpine Trading")

    assert names(palette.find_accounts(typed, by=make.carol)) == ["Alpine Supplies"]


def test_two_letters_find_what_begins_so_and_words_that_do(make):
    make.account("3M")
    make.account("Agents of 3M")
    make.account("A13M")

    assert names(palette.find_accounts("3m", by=make.carol)) == ["3M", "Agents of 3M"]


def test_other_values_find_an_account_as_well(make):
    make.account("Acme", location="Aarhus", phone="+45 86 12 34 56")

    assert names(palette.find_accounts("aarhus", by=make.carol)) == ["Acme"]
    assert names(palette.find_accounts("86123456", by=make.carol)) == ["Acme"]


@pytest.mark.parametrize("typed", ["", "  ", '"', "' OR 1=1", "100%", "a_b", "*", "\\", "^ NEAR("])
def test_nothing_that_is_typed_is_anything_but_text(make, typed):
    make.account("Acme")

    assert palette.find_accounts(typed, by=make.carol) == []
    assert palette.find_contacts(typed, by=make.carol) == []


def test_no_more_are_offered_than_one_can_overlook(make):
    for number in range(palette.MOST + 3):
        make.account(f"Acme {number}")

    assert len(palette.find_accounts("acme", by=make.carol)) == palette.MOST


def test_a_rep_finds_nothing_of_another_team(make):
    theirs = make.account("Secret Springs", number="S1", owner_id=make.mallory.id)
    make.contact(theirs, "Secretary")

    for typed in ("secret springs", "springs", "s1"):
        assert palette.find_accounts(typed, by=make.bob, recent=[theirs.id]) == []
    assert palette.find_contacts("secretary", by=make.bob) == []
    assert palette.accounts([theirs.id], by=make.bob) == []


def test_what_was_deleted_is_not_found(make):
    gone = make.account("Acme", deleted_at=utcnow())
    make.contact(gone, "Gone")
    make.contact(make.account("Boltworks"), "Gone", deleted_at=utcnow())

    assert palette.find_accounts("acme", by=make.alice) == []
    assert palette.find_contacts("gone", by=make.alice) == []
    assert palette.accounts([gone.id], by=make.alice) == []


@pytest.mark.parametrize("typed", ["annette", "roulet", "annette roulet", "roulet ann", "nett"])
def test_a_contact_is_found_by_any_part_of_her_name(make, typed):
    account = make.account("Alpha Cognac")
    contact = make.contact(account, "Roulet", first_name="Annette")

    (hit,) = palette.find_contacts(typed, by=make.carol)

    assert (hit.id, hit.name, hit.detail) == (contact.id, "Annette Roulet", "Alpha Cognac")
    assert hit.account_id == account.id


def test_accounts_come_in_the_order_in_which_they_were_opened(make):
    first, second = make.account("Acme"), make.account("Boltworks")

    assert names(palette.accounts([second.id, first.id], by=make.carol)) == ["Boltworks", "Acme"]
