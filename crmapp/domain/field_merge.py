"""What becomes of one field of which an account, a customer and a Salesforce account have copies.

What all were left with is kept as stand-ins: a copy was changed if its stand-in is another one. A
party that did not take a value is noted as behind, so that the value is offered to it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from crmapp.domain import field_reasons as reasons
from crmapp.domain.field_copies import Copies, Party
from crmapp.domain.field_rules import Blank, Conflict, Side, Sync
from crmapp.domain.field_sync import Act
from crmapp.domain.field_values import is_blank
from crmapp.domain.fields import BadValue
from crmapp.i18n import Text

HERE, INTACCT, SALESFORCE = Party.HERE, Party.INTACCT, Party.SALESFORCE
CRM = (HERE, SALESFORCE)
_RIGHT = {
    Conflict.INTACCT: (INTACCT, HERE, SALESFORCE),
    Conflict.SALESFORCE: (SALESFORCE, HERE, INTACCT),
    Conflict.ASK: (INTACCT, HERE, SALESFORCE),
}
"""By the row's setting, who comes first where copies differ."""
_WRITES = {HERE: Act.TO_HERE, INTACCT: Act.TO_INTACCT, SALESFORCE: Act.TO_SALESFORCE}
_CHANGED = {
    HERE: reasons.CHANGED_HERE,
    INTACCT: reasons.CHANGED[Side.SALESFORCE],
    SALESFORCE: reasons.CHANGED[Side.INTACCT],
}
_WON = {
    HERE: reasons.WON_HERE,
    INTACCT: reasons.WON[Side.SALESFORCE],
    SALESFORCE: reasons.WON[Side.INTACCT],
}
_OWNER = {
    HERE: reasons.OWNER_HERE,
    INTACCT: reasons.OWNER[Side.INTACCT],
    SALESFORCE: reasons.OWNER[Side.SALESFORCE],
}
MARK, BEHIND = "mark", "behind"
"""Names under which a kept row has the stand-in for the rule, and who did not take the value."""

MADE = "made"
"""Name under which a row that was sent has the parties whose record was to be made."""

KeptRow = Mapping[str, Any]
SentRow = Mapping[str, list[str]]


@dataclass(frozen=True)
class Settled:
    """What becomes of one field: who gets which value, and what is kept once all accepted it."""

    act: Act
    why: Text
    kept: KeptRow
    writes: Mapping[Party, Any]
    sent: SentRow


@dataclass(frozen=True)
class _Move:
    """What becomes of one party's copy."""

    act: Act
    why: Text
    value: Any = None

    @property
    def written(self) -> bool:
        return self.act in _WRITES.values()


@dataclass(frozen=True)
class _Choice:
    """Whose value goes to whom: ``winner`` is None if nobody has any to give."""

    winner: Party | None
    targets: tuple[Party, ...]
    why: Text | None = None


class _Held(Exception):
    """The copies differ, and a person decides."""


def seen(party: Party) -> str:
    """Return the name under which a row that was sent has what ``party`` had meanwhile."""
    return f"{party}_seen"


