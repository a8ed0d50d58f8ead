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
from crmapp.domain.field_conflict import MARK, Torn, torn
from crmapp.domain.field_copies import Copies, Party
from crmapp.domain.field_moves import OWNER, SOURCES, Move, move, same
from crmapp.domain.field_rules import Blank, Conflict, Side, Sync
from crmapp.domain.field_sync import Act
from crmapp.domain.field_values import is_blank
from crmapp.i18n import Text

HERE, INTACCT, SALESFORCE = Party.HERE, Party.INTACCT, Party.SALESFORCE
_RIGHT = {
    Conflict.INTACCT: (INTACCT, HERE, SALESFORCE),
    Conflict.SALESFORCE: (SALESFORCE, HERE, INTACCT),
    Conflict.ASK: (INTACCT, HERE, SALESFORCE),
}
"""By the row's setting, who comes first where copies differ."""
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
_TOLD = (INTACCT, SALESFORCE, HERE)
"""Of several that are written, the first is named."""
BEHIND = "behind"
"""Name under which a kept row has those who did not take the value."""

MADE = "made"
"""Name under which a row that was sent has the parties whose record was to be made."""

KeptRow = Mapping[str, Any]
SentRow = Mapping[str, list[str]]


@dataclass(frozen=True)
class Settled:
    """What becomes of one field: who gets which value, and what is kept once all accepted it.

    ``torn`` are the copies on which a person has to decide.
    """

    act: Act
    why: Text
    kept: KeptRow
    writes: Mapping[Party, Any]
    sent: SentRow
    torn: Torn | None = None


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
        begun = self._begun(None, self._owner) if self._owner_is_new else None
        if begun and begun.written:
            return self._given_first(begun)
        try:
            choice = self._chosen()
        except _Held:
            return self._asked()
        moves = self._moves(choice)
        if not self._sources and not self.new:
            return Settled(Act.LEFT, reasons.NO_SOURCE, self.kept, {}, self.sent)
        writes = {party: each.value for party, each in moves.items() if each.written}
        act, why = _told(choice, moves)
        kept = self._kept_after(choice, moves)
        return Settled(act, why, kept, writes, self._sent_after(writes))

    def _asked(self) -> Settled:
        """Leave all copies as they are, and have a person decide."""
        sources, empties = frozenset(self._sources), self.copies.rule.blank is Blank.CLEAR
        asked = torn(self.copies, self.mark, sources, empties=empties)
        return Settled(Act.HELD, reasons.ASK, self.kept, {}, self._sent_after({}), asked)

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

    def _given_first(self, begun: Move) -> Settled:
        """Settle a row whose owner's record is made now, and begins with what the others know."""
        values = {**self.copies.values, self._owner: begun.value}
        copies = replace(self.copies, values=values)
        rest = replace(self, copies=copies, new=self.new - {self._owner}).settled()
        writes = {self._owner: begun.value, **rest.writes}
        return Settled(begun.act, begun.why, rest.kept, writes, self._sent_after(writes))

    @cached_property
    def _parties(self) -> tuple[Party, ...]:
        """Those that have a copy, in the order in which they are right."""
        rule = self.copies.rule
        order = _RIGHT[rule.conflict if rule.sync is Sync.BOTH else Conflict.ASK]
        return tuple(party for party in order if party in self.copies.values)

    @cached_property
    def _sources(self) -> tuple[Party, ...]:
        sources = SOURCES[self.copies.rule.sync]
        return tuple(party for party in self._parties if party in sources)

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
        """Who did not take the value; a record that was made without one does not speak either."""
        made = (party for party in self.sent.get(MADE, ()) if party not in self.sent)
        return (*self._before.get(BEHIND, ()), *made)

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
        if self.new and not sources:  # whose value it was is no more
            sources = list(self._sources)
        owned = self.copies.rule.sync is Sync.TO and INTACCT in self._parties
        if owned and (not self._known or self._changed(INTACCT)):
            targets.append(INTACCT)
        if not targets or not sources:
            return _Choice(None, (), reasons.AS_ACCEPTED)
        return self._from_one_of(sources, targets, reasons.BEHIND if self._behind else None)

    def _among(self, speaking: Sequence[Party], changed: Sequence[Party]) -> _Choice:
        """Choose among the sources that have something to say."""
        first = speaking[0]
        differ = not all(same(self.copies, first, party) for party in speaking)
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

    def _moves(self, choice: _Choice) -> dict[Party, Move]:
        winner = choice.winner
        moves = {
            target: move(self.copies, winner, target)
            for target in choice.targets
            if winner is not None and target is not winner
        }
        for party in self.new:
            if begun := self._begun(winner, party):
                moves[party] = begun
        return moves

    def _begun(self, winner: Party | None, party: Party) -> Move | None:
        """Return what the field of a new record begins with."""
        others = (each for each in self._parties if each not in self._sources)
        sources = (winner,) if winner else (*self._sources, *others)
        for source in filter(self._filled, sources):
            begun = move(self.copies, source, party)
            if begun.act is Act.REFUSED and source not in self._sources:
                return Move(Act.LEFT, begun.why)  # it only helps to begin with
            return begun
        return None

    def _kept_after(self, choice: _Choice, moves: Mapping[Party, Move]) -> KeptRow:
        """Return what all are left with; who does not take the value, or is away, is behind."""
        row: dict[str, Any] = {MARK: self.mark}
        behind = [party for party, each in moves.items() if each.act is Act.REFUSED]
        for party in (*self._parties, *self.new):
            found = moves.get(party)
            if found and found.written:
                row[str(party)] = self.copies.written(party, found.value)
            elif party in behind and party not in self.new:
                row[str(party)] = self._bases.get(party, self.copies.mark(party))
            else:
                row[str(party)] = self.copies.mark(party)
        for party in Party:
            if party not in row and party in self._before:  # it is away
                row[str(party)] = self._before[party]
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
            _put(row, str(party), self.copies.written(party, value))
        for party in self.new:
            _put(row, MADE, str(party))
        for party in self._parties if self._known else ():
            if self._changed(party):
                _put(row, seen(party), self.copies.mark(party))
        return row


def _put(row: dict[str, list[str]], name: str, mark: str) -> None:
    """Add what was written last to the end."""
    row[name] = [each for each in row.get(name, ()) if each != mark] + [mark]


def _told(choice: _Choice, moves: Mapping[Party, Move]) -> tuple[Act, Text]:
    """Return what is said of a field whose copies fare differently: the worst, else the most."""
    refused = [each for each in moves.values() if each.act is Act.REFUSED]
    written = [moves[party] for party in _TOLD if party in moves and moves[party].written]
    left = [each for each in moves.values() if each.act is Act.LEFT]
    if not refused and written and choice.why and written[0].why in OWNER.values():
        return written[0].act, choice.why
    for each in (*refused, *written, *left):
        return each.act, each.why
    if moves:
        return Act.SAME, reasons.EQUAL
    return Act.LEFT, choice.why or reasons.AS_ACCEPTED
