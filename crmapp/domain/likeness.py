"""What two descriptions of a company have in common, and in what they contradict each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Protocol

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


class Likeness:
    """Whether two descriptions agree; ``None`` where one of them says nothing.

    Nothing is compared before it is asked for.
    """

    def __init__(self, one: Described, other: Described) -> None:
        self._one, self._other = one, other

    @property
    def number(self) -> bool | None:
        return _agree(self._one.number, self._other.number, number_word)

    @property
    def tax_id(self) -> bool | None:
        return _agree(self._one.tax_id, self._other.tax_id, tax_word)

    @property
    def name(self) -> bool:
        """Whether one of the names has all words of the other: what they trade in is not all."""
        short, long = sorted((_words(self._one.name), _words(self._other.name)), key=len)
        return bool(short) and all(any(_same_word(word, each) for each in long) for word in short)

    @property
    def form(self) -> bool | None:
        return _agree(self._one.name, self._other.name, _form)

    @property
    def domain(self) -> bool | None:
        return _agree(self._one.email, self._other.email, domain)

    @property
    def postal_code(self) -> bool | None:
        return _agree(self._one.postal_code, self._other.postal_code, squeezed)


def _agree(one: str, other: str, word: Callable[[str], str]) -> bool | None:
    if not one or not other:
        return None
    first, second = word(one), word(other)
    return first == second if first and second else None


@lru_cache(maxsize=16384)
def _words(name: str) -> tuple[str, ...]:
    return tuple(plain_name(name).split())


def _same_word(one: str, other: str) -> bool:
    return one == other or SequenceMatcher(None, one, other).ratio() >= _SLIP


class NearTo:
    """Tells the names that are near to one."""

    def __init__(self, name: str) -> None:
        self._name = " ".join(_words(name))
        self._matcher = SequenceMatcher(None, "", self._name)

    def __contains__(self, name: str) -> bool:
        other = " ".join(_words(name))
        if other == self._name:
            return True
        matcher = self._matcher
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < NEAR or matcher.quick_ratio() < NEAR:
            return False
        return matcher.ratio() >= NEAR


def tax_word(tax_id: str) -> str:
    """Return the tax id as it is compared: without spaces, dots and dashes, in upper case."""
    for sign in " .-":
        tax_id = tax_id.replace(sign, "")
    return tax_id.upper()


@lru_cache(maxsize=16384)
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


@lru_cache(maxsize=16384)
def _form(name: str) -> str:
    found = {_FORMS[word] for word in _SIGNS.sub(" ", fold(name)).split() if word in _FORMS}
    return " ".join(sorted(found))
