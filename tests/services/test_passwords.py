"""Which passwords will do."""

import pytest

from crmapp.services import passwords


def problem(password):
    found = passwords.problem(password, name="Nina Northwood", email="nina@crm.example")
    return found.text if found else None


@pytest.mark.parametrize("length", [0, 11, 201])
def test_a_password_has_twelve_to_two_hundred_characters(length):
    assert "characters" in problem(("correct horse battery staple " * 9)[:length])


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "123456789012",
        "qwertyuiop12",
        "azertyuiop12",
        "motdepasse12",
        "aaaaaaaaaaaaaaaa",
        "ninanorthwood",
        "nina@crm.example",
        "crmappcrmapp",
    ],
)
def test_what_is_tried_first_is_refused(password):
    assert "easy to guess" in problem(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "demo-crmapp-2026",
        "un cheval à bascule",
        "合言葉は秘密の花園で" * 2,
        "x7" * 3 + "Q!m2rTz9",
    ],
)
def test_several_words_will_do(password):
    assert problem(password) is None


def test_a_long_one_is_judged_by_its_beginning():
    assert problem("correct horse battery staple " * 6) is None