@dataclass(frozen=True)
class FieldMerge:
    """One field of one account; ``new`` are the parties whose record is made now.

    ``kept`` is what the last merge that all accepted left; it is nothing to a row that was changed
    since, which is what ``mark`` says. ``sent`` are the stand-ins for what was written since then.
    """

    copies: Copies
    new: frozenset[Party]
    kept: KeptRow
    sent: SentRow
    mark: str

    def settled(self) -> Settled:
        if self._owner_is_new:
            return self._given_first()
        try:
            choice = self._chosen()
        except _Held:
            return Settled(Act.HELD, reasons.ASK, self.kept, {}, self._sent_after({}))
        moves = self._moves(choice)
        if not self._sources and not self.new:
            return Settled(Act.LEFT, reasons.NO_SOURCE, self.kept, {}, self.sent)
        writes = {party: move.value for party, move in moves.items() if move.written}
        act, why = _told(choice, moves)
        kept = self._kept_after(choice, moves)
        return Settled(act, why, kept, writes, self._sent_after(writes))

    @property
    def _owner(self) -> Party:
        return INTACCT if self.copies.rule.sync is Sync.FROM else SALESFORCE

    @property
    def _owner_is_new(self) -> bool:
        """Say whether the record that the row's values come from is made now, and has none yet."""
        if self.copies.rule.sync is Sync.BOTH or self._owner not in self.new:
            return False
        if any(map(self._filled, self._sources)):
            return False
        known = self._known and any(
            party not in self._behind or self._changed(party) for party in self._sources
        )
        return not known

    def _given_first(self) -> Settled:
        """Settle a row whose owner's record is made now, of what the others know."""
        others = (p for p in (*CRM, INTACCT) if p in self._parties and self._filled(p))
        source = next(others, None)
        if source is None:
            return Settled(Act.LEFT, reasons.NO_SOURCE, self.kept, {}, self._sent_after({}))
        move = self._move(source, self._owner)
        if not move.written:  # the owner will say, so this is no problem
            return Settled(Act.LEFT, move.why, self.kept, {}, self._sent_after({}))
        values = {**self.copies.values, self._owner: move.value}
        copies = replace(self.copies, values=values)
        made = replace(self, copies=copies, new=self.new - {self._owner})
        rest = made.settled()
        writes = {self._owner: move.value, **rest.writes}
        told = rest if rest.act is Act.REFUSED else move
        return Settled(told.act, told.why, rest.kept, writes, self._sent_after(writes))

    @cached_property
    def _parties(self) -> tuple[Party, ...]:
        """Those that have a copy, in the order in which they are right."""
        order = _RIGHT[self.copies.rule.conflict]
        return tuple(party for party in order if party in self.copies.values)

    @cached_property
    def _sources(self) -> tuple[Party, ...]:
        match self.copies.rule.sync:
            case Sync.FROM:
                return tuple(party for party in self._parties if party is INTACCT)
            case Sync.TO:
                return tuple(party for party in CRM if party in self.copies.values)
        return self._parties

    @cached_property
    def _before(self) -> KeptRow:
        """What was kept of the row as it is now, if it was not changed since."""
        return self.kept if self.kept.get(MARK) == self.mark else {}

    @cached_property
    def _bases(self) -> Mapping[str, str]:
        """What each party was left with; nothing unless that is known of all of them.

        Records that an unfinished attempt may have made were left with what was sent to them.
        """
        found = dict(self._before)
        for party in self.sent.get(MADE, ()) if found else ():
            blank = self.copies.written(Party(party), None)
            found[party] = self.sent.get(party, [blank])[-1]
        return found if all(party in found for party in self._parties) else {}

    @property
    def _known(self) -> bool:
        return bool(self._bases)

    @cached_property
    def _behind(self) -> tuple[str, ...]:
        return tuple(self._before.get(BEHIND, ()))

    def _changed(self, party: Party) -> bool:
        """Say whether a copy is not what was accepted, or was not in between."""
        base = self._bases[party]
        return any(each != base for each in (self.copies.mark(party), *self._seen(party)))

    def _seen(self, party: Party) -> Sequence[str]:
        return self.sent.get(seen(party), ())

    def _filled(self, party: Party) -> bool:
        return not is_blank(self.copies.values[party])

    def _chosen(self) -> _Choice:
        """Choose whose value goes to whom.

        Raises:
            _Held: the copies differ, and a person decides.
        """
        if not self._sources:
            return _Choice(None, ())
        if self.copies.rule.sync is Sync.FROM:
            return self._from_one_of(self._sources, (SALESFORCE, HERE))
        if self._known:
            changed = [party for party in self._sources if self._changed(party)]
        else:
            changed = [party for party in self._sources if self.copies.said(party)]
        speaking = self._fresh(changed) or changed
        if not speaking:
            return self._standing()
        if all(party in self._behind for party in changed):
            # What the others were left with never came here: it is as new as what is here now.
            speaking = [p for p in self._sources if p in speaking or p not in self._behind]
        return self._among(speaking, changed)

    def _fresh(self, changed: Iterable[Party]) -> list[Party]:
        """Leave out copies that hold what an unfinished attempt of ours wrote."""
        return [
            party for party in changed if self.copies.mark(party) not in self.sent.get(party, ())
        ]

    def _standing(self) -> _Choice:
        """Choose where no source was changed: who lacks the value gets what the sources have."""
        targets = [party for party in self._parties if party in self._behind]
        sources = [party for party in self._sources if party not in targets]
        owned = self.copies.rule.sync is Sync.TO and INTACCT in self._parties
        if owned and (not self._known or self._changed(INTACCT)):
            targets.append(INTACCT)
        if not targets or not sources:
            return _Choice(None, (), reasons.AS_ACCEPTED)
        return self._from_one_of(sources, targets, reasons.BEHIND if self._behind else None)

    def _among(self, speaking: Sequence[Party], changed: Sequence[Party]) -> _Choice:
        """Choose among the sources that have something to say."""
        first = speaking[0]
        differ = not all(self._same(first, party) for party in speaking)
        if differ and self.copies.rule.conflict is Conflict.ASK:
            raise _Held
        targets = self._parties
        if self.copies.rule.blank is Blank.LEAVE and not any(map(self._filled, speaking)):
            # Emptying a copy does not stop what was on its way to the others.
            targets = tuple(party for party in targets if party not in speaking)
            speaking = [party for party in changed if self._filled(party)] or speaking
        choice = self._from_one_of(speaking, targets)
        if choice.winner is None:
            return choice
        if differ:
            return _Choice(choice.winner, targets, _WON[choice.winner])
        why = _CHANGED[choice.winner] if self._known else reasons.FIRST
        return _Choice(choice.winner, targets, why)

    def _from_one_of(
        self, sources: Sequence[Party], targets: Sequence[Party], why: Text | None = None
    ) -> _Choice:
        """Choose the first of the sources; an empty value that leaves others alone is none."""
        found = [party for party in targets if party in self.copies.values]
        if self.copies.rule.blank is Blank.LEAVE:
            sources = [party for party in sources if self._filled(party)]
        if not sources:
            return _Choice(None, (), reasons.BLANK)
        return _Choice(sources[0], tuple(found), why)

    def _moves(self, choice: _Choice) -> dict[Party, _Move]:
        winner = choice.winner
        moves = {
            target: self._move(winner, target)
            for target in choice.targets
            if winner is not None and target is not winner
        }
        for party in self.new:
            if begun := self._begun(winner, party):
                moves[party] = begun
        return moves

    def _begun(self, winner: Party | None, party: Party) -> _Move | None:
        """Return what the field of a new record begins with."""
        others = (each for each in self._parties if each not in self._sources)
        sources = (winner,) if winner else (*self._sources, *others)
        for source in filter(self._filled, sources):
            move = self._move(source, party)
            if move.act is Act.REFUSED and source not in self._sources:
                return _Move(Act.LEFT, move.why)  # it only helps to begin with
            return move
        return None

    def _move(self, source: Party, target: Party) -> _Move:
        """Carry the value of ``source`` over to ``target``, unless it is there already."""
        copies, new = self.copies, target in self.new
        if not new and self._same(source, target):
            return _Move(Act.SAME, reasons.EQUAL)
        try:
            value = copies.carried(source, target)
        except BadValue as bad:
            return _Move(Act.REFUSED, bad.text)
        why = reasons.NEW if new else _OWNER[target]
        if is_blank(value):
            if new or copies.rule.blank is Blank.LEAVE:
                return _Move(Act.LEFT, reasons.BLANK)
            if copies.required(target):
                return _Move(Act.LEFT, reasons.NEEDED)
            why, value = reasons.CLEARED, copies.emptied(target)
        if not copies.takes(target):
            # A copy that is read only to be carried on need not be writable itself.
            left = new or (target is SALESFORCE and copies.rule.sync is Sync.TO)
            return _Move(Act.LEFT if left else Act.REFUSED, reasons.SET_ONCE)
        return _Move(_WRITES[target], why, value)

    def _same(self, one: Party, other: Party) -> bool:
        """Say whether ``other`` has what ``one`` has; either way round if both are sources."""
        if one is other or self._fits(one, other):
            return True
        return one in self._sources and other in self._sources and self._fits(other, one)

    def _fits(self, source: Party, target: Party) -> bool:
        try:
            value = self.copies.carried(source, target)
        except BadValue:
            return False
        return self.copies.text(target, value) == self.copies.said(target)

    def _kept_after(self, choice: _Choice, moves: Mapping[Party, _Move]) -> KeptRow:
        """Return what all are left with; who does not take the value, or is away, is behind."""
        row: dict[str, Any] = {MARK: self.mark}
        behind = [party for party, move in moves.items() if move.act is Act.REFUSED]
        for party in (*self._parties, *self.new):
            move = moves.get(party)
            if move and move.written:
                row[party] = self.copies.written(party, move.value)
            elif party in behind and party not in self.new:
                row[party] = self._bases.get(party, self.copies.mark(party))
            else:
                row[party] = self.copies.mark(party)
        for party in Party:
            if party not in row and party in self._before:  # it is away
                row[party] = self._before[party]
                if choice.winner is not None or party in self._behind:
                    behind.append(party)
        if behind:
            row[BEHIND] = sorted(behind)
        return row

    def _sent_after(self, writes: Mapping[Party, Any]) -> SentRow:
        if not writes and not self.new:
            return self.sent
        row = {name: list(found) for name, found in self.sent.items()}
        for party, value in writes.items():
            _put(row, party, self.copies.written(party, value))
        for party in self.new:
            _put(row, MADE, str(party))
        for party in self._parties if self._known else ():
            if self._changed(party):
                _put(row, seen(party), self.copies.mark(party))
        return row


def _put(row: dict[str, list[str]], name: str, mark: str) -> None:
    found = row.setdefault(name, [])
    if mark not in found:
        found.append(mark)


def _told(choice: _Choice, moves: Mapping[Party, _Move]) -> tuple[Act, Text]:
    """Return what is said of a field whose copies fare differently: the worst, else the first."""
    acts = [*moves.values()]
    for move in acts:
        if move.act is Act.REFUSED:
            return move.act, move.why
    for party in (INTACCT, SALESFORCE, HERE):
        written = moves.get(party)
        if written and written.written:
            plain = written.why in _OWNER.values()
            return written.act, choice.why if plain and choice.why else written.why
    for move in acts:
        if move.act is Act.LEFT:
            return move.act, move.why
    if acts:
        return Act.SAME, reasons.EQUAL
    return Act.LEFT, choice.why or reasons.AS_ACCEPTED
