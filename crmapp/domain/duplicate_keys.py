"""By what two accounts are told to be one company: the keys, and what each of them compares."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from crmapp.domain.likeness import Likeness, NearTo, domain, tax_word
from crmapp.domain.search import digits, near_key, plain_name
from crmapp.i18n import N_


class Key(StrEnum):
    """What two accounts may share, from what says most to what says least."""

    NUMBER = "number"
    TAX_ID = "tax_id"
    PHONE = "phone"
    EMAIL = "email"
    DOMAIN_NAME = "domain_name"
    NEAR_NAME = "near_name"
    NUMBER_ELSEWHERE = "number_elsewhere"
    WEBSITE = "website"


class Effect(StrEnum):
    """What happens when a person saves an account that shares a key with another one."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


USUAL: dict[Key, Effect] = {
    Key.TAX_ID: Effect.WARN,
    Key.PHONE: Effect.WARN,
    Key.EMAIL: Effect.WARN,
    Key.DOMAIN_NAME: Effect.WARN,
    Key.NEAR_NAME: Effect.WARN,
    Key.NUMBER_ELSEWHERE: Effect.WARN,
    Key.WEBSITE: Effect.IGNORE,
}
"""The rules before anybody has set any; that a number is one account's in its company is none."""

REASONS: dict[Key, str] = {
    Key.NUMBER: N_("Same number"),
    Key.TAX_ID: N_("Same tax id"),
    Key.PHONE: N_("Same phone number"),
    Key.EMAIL: N_("Same e-mail address"),
    Key.DOMAIN_NAME: N_("Same e-mail domain and similar name"),
    Key.NEAR_NAME: N_("Name is nearly the same"),
    Key.NUMBER_ELSEWHERE: N_("Same number in another ERP company"),
    Key.WEBSITE: N_("Same website"),
}

SAME_NAME = N_("Same name")
"""What is said of names that are more than nearly the same."""

MEANINGS: dict[Key, str] = {
    Key.TAX_ID: N_("Spaces, dots and dashes do not count. Branches of one firm may share it."),
    Key.PHONE: N_(
        "Only digits count, with or without country code, area code and leading zero; an extension"
        " does not."
    ),
    Key.EMAIL: N_("Upper and lower case are the same."),
    Key.DOMAIN_NAME: N_(
        "One name has all words of the other, or nearly. Domains where anybody has an address, such"
        " as gmail.com, do not count."
    ),
    Key.NEAR_NAME: N_("Legal forms, accents, the order of words and small slips do not count."),
    Key.NUMBER_ELSEWHERE: N_("Companies of an ERP often number their customers alike."),
    Key.WEBSITE: N_("The host counts, not the page. Branches of one firm often share it."),
}
"""What it takes for two accounts to share a key, of those that have a rule."""
EFFECTS: dict[Effect, str] = {
    Effect.BLOCK: N_("Block"),
    Effect.WARN: N_("Warn"),
    Effect.IGNORE: N_("Ignore"),
}

FIELDS: dict[Key, str] = {
    Key.NUMBER: "number",
    Key.TAX_ID: "tax_id",
    Key.PHONE: "phone",
    Key.EMAIL: "email",
    Key.DOMAIN_NAME: "email",
    Key.NEAR_NAME: "name",
    Key.NUMBER_ELSEWHERE: "number",
    Key.WEBSITE: "website",
}
"""The field of the form beside which a key is spoken of."""
COMPARED = tuple(dict.fromkeys(("name", *FIELDS.values())))
"""The fields that the keys are made of."""

_FEWEST = 7
"""So many last digits of a phone number are indexed: a number without its area code has them."""
_PHONE = re.compile(r"[+(]*\d[\d\s()+./\u2010-\u2015-]*")
_TRUNK = re.compile(r"\(\s*0\s*\)")
_ANYBODYS_SITES = frozenset(
    [
        "facebook.com",
        "instagram.com",
        "linkedin.com",
        "sites.google.com",
        "twitter.com",
        "x.com",
        "youtube.com",
    ]
)


