"""V6.2: passwords of any kind, taken as they are typed, for as long as they are good."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from crmapp.config import ROOT
from crmapp.services import passwords, users

KINDS = {
    "lower case": "correct horse battery staple",
    "upper case": "CORRECT HORSE BATTERY STAPLE",
    "digits": "71940382615590472836",
    "signs": "§%&/()=?`´*'_:;><|~",
    "no Latin": "合言葉は秘密の花園で青い鳥",
    "emoji": "🐎🔋🌋🧦🪁🧭🎷🦀🥨🪐🧩🎣",
    "spaces around": "  correct horse battery staple  ",
    "64 signs": "correct horse battery staple seventeen violet otters sing at night"[:64],
    "200 signs": ("correct horse battery staple seventeen violet otters " * 4)[:200],
}


def enter(client, user, password):
    return client.post("/login", data={"email": user.email, "password": password})


@pytest.mark.parametrize("password", KINDS.values(), ids=KINDS)
def test_a_password_may_be_of_any_signs_and_signs_in(client, make, password):
    users.set_password(make.bob.id, password, by=make.alice)

    assert enter(client, make.bob, password).location == "/"


@pytest.mark.parametrize("password", [KINDS["64 signs"], KINDS["200 signs"]], ids=["64", "200"])
@pytest.mark.parametrize(
    "change",
    [lambda it: it[:-1] + "X", lambda it: it[:-1], lambda it: it.swapcase(), lambda it: f"{it} "],
    ids=["last sign", "one less", "case", "one more"],
)
def test_every_sign_of_it_counts(client, make, password, change):
    users.set_password(make.bob.id, password, by=make.alice)

    assert enter(client, make.bob, change(password)).location is None


def test_it_is_good_until_it_is_changed(client, make, clock):
    clock.shift(timedelta(days=800))

    assert enter(client, make.bob, "a-long-enough-passphrase").location == "/"


def test_those_that_leaked_most_often_are_refused():
    leaked = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= passwords.SHORTEST]
    fine = [
        each for each in leaked if not passwords.problem(each, name="Nina", email="n@crm.example")
    ]

    assert len(leaked) > 50
    assert fine == []


@pytest.mark.parametrize("word", ["crmapp", "Northwood", "nina.northwood"])
def test_words_of_the_place_and_the_person_make_no_password(word):
    for password in (f"{word}{word}", f"{word}-123456", f"{word}2026!!"):
        if len(password) >= passwords.SHORTEST:
            said = passwords.problem(
                password, name="Nina Northwood", email="nina.northwood@crm.example"
            )
            assert said is not None, password


@pytest.mark.parametrize("path", ["/login", "/change", "/verify"])
def test_a_field_hides_it_and_lets_a_program_fill_it_in(client, as_user, make, path):
    page = (client if path == "/login" else as_user(make.bob)).get(path).text
    fields = re.findall(r"<input[^>]*name=\"(?:new_)?password[^>]*>", page)

    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert 'autocomplete="off"' not in field
        assert "readonly" not in field


def test_no_script_keeps_anybody_from_pasting_one():
    scripts = (ROOT / "crmapp" / "static" / "js").glob("*.js")
    listening = [path.name for path in scripts if re.search(r"[\"']paste[\"']", path.read_text())]

    assert [name for name in listening if name not in PASTED_FILES] == []


PASTED_FILES = {"dropping.js"}
"""It takes files that are pasted, and leaves text alone."""


def test_nobody_is_there_before_somebody_was_added(app):
    assert not users.anybody()
