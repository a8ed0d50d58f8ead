"""Which account a row is about: the first rule that finds exactly one decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """How an account was found, from the surest to the vaguest."""

    IDENTITY = "identity"
    FIELD = "field"
    NAME = "name"
    PERSON = "person"
    NONE = "none"


@dataclass(frozen=True)
class Candidates:
    """What is known about the rows of a chunk: each rule's word → ids of living accounts.

    ``by_name`` holds only accounts without a number: a prospect that a customer of the same name
    may well be, which a person has to say.
    """

    by_identity: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_field: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_name: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """``ids`` is empty (nobody), one account, or several that a person must choose from."""

    rule: Rule
    ids: tuple[int, ...] = ()

    @property
    def sure(self) -> bool:
        return len(self.ids) == 1 and self.rule is not Rule.NAME


NOBODY = Match(Rule.NONE)


def find(key: str, match_word: str | None, name_word: str | None, known: Candidates) -> Match:
    """Find the account of one row by its identity, then its match field, then its name."""
    if ids := known.by_identity.get(key):
        return Match(Rule.IDENTITY, tuple(ids))
    if ids := known.by_field.get(match_word or ""):
        return Match(Rule.FIELD, tuple(ids))
    if ids := known.by_name.get(name_word or ""):
        return Match(Rule.NAME, tuple(ids))
    return NOBODY