@dataclass(frozen=True)
class Traits:
    """What an account is compared by; what is not known is empty."""

    name: str = ""
    number: str = ""
    company: str = ""
    tax_id: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    postal_code: str = ""

    def word(self, key: Key) -> str:
        """Return what the account has of a key, as it is compared; empty if it has nothing."""
        match key:
            case Key.NUMBER | Key.NUMBER_ELSEWHERE:
                return self.number
            case Key.TAX_ID:
                return tax_word(self.tax_id)
            case Key.PHONE:
                return phone_word(self.phone)
            case Key.EMAIL:
                return self.email.lower()
            case Key.DOMAIN_NAME:
                own = domain(self.email)
                return f"{own} {plain_name(self.name)}" if own and self.name else ""
            case Key.NEAR_NAME:
                return plain_name(self.name) if near_key(self.name) else ""
            case Key.WEBSITE:
                return site(self.website)


def shared(one: Traits, other: Traits) -> list[Key]:
    """Return the keys by which the two may be one company, what says most first."""
    return [key for key in Key if one.word(key) and other.word(key) and _agree(key, one, other)]


def _agree(key: Key, one: Traits, other: Traits) -> bool:
    match key:
        case Key.NUMBER:
            return one.number == other.number and one.company == other.company
        case Key.NUMBER_ELSEWHERE:
            return one.number == other.number and one.company != other.company
        case Key.PHONE:
            return same_phone(one.phone, other.phone)
        case Key.DOMAIN_NAME:
            return domain(one.email) == domain(other.email) and _similar(one, other)
        case Key.NEAR_NAME:
            return near_key(one.name) == near_key(other.name) and other.name in NearTo(one.name)
        case _:
            return one.word(key) == other.word(key)


def _similar(one: Traits, other: Traits) -> bool:
    """Whether one name has all words of the other, or is nearly the same."""
    return Likeness(one, other).name or other.name in NearTo(one.name)


def changed(before: Traits, after: Traits) -> frozenset[Key]:
    """Return the keys of which the account has another word than before.

    One that was only written otherwise has not changed: who was warned of it is not warned again.
    """
    return frozenset(key for key in Key if not _is_still(key, before.word(key), after.word(key)))


def _is_still(key: Key, before: str, after: str) -> bool:
    """Whether a word is as it was; a phone number is that also with more in front of it."""
    longer = key is Key.PHONE and bool(before) and after.endswith(before)
    return before == after or longer


def same_phone(one: str, other: str) -> bool:
    """Whether two phone numbers are one: with or without country code, area code or trunk zero."""
    short, long = sorted((phone_word(one), phone_word(other)), key=len)
    return bool(short) and long.endswith(short)


def phone_word(phone: str) -> str:
    """Return the digits of a phone number without leading zeros and extension.

    Empty if they are too few to tell one subscriber from another.
    """
    found = _PHONE.search(_TRUNK.sub("", phone))
    word = digits(found[0]).lstrip("0") if found else ""
    return word if len(word) >= _FEWEST else ""


def site(website: str) -> str:
    """Return the host of a website without "www."; empty for one where anybody may have a page."""
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname or ""
    except ValueError:
        return ""
    host = host.removeprefix("www.").rstrip(".")
    return "" if host in _ANYBODYS_SITES else host


def _phone_key(phone: str) -> str | None:
    return phone_word(phone)[-_FEWEST:] or None


def _domain_key(email: str) -> str | None:
    return domain(email) or None


def _site_key(website: str) -> str | None:
    return site(website) or None


KEYED: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "phone": ("phone_key", _phone_key),
    "email": ("domain_key", _domain_key),
    "website": ("site_key", _site_key),
}
"""Field of an account → the column in which it is found by what it is compared by, and its word.

Who changes a word writes a migration that fills the column anew.
"""
