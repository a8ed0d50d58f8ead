"""Which account a row is about: the first rule that finds exactly one decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from crmapp.domain.likeness import Likeness, NearTo, domain, squeezed, tax_word
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
    """A living account that a row may mean.

    ``held``: the row's source has, or had, a customer of another key for it.
    """

    id: int
    number: str = ""
    name: str = ""
    email: str = ""
    postal_code: str = ""
    tax_id: str = ""
    company: str = ""
    held: bool = False


@dataclass(frozen=True)
class Care:
    """What is heeded where nobody looks at a plan before it is carried out.

    ``apart`` are accounts of other customers that the row's source has as well; ``after`` is what
    accounts will hold once other rows are written.
    """

    apart: frozenset[int] = frozenset()
    after: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What is known about the rows of a chunk: each rule's word → accounts.

    ``by_trace`` has those whose names may have been mistyped. With ``care``, all of them are in
    ``accounts``.
    """

    by_identity: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_field: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_number: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_tax_id: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    by_near_key: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    by_trace: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    accounts: Mapping[int, Candidate] = field(default_factory=dict)
    care: Care | None = None

    def within(self, company: str, ids: Sequence[int]) -> Sequence[int]:
        """Return those of the accounts that ``company`` has, or else those that none has yet.

        The same number, or the same name, in two companies is two customers.
        """
        if not company:
            return ids
        own = [id_ for id_ in ids if self._company_of(id_) == company]
        return own or [id_ for id_ in ids if not self._company_of(id_)]

    def _company_of(self, id_: int) -> str:
        return self.accounts[id_].company if id_ in self.accounts else ""

    def of(self, rule: Rule) -> Mapping[str, Sequence[Any]]:
        """What a rule of the ladder goes by."""
        own: dict[Rule, Mapping[str, Sequence[Any]]] = {
            Rule.NUMBER: self.by_number,
            Rule.TAX_ID: self.by_tax_id,
            Rule.NEAR_NAME: self.by_near_key or self.by_trace,
        }
        return own.get(rule, self.by_near_key)


@dataclass(frozen=True)
class Answer:
    """What a person said of a row before: which account it is, and from which it differs."""

    account: int | None = None
    different: frozenset[int] = frozenset()
    skip: bool = False


class Match(NamedTuple):
    """``ids`` is empty (nobody), one account, or several that a person must choose from.

    ``doubt``: something speaks against the one.
    """

    rule: Rule
    ids: tuple[int, ...] = ()
    doubt: bool = False

    @property
    def sure(self) -> bool:
        return len(self.ids) == 1 and self.rule is not Rule.NEAR_NAME and not self.doubt


_SHORT = 5
"""So many letters of what near names share are few."""
NOBODY = Match(Rule.NONE)
NO_ANSWER = Answer()


def find(clues: Clues, known: Known, ladder: Sequence[Rule], answer: Answer = NO_ANSWER) -> Match:
    """Find the account of one row: by its identity, by what a person said, by the rules in turn.

    The first rule that finds exactly one account wins; with care, if nothing speaks against it. If
    none does, all that were found are for a person to choose from; a near name is never more.
    """
    if ids := known.by_identity.get(clues.key):
        return Match(Rule.IDENTITY, tuple(ids))
    if answer.account is not None:
        return Match(Rule.PERSON, (answer.account,))
    vague: dict[int, Rule] = {}
    for rule in (Rule.FIELD, *ladder):
        found = [id_ for id_ in _FINDERS[rule](clues, known) if id_ not in answer.different]
        ids = known.within(clues.company, _worth_asking(rule, found, clues, known))
        if len(ids) == 1 and rule is not Rule.NEAR_NAME and _certain(rule, ids[0], clues, known):
            return Match(rule, tuple(ids))
        vague |= {id_: rule for id_ in ids if id_ not in vague}
    if not vague:
        return NOBODY
    return Match(next(iter(vague.values())), tuple(vague), known.care is not None)


def _worth_asking(rule: Rule, ids: Sequence[int], clues: Clues, known: Known) -> Sequence[int]:
    """Leave out the accounts that are other customers beyond doubt."""
    if known.care is None:
        return ids
    left = [id_ for id_ in ids if id_ not in known.care.apart]
    asks = _ASKS.get(rule)
    if asks is None:
        return left
    return [id_ for id_ in left if asks(Likeness(clues, known.accounts[id_]))]


def _certain(rule: Rule, id_: int, clues: Clues, known: Known) -> bool:
    """Whether nothing speaks against the account that ``rule`` found."""
    if known.care is None:
        return True
    account = known.accounts[id_]
    return not account.held and _TRUSTS[rule](Likeness(clues, account))


def _has_this_number(like: Likeness) -> bool:
    return like.number is not False


