"""What two descriptions of a company have in common."""

from __future__ import annotations

import pytest

from crmapp.domain.likeness import Likeness, NearTo, number_word
from crmapp.domain.matching import Candidate, Clues

ACME = Clues("K1", None, "C00012", "FR 12-34", "Acme Bolts SARL", "info@acme.example", "75 001")


@pytest.mark.parametrize("number", ["C00012", "c-12", "C 0012", "C12"])
def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    assert Likeness(ACME, Candidate(1, number)).number is True


@pytest.mark.parametrize("number", ["C120", "C00021", "D12"])
def test_other_digits_are_another_number(number: str) -> None:
    assert Likeness(ACME, Candidate(1, number)).number is False


def test_what_one_of_them_does_not_say_is_neither_the_same_nor_different() -> None:
    like = Likeness(ACME, Candidate(1))

    assert [like.number, like.tax_id, like.form, like.domain, like.postal_code] == [None] * 5
    assert like.name is False


@pytest.mark.parametrize(
    "name, form",
    [("ACME bolts", None), ("Acme Bolts SAS", False), ("Bolts & Acme, S.A.R.L.", None)],
)
def test_another_legal_form_is_another_company(name: str, form: bool | None) -> None:
    assert Likeness(ACME, Candidate(1, name=name)).form is form


def test_one_legal_form_is_written_in_several_ways() -> None:
    limited = ACME._replace(name="Acme Limited")

    assert Likeness(limited, Candidate(1, name="Acme Ltd.")).form is True


def test_a_domain_that_anybody_may_have_says_nothing() -> None:
    anybody = ACME._replace(email="acme@gmail.com")

    assert Likeness(anybody, Candidate(1, email="other@gmail.com")).domain is None
    assert Likeness(ACME, Candidate(1, email="jo@ACME.example")).domain is True


def test_a_slip_in_a_name_leaves_it_alike() -> None:
    near = NearTo("Acme Boulangerie")

    assert "ACME Bouleangerie" in near
    assert "Zeta Boulangerie" not in near


def test_zeros_between_digits_count() -> None:
    assert number_word("C-1002") == "C1002"


@pytest.mark.parametrize(
    "name, same",
    [
        ("Acme Bolts", True),
        ("Amce Bolts Ltd", True),
        ("Acme", True),
        ("Bolts & Acme & Sons", True),
        ("Zeta Bolts", False),
        ("", False),
    ],
)
def test_names_are_the_same_word_by_word(name: str, same: bool) -> None:
    assert Likeness(ACME, Candidate(1, name=name)).name is same
