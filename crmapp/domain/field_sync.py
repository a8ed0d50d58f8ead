"""What the field map makes of one record: which field is written where, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from crmapp.domain import field_reasons as reasons
from crmapp.domain.field_checks import Shapes, needs_lookup
from crmapp.domain.field_fit import writable
from crmapp.domain.field_rules import Blank, Conflict, FieldRule, Rules, Shape, Side, Sync
from crmapp.domain.field_values import (
    References,
    as_text,
    canonical,
    convert,
    digest,
    is_blank,
)
from crmapp.domain.fields import BadValue
from crmapp.i18n import N_, Text

Record = Mapping[str, Any]
Accepted = Mapping[str, tuple[str, str, str]]
"""Key of a row → stand-ins for the row and for the values that both sides were left with."""


class Act(StrEnum):
    """What becomes of one field."""

    TO_INTACCT = "to_intacct"
    TO_SALESFORCE = "to_salesforce"
    TO_HERE = "to_here"
    SAME = "same"
    LEFT = "left"
    HELD = "held"
    REFUSED = "refused"
    OFF = "off"


WRITES = {Side.INTACCT: Act.TO_INTACCT, Side.SALESFORCE: Act.TO_SALESFORCE}
ACTS: dict[Act, str] = {
    Act.TO_INTACCT: N_("Written to Sage Intacct"),
    Act.TO_SALESFORCE: N_("Written to Salesforce"),
    Act.TO_HERE: N_("Written here"),
    Act.SAME: N_("The same"),
    Act.LEFT: N_("Left as it is"),
    Act.HELD: N_("In conflict"),
    Act.REFUSED: N_("Refused"),
    Act.OFF: N_("Not synchronized"),
}


@dataclass(frozen=True)
class Outcome:
    """What becomes of one field: ``value`` is what is written, if anything is."""

    rule: FieldRule
    act: Act
    why: Text
    value: Any = None


@dataclass(frozen=True)
class Reconciled:
    """What becomes of one record; nothing is written by it.

    ``accepted`` is what to keep once the writes were accepted by both sides.
    """

    outcomes: tuple[Outcome, ...]
    accepted: Accepted

    def writes(self, side: Side) -> dict[str, Any]:
        """Return the values that ``side`` gets, by its names."""
        wanted = [each for each in self.outcomes if each.act is WRITES[side]]
        return {each.rule.name(side): each.value for each in wanted}

    @property
    def problems(self) -> dict[str, Text]:
        """Return key of a row → why its field could not be carried over."""
        return {
            each.rule.key: each.why for each in self.outcomes if each.act in (Act.REFUSED, Act.HELD)
        }


def content_hash(rules: Rules, shapes: Shapes, side: Side, record: Record) -> str:
    """Return one hash of all mapped fields of a record: what tells an echo from a change."""
    said = [
        [rule.name(side), canonical(record.get(rule.name(side)), shape, side)]
        for rule in rules
        if (shape := shapes.get(rule, side))
    ]
    return digest(json.dumps(sorted(said)))


def fields_of(rules: Rules, shapes: Shapes, side: Side) -> tuple[str, ...]:
    """Return the names of the fields that are to be read from ``side``."""
    names = [rule.name(side) for rule in rules if rule.active and shapes.get(rule, side)]
    return tuple(dict.fromkeys(names))


def lookups(
    rules: Rules, shapes: Shapes, intacct: Record | None, salesforce: Record | None
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return, per object of Salesforce, the Intacct ids and the ids that the record names."""
    codes: dict[str, set[str]] = {}
    ids: dict[str, set[str]] = {}
    for rule in rules:
        if not rule.active or not rule.lookup:
            continue
        if not needs_lookup(shapes.get(rule, Side.SALESFORCE)):
            continue
        for record, side, found in (
            (intacct, Side.INTACCT, codes),
            (salesforce, Side.SALESFORCE, ids),
        ):
            value = record.get(rule.name(side)) if record else None
            if not is_blank(value) and rule.sync.writes(side.other):
                found.setdefault(rule.lookup, set()).add(as_text(value))
    return codes, ids


def reconcile(
    rules: Rules,
    shapes: Shapes,
    intacct: Record | None,
    salesforce: Record | None,
    *,
    accepted: Accepted | None = None,
    references: References | None = None,
    broken: Mapping[str, Text] | None = None,
) -> Reconciled:
    """Decide what becomes of each field of a record; a side that has none yet is None.

    ``accepted`` is what the last reconciliation left; ``broken`` says of rows why they cannot be
    synchronised at all.
    """
    before = accepted or {}
    outcomes: list[Outcome] = []
    after: dict[str, tuple[str, str, str]] = {}
    for rule in rules:
        one = _Field(rule, shapes, intacct, salesforce, references or References(), before)
        why = (broken or {}).get(rule.key)
        outcome = Outcome(rule, Act.REFUSED, why) if why and rule.active else one.outcome()
        outcomes.append(outcome)
        kept = one.kept(outcome) or before.get(rule.key)
        if kept:
            after[rule.key] = kept
    return Reconciled(tuple(outcomes), after)


