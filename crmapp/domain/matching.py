"""Which account a row is about: the first rule that finds exactly one decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, NamedTuple

from crmapp.domain.search import near_key, plain_name
from crmapp.i18n import N_


class Rule(StrEnum):
    """How an account was found, from the surest to the vaguest."""

    IDENTITY = "identity"
    PERSON = "person"
    FIELD = "field"
    NUMBER = "number"
    TAX_ID = "tax_id"
    EMAIL_NAME = "email_name"
    NAME_POSTCODE = "name_postcode"
    NEAR_NAME = "near_name"
    NONE = "none"


LADDER: dict[Rule, str] = {
    Rule.NUMBER: N_("The number is the same"),
    Rule.TAX_ID: N_("The tax id is the same"),
    Rule.EMAIL_NAME: N_("The name and the domain of the e-mail address are the same"),
    Rule.NAME_POSTCODE: N_("The name and the postal code are the same"),
    Rule.NEAR_NAME: N_("The name is the same or nearly so"),
}
"""The rules that an administrator orders and switches, as they are at first."""

LABELS: dict[str, str] = {
    Rule.FIELD: N_("The field that the mapping chose is the same"),
    Rule.PERSON: N_("Somebody said so before"),
    **{rule.value: text for rule, text in LADDER.items()},
}

NEAR = 0.85
"""How alike two names must be to be called near; 1 is the same."""
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


class Clues(NamedTuple):
    """What a row says about its account; ``word`` is that of the mapping's match field.

    ``company`` is the ERP company that the row is of, if its source says so.
    """

    key: str
    word: str | None = None
    number: str = ""
    tax_id: str = ""
    name: str = ""
    email: str = ""
    postal_code: str = ""
    company: str = ""


@dataclass(frozen=True)
class Candidate:
    """A living account that a row may mean."""

    id: int
    number: str = ""
    name: str = ""
    email: str = ""
    postal_code: str = ""


@dataclass(frozen=True)
class Known:
    """What is known about the rows of a chunk: each rule's word → accounts."""

    by_identity: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_field: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_number: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_tax_id: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    by_near_key: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    companies: Mapping[int, str] = field(default_factory=dict)

    def within(self, company: str, ids: Sequence[int]) -> Sequence[int]:
        """Return those of the accounts that ``company`` has, or else those that none has yet.

        The same number, or the same name, in two companies is two customers.
        """
        if not company:
            return ids
        own = [id_ for id_ in ids if self.companies.get(id_) == company]
        return own or [id_ for id_ in ids if not self.companies.get(id_)]

    def of(self, rule: Rule) -> Mapping[str, Sequence[Any]]:
        """What a rule of the ladder goes by."""
        own = {Rule.NUMBER: self.by_number, Rule.TAX_ID: self.by_tax_id}
        return own.get(rule, self.by_near_key)


@dataclass(frozen=True)
class Answer:
    """What a person said of a row before: which account it is, and from which it differs."""

    account: int | None = None
    different: frozenset[int] = frozenset()
    skip: bool = False


class Match(NamedTuple):
    """``ids`` is empty (nobody), one account, or several that a person must choose from."""

    rule: Rule
    ids: tuple[int, ...] = ()

    @property
    def sure(self) -> bool:
        return len(self.ids) == 1 and self.rule is not Rule.NEAR_NAME


NOBODY = Match(Rule.NONE)
NO_ANSWER = Answer()


def find(clues: Clues, known: Known, ladder: Sequence[Rule], answer: Answer = NO_ANSWER) -> Match:
    """Find the account of one row: by its identity, by what a person said, by the rules in turn.

    The first rule that finds exactly one account wins. If none does, all that were found are for
    a person to choose from; a near name is never more than that.
    """
    if ids := known.by_identity.get(clues.key):
        return Match(Rule.IDENTITY, tuple(ids))
    if answer.account is not None:
        return Match(Rule.PERSON, (answer.account,))
    vague: dict[int, Rule] = {}
    for rule in (Rule.FIELD, *ladder):
        found = known.within(clues.company, _FINDERS[rule](clues, known))
        ids = [id_ for id_ in found if id_ not in answer.different]
        if len(ids) == 1 and rule is not Rule.NEAR_NAME:
            return Match(rule, tuple(ids))
        vague |= {id_: rule for id_ in ids if id_ not in vague}
    if not vague:
        return NOBODY
    return Match(next(iter(vague.values())), tuple(vague))


def tax_word(tax_id: str) -> str:
    """Return the tax id as it is compared: without spaces, dots and dashes, in upper case."""
    for sign in " .-":
        tax_id = tax_id.replace(sign, "")
    return tax_id.upper()


def _by_field(clues: Clues, known: Known) -> Sequence[int]:
    return known.by_field.get(clues.word, ()) if clues.word else ()


def _by_number(clues: Clues, known: Known) -> Sequence[int]:
    return known.by_number.get(clues.number, ()) if clues.number else ()


def _by_tax_id(clues: Clues, known: Known) -> Sequence[int]:
    found = known.by_tax_id.get(tax_word(clues.tax_id), ()) if clues.tax_id else ()
    return [each.id for each in found if _may_be(each, clues)]


def _by_email_name(clues: Clues, known: Known) -> Sequence[int]:
    domain = _domain(clues.email)
    found = _namesakes(clues, known) if domain else ()
    return [each.id for each in found if _domain(each.email) == domain]


def _by_name_postcode(clues: Clues, known: Known) -> Sequence[int]:
    code = _squeezed(clues.postal_code)
    found = _namesakes(clues, known) if code else ()
    return [each.id for each in found if _squeezed(each.postal_code) == code]


def _by_near_name(clues: Clues, known: Known) -> Sequence[int]:
    near = _near(clues, known)
    name = plain_name(clues.name) if near else ""
    return [each.id for each in near if _alike(name, plain_name(each.name))]


def _namesakes(clues: Clues, known: Known) -> Collection[Candidate]:
    near = _near(clues, known)
    name = plain_name(clues.name) if near else ""
    return [each for each in near if plain_name(each.name) == name]


def _near(clues: Clues, known: Known) -> Collection[Candidate]:
    key = near_key(clues.name)
    found = known.by_near_key.get(key, ()) if key else ()
    return [each for each in found if _may_be(each, clues)]


def _may_be(candidate: Candidate, clues: Clues) -> bool:
    """Two numbers that differ say that these are two customers, whatever else is the same."""
    return not (candidate.number and clues.number) or candidate.number == clues.number


def _alike(one: str, other: str) -> bool:
    return one == other or SequenceMatcher(None, one, other).ratio() >= NEAR


def _domain(email: str) -> str:
    """Return the domain of an address, unless anybody may have one there."""
    domain = email.rpartition("@")[2].lower()
    return "" if domain in _ANYBODYS else domain


def _squeezed(code: str) -> str:
    return code.replace(" ", "").upper()


_FINDERS: dict[Rule, Callable[[Clues, Known], Sequence[int]]] = {
    Rule.FIELD: _by_field,
    Rule.NUMBER: _by_number,
    Rule.TAX_ID: _by_tax_id,
    Rule.EMAIL_NAME: _by_email_name,
    Rule.NAME_POSTCODE: _by_name_postcode,
    Rule.NEAR_NAME: _by_near_name,
}
