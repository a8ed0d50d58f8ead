"""What two descriptions of a company have in common, and in what they contradict each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, Protocol

from crmapp.domain.search import fold, plain_name

NEAR = 0.85
"""How alike two names must be to be called near; 1 is the same."""
_SLIP = 0.75
"""How alike two words are that differ by a slip: a short one has not many letters."""
_ANYBODYS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "yahoo.fr",
        "aol.com",
        "icloud.com",
        "me.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "orange.fr",
        "free.fr",
        "laposte.net",
        "proton.me",
    ]
)
_FORMS = {
    **dict.fromkeys(("limited", "ltd"), "ltd"),
    **dict.fromkeys(("incorporated", "inc"), "inc"),
    **dict.fromkeys(("corporation", "corp"), "corp"),
}
_FORMS |= {
    each: each
    for each in (
        *("llc", "llp", "plc", "gmbh", "ag", "kg", "ohg", "ug", "sa", "sas", "sarl", "eurl"),
        *("srl", "spa", "bv", "nv", "ab", "oy", "aps", "sl", "slu"),
    )
}
"""Legal forms, however they are written: two that differ are two companies."""
_SIGNS = re.compile(r"[\W_]+")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


class Described(Protocol):
    """A company as a row or an account describes it; what is not known is empty."""

    @property
    def number(self) -> str: ...
    @property
    def tax_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def postal_code(self) -> str: ...


class Likeness(NamedTuple):
    """Whether two descriptions agree; ``None`` where one of them says nothing."""

    number: bool | None
    tax_id: bool | None
    name: bool
    form: bool | None
    domain: bool | None
    postal_code: bool | None


def compare(one: Described, other: Described) -> Likeness:
    return Likeness(
        _agree(number_word(one.number), number_word(other.number)),
        _agree(tax_word(one.tax_id), tax_word(other.tax_id)),
        _same_words(plain_name(one.name).split(), plain_name(other.name).split()),
        _agree(_form(one.name), _form(other.name)),
        _agree(domain(one.email), domain(other.email)),
        _agree(squeezed(one.postal_code), squeezed(other.postal_code)),
    )


def _agree(one: str, other: str) -> bool | None:
    return one == other if one and other else None


def alike(one: str, other: str) -> bool:
    """Whether two plain names are the same or nearly so."""
    return one == other or SequenceMatcher(None, one, other).ratio() >= NEAR


def _same_words(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether one of two names has all words of the other: what they trade in alone is not it."""
    short, long = sorted((one, other), key=len)
    return bool(short) and all(any(_same_word(word, each) for each in long) for word in short)


def _same_word(one: str, other: str) -> bool:
    return one == other or SequenceMatcher(None, one, other).ratio() >= _SLIP


def tax_word(tax_id: str) -> str:
    """Return the tax id as it is compared: without spaces, dots and dashes, in upper case."""
    for sign in " .-":
        tax_id = tax_id.replace(sign, "")
    return tax_id.upper()


def number_word(number: str) -> str:
    """Return what a number has in common with all ways in which people write it."""
    return _ZEROS.sub("", _SIGNS.sub("", number).upper())


def domain(email: str) -> str:
    """Return the domain of an address, unless anybody may have one there."""
    found = email.rpartition("@")[2].lower()
    return "" if found in _ANYBODYS else found


def squeezed(code: str) -> str:
    """Return a postal code as it is compared."""
    return code.replace(" ", "").upper()


def _form(name: str) -> str:
    found = {_FORMS[word] for word in _SIGNS.sub(" ", fold(name)).split() if word in _FORMS}
    return " ".join(sorted(found))