_ASKS: dict[Rule, Callable[[Likeness], bool]] = {
    Rule.FIELD: _has_this_number,
    Rule.NUMBER: _has_this_number,
}
"""What must be so of an account that a rule found for a person to be asked about it."""


def _trusts_number(like: Likeness) -> bool:
    """A number may have been another customer's when somebody typed it."""
    return like.tax_id is not False and bool(like.name or like.tax_id)


def _trusts_tax_id(like: Likeness) -> bool:
    """The branches of a firm share its tax id, and so may the companies of a group."""
    return like.name and like.number is not False and like.postal_code is not False


def _trusts_name(like: Likeness) -> bool:
    return False not in (like.number, like.tax_id, like.form, like.domain, like.postal_code)


_TRUSTS: dict[Rule, Callable[[Likeness], bool]] = {
    Rule.FIELD: _trusts_number,
    Rule.NUMBER: _trusts_number,
    Rule.TAX_ID: _trusts_tax_id,
    Rule.EMAIL_NAME: _trusts_name,
    Rule.NAME_POSTCODE: _trusts_name,
}
"""What must be so of the one account that a rule found for it to be taken without asking."""


def _by_field(clues: Clues, known: Known) -> Sequence[int]:
    return known.by_field.get(clues.word, ()) if clues.word else ()


def _by_number(clues: Clues, known: Known) -> Sequence[int]:
    return known.by_number.get(clues.number, ()) if clues.number else ()


def _by_tax_id(clues: Clues, known: Known) -> Sequence[int]:
    found = known.by_tax_id.get(tax_word(clues.tax_id), ()) if clues.tax_id else ()
    return [each.id for each in found if _may_be(each, clues, known)]


def _by_email_name(clues: Clues, known: Known) -> Sequence[int]:
    own = domain(clues.email)
    found = _namesakes(clues, known) if own else ()
    return [each.id for each in found if domain(each.email) == own]


def _by_name_postcode(clues: Clues, known: Known) -> Sequence[int]:
    code = squeezed(clues.postal_code)
    found = _namesakes(clues, known) if code else ()
    return [each.id for each in found if squeezed(each.postal_code) == code]


def _by_near_name(clues: Clues, known: Known) -> Sequence[int]:
    near = {each.id: each for each in (*_near(clues, known), *_traced(clues, known))}
    if known.care is not None:
        near = {id_: each for id_, each in near.items() if _is_near(clues, known.accounts[id_])}
    names = NearTo(clues.name if near else "")
    return [id_ for id_, each in near.items() if each.name in names]


def _is_near(clues: Clues, account: Candidate) -> bool:
    """Whether a near name is worth a question: alone it does not speak against another number."""
    like = Likeness(clues, account)
    if like.number is not False and like.tax_id is not False:
        return True
    return bool(like.tax_id or like.domain or like.postal_code)


def _namesakes(clues: Clues, known: Known) -> Collection[Candidate]:
    near = _near(clues, known)
    name = plain_name(clues.name) if near else ""
    return [each for each in near if plain_name(each.name) == name]


def _near(clues: Clues, known: Known) -> Collection[Candidate]:
    key = near_key(clues.name)
    found = known.by_near_key.get(key, ()) if key else ()
    return [each for each in found if _may_be(each, clues, known)]


def _traced(clues: Clues, known: Known) -> Collection[Candidate]:
    """Return the accounts whose names begin or end alike where something else is the same."""
    if not known.by_trace:
        return ()
    return [each for word in traces(clues) for each in known.by_trace.get(word, ())]


def traces(described: Clues | Candidate) -> list[str]:
    """Return the words under which a company is found though a letter of its name is wrong.

    That leaves either the beginning of what near names share or its end as it was, of which a
    short one has one letter.
    """
    key, own = near_key(described.name), domain(described.email)
    code = squeezed(described.postal_code)
    ends: list[str] = []
    if key and code:
        sizes = [n for n, fits in ((1, len(key) <= _SHORT + 1), (2, len(key) >= _SHORT)) if fits]
        ends = [f"{code} {end}" for n in sizes for end in (key[:n], f"-{key[-n:]}")]
    return [*ends, *([f"@{own}"] if own else [])]


def _may_be(candidate: Candidate, clues: Clues, known: Known) -> bool:
    """Two numbers that differ say that these are two customers, whatever else is the same.

    With care they say that a person has to be asked: it may be an old number.
    """
    if known.care is not None or not (candidate.number and clues.number):
        return True
    return candidate.number == clues.number


_FINDERS: dict[Rule, Callable[[Clues, Known], Sequence[int]]] = {
    Rule.FIELD: _by_field,
    Rule.NUMBER: _by_number,
    Rule.TAX_ID: _by_tax_id,
    Rule.EMAIL_NAME: _by_email_name,
    Rule.NAME_POSTCODE: _by_name_postcode,
    Rule.NEAR_NAME: _by_near_name,
}
