"""One value on its way from one copy of a field to another: written, left, refused, or there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crmapp.domain import field_reasons as reasons
from crmapp.domain.field_copies import Copies, Party
from crmapp.domain.field_rules import Blank, Side, Sync
from crmapp.domain.field_sync import Act
from crmapp.domain.field_values import is_blank
from crmapp.domain.fields import BadValue
from crmapp.i18n import Text

SOURCES: dict[Sync, frozenset[Party]] = {
    Sync.FROM: frozenset({Party.INTACCT}),
    Sync.TO: frozenset({Party.HERE, Party.SALESFORCE}),
    Sync.BOTH: frozenset(Party),
}
"""By the direction of a row, whose values count. The account here and Salesforce are one side."""
WRITES = {
    Party.HERE: Act.TO_HERE,
    Party.INTACCT: Act.TO_INTACCT,
    Party.SALESFORCE: Act.TO_SALESFORCE,
}
OWNER = {
    Party.HERE: reasons.OWNER_HERE,
    Party.INTACCT: reasons.OWNER[Side.INTACCT],
    Party.SALESFORCE: reasons.OWNER[Side.SALESFORCE],
}


@dataclass(frozen=True)
class Move:
    """What becomes of one party's copy."""

    act: Act
    why: Text
    value: Any = None

    @property
    def written(self) -> bool:
        return self.act in WRITES.values()


def move(copies: Copies, source: Party, target: Party) -> Move:
    """Carry the value of ``source`` over to ``target``, unless it is there already.

    A party that has no copy yet gets its record made.
    """
    new = target not in copies.values
    if not new and same(copies, source, target):
        return Move(Act.SAME, reasons.EQUAL)
    try:
        value = copies.carried(source, target)
    except BadValue as bad:
        return Move(Act.REFUSED, bad.text)
    why = reasons.NEW if new else OWNER[target]
    if is_blank(value):
        if new or copies.rule.blank is Blank.LEAVE:
            return Move(Act.LEFT, reasons.BLANK)
        if copies.required(target):
            return Move(Act.LEFT, reasons.NEEDED)
        why, value = reasons.CLEARED, copies.emptied(target)
    if not copies.takes(target):
        # A copy that is there to be read need not be writable.
        left = new or (target is Party.SALESFORCE and copies.rule.sync is Sync.TO)
        return Move(Act.LEFT if left else Act.REFUSED, reasons.SET_ONCE)
    return Move(WRITES[target], why, value)


def same(copies: Copies, one: Party, other: Party) -> bool:
    """Say whether ``other`` has what ``one`` has; either way round if the values of both count."""
    if one is other or _fits(copies, one, other):
        return True
    return {one, other} <= SOURCES[copies.rule.sync] and _fits(copies, other, one)


def _fits(copies: Copies, source: Party, target: Party) -> bool:
    try:
        value = copies.carried(source, target)
    except BadValue:
        return False
    return copies.text(target, value) == copies.said(target)
