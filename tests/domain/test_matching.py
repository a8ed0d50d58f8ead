"""Which account a row is about, decided rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from crmapp.domain.likeness import tax_word
from crmapp.domain.matching import (
    LADDER,
    NOBODY,
    Answer,
    Candidate,
    Care,
    Clues,
    Known,
    Match,
    Rule,
    find,
    traces,
)
from crmapp.domain.search import near_key, plain_name

EVERY = tuple(LADDER)
ROW = Clues(
    key="C1",
    word="C1",
    number="C1",
    tax_id="fr 12.34-5",
    name="Acme Bolts Ltd",
    email="info@acme.example",
    postal_code="75 001",
)


def namesakes(*candidates: Candidate) -> Known:
    return Known(by_near_key={near_key(ROW.name) or "": candidates})


@pytest.mark.parametrize(
    "known, rule",
    [
        (Known({"C1": [7]}, {"C1": [8]}), Rule.IDENTITY),
        (Known({}, {"C1": [7]}, by_number={"C1": [8]}), Rule.FIELD),
        (Known(by_number={"C1": [7]}), Rule.NUMBER),
        (Known(by_tax_id={"FR12345": [Candidate(7)]}), Rule.TAX_ID),
        (namesakes(Candidate(7, "", "ACME bolts", "x@acme.example")), Rule.EMAIL_NAME),
        (namesakes(Candidate(7, "", "Bolts & Acme Inc.", "", "75001")), Rule.NAME_POSTCODE),
    ],
)
def test_the_first_rule_that_finds_exactly_one_wins(known: Known, rule: Rule) -> None:
    assert find(ROW, known, EVERY) == Match(rule, (7,))
    assert find(ROW, known, EVERY).sure


def test_a_rule_that_finds_several_leaves_it_to_the_next() -> None:
    known = Known({}, {"C1": [7, 8]}, by_tax_id={"FR12345": [Candidate(8)]})

    assert find(ROW, known, EVERY) == Match(Rule.TAX_ID, (8,))


def test_where_no_rule_is_certain_a_person_chooses_from_all_that_were_found() -> None:
    twins = [Candidate(8), Candidate(9)]
    known = Known({}, {"C1": [7, 8]}, by_tax_id={"FR12345": twins})

    found = find(ROW, known, EVERY)

    assert found == Match(Rule.FIELD, (7, 8, 9))
    assert not found.sure


@pytest.mark.parametrize("name", ["Acme Bolts", "Acme Bolt", "Acmee Boltts SARL", "ACMÉ BOLTS"])
def test_a_near_name_only_suggests(name: str) -> None:
    found = find(ROW, Known(by_near_key={near_key(name) or "": [Candidate(7, "", name)]}), EVERY)

    if near_key(name) == near_key(ROW.name):
        assert found == Match(Rule.NEAR_NAME, (7,))
        assert not found.sure
    else:
        assert found == NOBODY


def test_names_of_the_same_consonants_that_are_not_alike_are_not_near() -> None:
    row = Clues(key="C1", name="Ana")
    known = Known(by_near_key={near_key("Ana") or "": [Candidate(7, "", "Aniou")]})

    assert near_key("Ana") == near_key("Aniou")
    assert find(row, known, EVERY) == NOBODY


@pytest.mark.parametrize("rule", [Rule.TAX_ID, Rule.EMAIL_NAME, Rule.NAME_POSTCODE, Rule.NEAR_NAME])
def test_an_account_with_another_number_is_another_customer(rule: Rule) -> None:
    other = Candidate(7, "C9", "Acme Bolts", "a@acme.example", "75001")
    known = Known(
        by_tax_id={"FR12345": [other]}, by_near_key={near_key("Acme Bolts") or "": [other]}
    )

    assert find(ROW, known, [rule]) == NOBODY


def test_anybodys_mail_domain_says_nothing() -> None:
    row = Clues(key="C1", name="Acme", email="acme@gmail.com")
    known = Known(by_near_key={near_key("Acme") or "": [Candidate(7, "", "Acme", "b@gmail.com")]})

    assert find(row, known, [Rule.EMAIL_NAME]) == NOBODY


def test_a_rule_that_is_switched_off_finds_nothing_and_the_order_counts() -> None:
    known = Known(by_number={"C1": [7]}, by_tax_id={"FR12345": [Candidate(8)]})

    assert find(ROW, known, []) == NOBODY
    assert find(ROW, known, [Rule.TAX_ID, Rule.NUMBER]).ids == (8,)


def test_what_a_person_said_comes_after_the_identity_and_before_the_rules() -> None:
    said = Answer(account=9)

    assert find(ROW, Known({}, {"C1": [7]}), EVERY, said) == Match(Rule.PERSON, (9,))
    assert find(ROW, Known({"C1": [7]}), EVERY, said) == Match(Rule.IDENTITY, (7,))


def test_an_account_that_was_said_to_be_different_is_never_found_again() -> None:
    said = Answer(different=frozenset({7}))
    known = namesakes(Candidate(7, "", "Acme Bolts", "", "75001"), Candidate(8, "", "Acme Bolts"))

    assert find(ROW, known, EVERY, said) == Match(Rule.NEAR_NAME, (8,))
    assert find(ROW, Known({}, {"C1": [7]}), EVERY, said) == NOBODY


def test_an_empty_clue_finds_nothing() -> None:
    nobody = Candidate(7)
    known = Known({}, {"": [7]}, {"": [7]}, {"": [nobody]}, {"": [nobody]})

    assert find(Clues(key="C1"), known, EVERY) == NOBODY


@pytest.mark.parametrize(
    "one, other",
    [
        ("Acme Bolts, Ltd.", "BOLTS & ACME"),
        ("Société Générale SA", "societe generale"),
        ("Łódź  Toys", "Lodz-Toys GmbH"),
        ("The Co.", "co the"),
    ],
)
def test_names_are_compared_without_legal_form_order_and_accents(one: str, other: str) -> None:
    assert plain_name(one) == plain_name(other)
    assert near_key(one) == near_key(other)


def test_a_name_without_a_word_has_no_key() -> None:
    assert near_key(" -&- ") is None


# --- with care: where nobody looks at a plan before it is carried out -----------------------------


def careful(account: Candidate, apart: frozenset[int] = frozenset(), **by: Any) -> Known:
    """What is known if ``account`` is the only one there is."""
    near = {near_key(account.name) or "": [account]}
    taxes = {tax_word(account.tax_id): [account]} if account.tax_id else {}
    words = {account.number: [account.id]} if account.number else {}
    found = {"by_field": words, "by_tax_id": taxes, "by_near_key": near, **by}
    return Known(accounts={account.id: account}, care=Care(apart), **found)


@pytest.mark.parametrize(
    "account, match",
    [
        (Candidate(7, "C1", "Acme Boults"), Match(Rule.FIELD, (7,))),
        (Candidate(7, "C1", "Zeta", tax_id="FR12345"), Match(Rule.FIELD, (7,))),
        (Candidate(7, "C1", "Zeta"), Match(Rule.FIELD, (7,), doubt=True)),
        (Candidate(7, "C1", "Acme Bolts", tax_id="FR9"), Match(Rule.FIELD, (7,), doubt=True)),
        (Candidate(7, "C1", "Acme Bolts", held=True), Match(Rule.FIELD, (7,), doubt=True)),
        (Candidate(7, "", "Acme Bolt", tax_id="FR12345"), Match(Rule.TAX_ID, (7,))),
        (Candidate(7, "", "Zeta", tax_id="FR12345"), Match(Rule.TAX_ID, (7,), doubt=True)),
        (Candidate(7, "C9", "Acme Bolts", tax_id="FR12345"), Match(Rule.TAX_ID, (7,), doubt=True)),
        (Candidate(7, "", "Acme Bolts SARL", "", "75001"), Match(Rule.NAME_POSTCODE, (7,), True)),
        (Candidate(7, "", "Acme Bolts", "", "75001"), Match(Rule.NAME_POSTCODE, (7,))),
        (Candidate(7, "C9", "Acme Boults"), NOBODY),
        (Candidate(7, "C9", "Acme Boults", "", "75001"), Match(Rule.NEAR_NAME, (7,), True)),
    ],
)
def test_with_care_an_account_is_taken_only_if_nothing_speaks_against_it(
    account: Candidate, match: Match
) -> None:
    found = find(ROW, careful(account), EVERY)

    assert found == match
    assert found.sure is (bool(match.ids) and not match.doubt)


def test_an_account_of_another_customer_that_is_there_as_well_is_never_meant() -> None:
    account = Candidate(7, "C1", "Acme Bolts", "", "75001")

    assert find(ROW, careful(account, frozenset({7})), EVERY) == NOBODY


def test_a_name_with_a_slip_is_found_where_something_else_is_the_same() -> None:
    slip = Candidate(7, "", "Acem Bolts", "jo@acme.example")
    known = careful(slip, by_near_key={}, by_trace={word: [slip] for word in traces(slip)})

    assert find(ROW, known, EVERY) == Match(Rule.NEAR_NAME, (7,), True)
