"""Rules by which fields of Sage Intacct and of Salesforce are kept the same, one to one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

from crmapp.i18n import N_

NOTHING: Mapping[str, str] = MappingProxyType({})


class Side(StrEnum):
    """One of the two systems."""

    INTACCT = "intacct"
    SALESFORCE = "salesforce"

    @property
    def other(self) -> Side:
        return Side.SALESFORCE if self is Side.INTACCT else Side.INTACCT

    @property
    def title(self) -> str:  # type: ignore[override]  # a name of its own, not the text in capitals
        return "Sage Intacct" if self is Side.INTACCT else "Salesforce"


class Sync(StrEnum):
    """From where to where a field goes."""

    FROM = "from_intacct"
    TO = "to_intacct"
    BOTH = "both"

    def writes(self, side: Side) -> bool:
        """Say whether ``side`` is written to."""
        return self is Sync.BOTH or (self is Sync.FROM) is (side is Side.SALESFORCE)


class Conflict(StrEnum):
    """Who is right when both sides changed a field."""

    INTACCT = "intacct"
    SALESFORCE = "salesforce"
    ASK = "ask"


class Blank(StrEnum):
    """What an empty value does to the other side."""

    LEAVE = "leave"
    CLEAR = "clear"


class Lock(StrEnum):
    """How far a row may be changed; the value is the mark that it carries."""

    OPEN = ""
    FIXED = "*"
    FORMULA = "!"


SYNCS: dict[Sync, str] = {
    Sync.FROM: N_("From Intacct"),
    Sync.TO: N_("To Intacct"),
    Sync.BOTH: N_("Bi-directional"),
}
CONFLICTS: dict[Conflict, str] = {
    Conflict.INTACCT: N_("Sage Intacct is right"),
    Conflict.SALESFORCE: N_("Salesforce is right"),
    Conflict.ASK: N_("Leave both, and report it"),
}
BLANKS: dict[Blank, str] = {
    Blank.LEAVE: N_("Leaves the other side as it is"),
    Blank.CLEAR: N_("Empties the other side"),
}


class Choice(Protocol):
    """One value of a pick list."""

    @property
    def value(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def active(self) -> bool: ...


class Shape(Protocol):
    """A field as its system describes it; ``kind`` is a word of ``RemoteKind``."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def creatable(self) -> bool: ...
    @property
    def updatable(self) -> bool: ...
    @property
    def calculated(self) -> bool: ...
    @property
    def length(self) -> int | None: ...
    @property
    def precision(self) -> int | None: ...
    @property
    def scale(self) -> int | None: ...
    @property
    def values(self) -> Sequence[Choice]: ...
    @property
    def refers_to(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class FieldRule:
    """One row of the field map.

    ``code`` names a standard row; it is empty for a row that people added. ``words`` say per side
    that is written to which of its values is meant by a value of the other side; one that is not
    there means the value of the same name, and one that means "" means nothing.
    """

    intacct: str
    salesforce: str
    sync: Sync = Sync.FROM
    conflict: Conflict = Conflict.INTACCT
    blank: Blank = Blank.LEAVE
    lookup: str = ""
    active: bool = True
    words: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)
    code: str = ""
    lock: Lock = Lock.OPEN

    @cached_property
    def key(self) -> str:
        """What tells rows of one map apart."""
        return f"{self.intacct}~{self.salesforce}"

    @cached_property
    def text(self) -> str:
        """All that is set of the row, as text: what tells one that was changed."""
        return json.dumps(self.as_json(), sort_keys=True)

    def name(self, side: Side) -> str:
        """Return the name of the field on ``side``."""
        return self.intacct if side is Side.INTACCT else self.salesforce

    def words_of(self, side: Side) -> Mapping[str, str]:
        return self.words.get(side, NOTHING)

    def as_json(self) -> dict[str, Any]:
        words = {str(side): dict(found) for side, found in self.words.items() if found}
        return {
            "intacct": self.intacct, "salesforce": self.salesforce, "sync": str(self.sync),
            "conflict": str(self.conflict), "blank": str(self.blank), "lookup": self.lookup,
            "active": self.active, "words": words, "code": self.code,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> FieldRule:
        """Return the rule that was kept; the lock of a standard row is not kept with it."""
        words = kept.get("words", {})
        return cls(
            kept["intacct"],
            kept["salesforce"],
            Sync(kept["sync"]),
            Conflict(kept["conflict"]),
            Blank(kept["blank"]),
            kept.get("lookup", ""),
            bool(kept.get("active", True)),
            {Side(side): dict(found) for side, found in words.items()},
            kept.get("code", ""),
        )


Rules = tuple[FieldRule, ...]


def with_standard(standard: Iterable[FieldRule], kept: Iterable[FieldRule]) -> Rules:
    """Return the standard rows as people set them, and then the rows that people added.

    The fields and the lock of a standard row are those of ``standard``, whatever was kept; so are
    all settings of a fixed row, and all but the status of a calculated one.
    """
    kept = list(kept)
    set_by_code = {each.code: each for each in kept if each.code}
    rows = [_standard(each, set_by_code.get(each.code)) for each in standard]
    return (*rows, *(each for each in kept if not each.code))


def _standard(row: FieldRule, kept: FieldRule | None) -> FieldRule:
    if kept is None or row.lock is Lock.FIXED:
        return row
    if row.lock is Lock.FORMULA:
        return replace(row, active=kept.active)
    return replace(kept, intacct=row.intacct, salesforce=row.salesforce, lock=row.lock)


@dataclass(frozen=True)
class RuleChange:
    """A row that is otherwise than before; ``before`` or ``after`` is None if it was not there."""

    rule: FieldRule
    before: FieldRule | None
    after: FieldRule | None

    @property
    def aspects(self) -> tuple[str, ...]:
        """The names of the settings that differ, of a row that is there before and after."""
        if self.before is None or self.after is None:
            return ()
        names = ("intacct", "salesforce", "sync", "conflict", "blank", "lookup", "active", "words")
        return tuple(
            each for each in names if getattr(self.before, each) != getattr(self.after, each)
        )


def differences(before: Rules, after: Rules) -> tuple[RuleChange, ...]:
    """Say what ``after`` has otherwise than ``before``."""
    old, new = ({each.key: each for each in rules} for rules in (before, after))
    changed = [RuleChange(r, old.get(key), r) for key, r in new.items() if old.get(key) != r]
    return (*changed, *(RuleChange(r, r, None) for key, r in old.items() if key not in new))


def applied(rules: Rules, changes: Iterable[RuleChange]) -> Rules:
    """Return ``rules`` with what ``changes`` say of single rows, whatever these were before."""
    for change in changes:
        key = change.rule.key
        rules = put(rules, change.after, key) if change.after else without(rules, key)
    return rules


def clashes(own: Iterable[RuleChange], theirs: Iterable[RuleChange]) -> frozenset[str]:
    """Return the keys of the rows that two people changed, each otherwise."""
    after = {each.rule.key: each.after for each in theirs}
    keys = ((each.rule.key, each.after) for each in own)
    return frozenset(key for key, rule in keys if key in after and after[key] != rule)


def put(rules: Rules, rule: FieldRule, instead_of: str = "") -> Rules:
    """Return ``rules`` with ``rule`` in the place of the row ``instead_of``, else at their end."""
    if all(each.key != instead_of for each in rules):
        return (*rules, rule)
    return tuple(rule if each.key == instead_of else each for each in rules)


def without(rules: Rules, key: str) -> Rules:
    """Return ``rules`` without a row; standard rows stay."""
    return tuple(each for each in rules if each.key != key or each.code)