@dataclass(frozen=True)
class _Field:
    """One field of one record on both sides."""

    rule: FieldRule
    shapes: Shapes
    intacct: Record | None
    salesforce: Record | None
    references: References
    accepted: Accepted = field(default_factory=dict)

    def outcome(self) -> Outcome:
        if not self.rule.active:
            return self._say(Act.OFF, reasons.OFF)
        if any(self.shapes.get(self.rule, side) is None for side in Side):
            return self._say(Act.OFF, reasons.RESTS)
        if self.rule.sync is Sync.FROM or (self.salesforce is None and self.rule.sync is Sync.BOTH):
            return self._carried(Side.SALESFORCE)
        if self.rule.sync is Sync.TO or self.intacct is None:
            return self._carried(Side.INTACCT)
        return self._decided()

    def kept(self, outcome: Outcome) -> tuple[str, str, str] | None:
        """Return what both sides are left with, if that is settled."""
        settled = (Act.SAME, Act.LEFT, Act.TO_INTACCT, Act.TO_SALESFORCE)
        if self.rule.sync is not Sync.BOTH or outcome.act not in settled:
            return None
        if outcome.act is Act.LEFT and (self.intacct is None or self.salesforce is None):
            return None
        left = [
            canonical(outcome.value, self._shape(side), side)
            if outcome.act is WRITES[side]
            else self._said(side)
            for side in Side
        ]
        return self._mark, digest(left[0]), digest(left[1])

    @cached_property
    def _mark(self) -> str:
        return digest(self.rule.text)

    def _say(self, act: Act, why: Text, value: Any = None) -> Outcome:
        return Outcome(self.rule, act, why, value)

    def _record(self, side: Side) -> Record | None:
        return self.intacct if side is Side.INTACCT else self.salesforce

    def _shape(self, side: Side) -> Shape:
        return self.shapes.of(side)[self.rule.name(side)]

    def _value(self, side: Side) -> Any:
        return (self._record(side) or {}).get(self.rule.name(side))

    def _said(self, side: Side) -> str:
        return canonical(self._value(side), self._shape(side), side)

    def _carried(self, to: Side, why: Text | None = None) -> Outcome:
        """Carry the value over to the side ``to``, unless it is there already."""
        if self._record(to.other) is None:
            return self._say(Act.LEFT, reasons.NO_SOURCE)
        source, target = self._shape(to.other), self._shape(to)
        is_new = self._record(to) is None
        try:
            value = convert(self.rule, self._value(to.other), to, source, target, self.references)
        except BadValue as bad:
            return self._say(Act.REFUSED, bad.text)
        if not is_new and canonical(value, target, to) == self._said(to):
            return self._say(Act.SAME, reasons.EQUAL)
        if is_blank(value):
            if is_new or self.rule.blank is Blank.LEAVE:
                return self._say(Act.LEFT, reasons.BLANK)
            if target.required:
                return self._say(Act.LEFT, reasons.NEEDED)
            why, value = reasons.CLEARED, False if target.kind == "yes_no" else None
        if not (target.creatable if is_new else writable(target)):
            return self._say(Act.LEFT if is_new else Act.REFUSED, reasons.SET_ONCE)
        return self._say(WRITES[to], why or (reasons.NEW if is_new else reasons.OWNER[to]), value)

    def _decided(self) -> Outcome:
        """Decide between two sides that may both have been changed."""
        there, back = self._carried(Side.SALESFORCE), self._carried(Side.INTACCT)
        if Act.SAME in (there.act, back.act):
            return self._say(Act.SAME, reasons.EQUAL)
        to = self._only_way()
        if to is not None:
            reason = reasons.CHANGED[to] if self._known else reasons.FIRST
            return self._carried(to, reason)
        if self._known and not any(map(self._changed, Side)):
            return self._say(Act.LEFT, reasons.AS_ACCEPTED)
        if self.rule.conflict is Conflict.ASK:
            return self._say(Act.HELD, reasons.ASK)
        to = Side.SALESFORCE if self.rule.conflict is Conflict.INTACCT else Side.INTACCT
        won = self._carried(to, reasons.WON[to])
        # An empty value that leaves the other side alone does not win against a new one either.
        return self._carried(to.other, reasons.FIRST) if won.act is Act.LEFT else won

    @property
    def _known(self) -> tuple[str, str] | None:
        """What both sides were left with the last time, by the row as it is now."""
        kept = self.accepted.get(self.rule.key)
        return (kept[1], kept[2]) if kept and kept[0] == self._mark else None

    def _changed(self, side: Side) -> bool:
        known = self._known
        place = 0 if side is Side.INTACCT else 1
        return known is None or digest(self._said(side)) != known[place]

    def _only_way(self) -> Side | None:
        """Return the side to write to if only the other one has anything new to say."""
        if self._known:
            changed = [side for side in Side if self._changed(side)]
            return changed[0].other if len(changed) == 1 else None
        filled = [side for side in Side if self._said(side)]
        return filled[0].other if len(filled) == 1 else None
