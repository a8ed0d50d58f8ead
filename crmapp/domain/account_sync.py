"""What becomes of an account, its Intacct customer and its Salesforce account: who gets what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmapp.domain import field_reasons as reasons
from crmapp.domain.field_checks import Shapes, needs_lookup, rests
from crmapp.domain.field_conflict import Torn
from crmapp.domain.field_copies import SIDES, Copies, Party
from crmapp.domain.field_fit import writable
from crmapp.domain.field_merge import BEHIND, FieldMerge, Settled
from crmapp.domain.field_rules import FieldRule, Rules, Shape, Side
from crmapp.domain.field_sync import Act, Record, lookups
from crmapp.domain.field_values import References, canonical, digest, is_blank
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.i18n import Text

HERE: Mapping[str, str] = {
    "name": "name", "phone": "phone", "fax": "fax", "email": "email", "website": "website",
    "street": "billing_street", "city": "billing_city", "state": "billing_state",
    "postal_code": "billing_postal_code", "country": "billing_country", "territory": "territory",
}  # fmt: skip
"""Code of a standard row → the field of the account here that it carries."""
NUMBER = "number"
"""The field of an account that holds the customer's id in Intacct."""
ID_ROW = "customer_id"

Kept = Mapping[str, Mapping[str, Any]]
"""Key of a row → stand-ins for the row (``mark``) and for what each party was left with, by their
names; ``behind`` names those that did not take the value. As JSON keeps it."""
Sent = Mapping[str, Mapping[str, list[str]]]
"""Key of a row → party → stand-ins for values that attempts wrote, which not all accepted yet; and
what was seen and which records were to be made meanwhile. As JSON keeps it."""


@dataclass(frozen=True)
class Explained:
    """What becomes of one row, why, and who is written."""

    rule: FieldRule
    act: Act
    why: Text
    written: tuple[Party, ...] = ()


@dataclass(frozen=True)
class Merged:
    """What becomes of one account; nothing is written by it.

    ``here``, ``intacct`` and ``salesforce`` are the values to write, by the names of each. ``kept``
    is what to keep once all were accepted, ``sent`` what to remember from before they are written
    until then. ``problems`` says by the keys of rows what could not be carried over, and ``torn``
    between which copies a person has to decide.
    """

    here: dict[str, Any]
    intacct: dict[str, Any]
    salesforce: dict[str, Any]
    kept: Kept
    sent: Sent
    problems: dict[str, Text]
    outcomes: tuple[Explained, ...]
    torn: dict[str, Torn]


def fields_here() -> tuple[str, ...]:
    """Return the names of the account's fields that a merge reads."""
    return (NUMBER, *HERE.values())


def named(
    rules: Rules,
    shapes: Shapes,
    here: Record,
    intacct: Record | None,
    salesforce: Record | None,
    codes: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return, per object of Salesforce, the Intacct ids and the ids that the records name.

    It is :func:`crmapp.domain.field_sync.lookups` for an account with pick lists of its own.
    """
    keys, ids = lookups(rules, shapes, intacct, salesforce)
    for rule in rules:
        spec = ACCOUNT_FIELDS[HERE[rule.code]] if rule.code in HERE else None
        if not (spec and spec.pick_list and rule.active and rule.lookup):
            continue
        if needs_lookup(shapes.get(rule, Side.SALESFORCE)):
            code = here.get(spec.name)
            known = codes.get(spec.pick_list, {})
            found = {key for key, each in known.items() if each == code}
            if found:
                keys.setdefault(rule.lookup, set()).update(found)
    return keys, ids


def merge(
    rules: Rules,
    shapes: Shapes,
    here: Record,
    intacct: Record | None,
    salesforce: Record | None,
    *,
    kept: Kept,
    sent: Sent,
    references: References,
    broken: Mapping[str, Text],
    codes: Mapping[str, Mapping[str, str]],
    create: frozenset[Side] = frozenset(),
) -> Merged:
    """Decide what becomes of each field of an account; a system without its record is None.

    ``create`` are the systems that get a record now; one that has none and gets none is left out.
    ``codes`` are per pick list id in Intacct → code here; ``broken`` says of rows why they cannot
    be synchronised at all; a standard row among them that rests has worked before.
    """
    there = {Party.INTACCT: intacct, Party.SALESFORCE: salesforce}
    new = frozenset(p for p, record in there.items() if record is None and Side(p) in create)
    account = _Account(shapes, here, there, new, references, codes)
    done = {
        rule.key: account.settled(rule, kept.get(rule.key, {}), sent.get(rule.key, {}), broken)
        for rule in rules
    }
    names = {rule.key: account.names(rule) for rule in rules}
    values = {
        party: {
            names[key][party]: settled.writes[party]
            for key, settled in done.items()
            if party in settled.writes
        }
        for party in Party
    }
    return Merged(
        values[Party.HERE],
        values[Party.INTACCT],
        values[Party.SALESFORCE],
        {key: settled.kept for key, settled in done.items() if settled.kept},
        {**sent, **{key: settled.sent for key, settled in done.items() if settled.sent}},
        {k: each.why for k, each in done.items() if each.act in (Act.REFUSED, Act.HELD)},
        tuple(_explained(rule, done[rule.key]) for rule in rules),
        {key: settled.torn for key, settled in done.items() if settled.torn},
    )


def _explained(rule: FieldRule, settled: Settled) -> Explained:
    return Explained(rule, settled.act, settled.why, tuple(settled.writes))


@dataclass(frozen=True)
class _Account:
    """An account with its records in both systems."""

    shapes: Shapes
    here: Record
    there: Mapping[Party, Record | None]
    new: frozenset[Party]
    references: References
    codes: Mapping[str, Mapping[str, str]]

    def names(self, rule: FieldRule) -> dict[Party, str]:
        """Return party → the name of its field of a row."""
        return {
            Party.HERE: HERE.get(rule.code, ""),
            Party.INTACCT: rule.intacct,
            Party.SALESFORCE: rule.salesforce,
        }

    def settled(
        self,
        rule: FieldRule,
        kept: Mapping[str, Any],
        sent: Mapping[str, list[str]],
        broken: Mapping[str, Text],
    ) -> Settled:
        """Decide what becomes of one row."""
        ends = [self.shapes.get(rule, side) for side in Side]
        if rule.active and rule.key in broken and not rests(rule, self.shapes):
            # New records are made by their id, whatever is wrong with the row.
            ids = self._identified(rule).writes if rule.code == ID_ROW else {}
            made = {party: ids[party] for party in Party if party in ids and party in self.new}
            return Settled(Act.REFUSED, broken[rule.key], kept, made, sent)
        if rule.code == ID_ROW:
            return self._identified(rule)
        intacct, salesforce = ends
        if not rule.active:
            return Settled(Act.OFF, reasons.OFF, kept, {}, sent)
        if intacct is None or salesforce is None:
            if rule.key in broken and self._differs(rule, kept):
                return Settled(Act.HELD, broken[rule.key], kept, {}, sent)
            return Settled(Act.OFF, reasons.RESTS, kept, {}, sent)
        copies = self._copies(rule, intacct, salesforce)
        return FieldMerge(copies, self.new, kept, sent, digest(rule.text)).settled()

    def _differs(self, rule: FieldRule, kept: Mapping[str, Any]) -> bool:
        """Say whether a copy that can be read is not what was accepted; a field is not there."""
        side = next((each for each in Side if self.shapes.get(rule, each)), None)
        shape = self.shapes.get(rule, side) if side else None
        if shape is None or not (self.new or any(self.there.values())):
            return False
        if kept.get(BEHIND):
            return True
        copies = self._copies(rule, shape, shape)  # the copy here is plain, whatever it goes to
        read = [party for party in copies.values if SIDES.get(party, side) is side]
        return any(copies.mark(party) != kept.get(party, digest("")) for party in read)

    def _copies(self, rule: FieldRule, intacct: Shape, salesforce: Shape) -> Copies:
        spec = ACCOUNT_FIELDS[HERE[rule.code]] if rule.code in HERE else None
        known = self.codes.get(spec.pick_list or "", {}) if spec else {}
        return Copies(rule, intacct, salesforce, self._values(rule), self.references, spec, known)

    def _values(self, rule: FieldRule) -> dict[Party, Any]:
        """Return what each party that has a record and takes part in the row says."""
        names = self.names(rule)
        values = {p: record.get(names[p]) for p, record in self.there.items() if record is not None}
        if rule.code in HERE:
            values[Party.HERE] = self.here.get(HERE[rule.code])
        return values

    def _identified(self, rule: FieldRule) -> Settled:
        """Give the customer's id to the records that lack it; a new customer gets the number."""
        customer = self.there[Party.INTACCT]
        id = (customer or {}).get(rule.intacct) or self.here.get(NUMBER)
        if is_blank(id):
            return Settled(Act.LEFT, reasons.NO_SOURCE, {}, {}, {})
        writes = {Party.INTACCT: id} if Party.INTACCT in self.new else {}
        shape, record = self.shapes.get(rule, Side.SALESFORCE), self.there[Party.SALESFORCE]
        new = Party.SALESFORCE in self.new
        if shape and (new or record is not None):
            said = canonical((record or {}).get(rule.salesforce), shape, Side.SALESFORCE)
            if said != canonical(id, shape, Side.SALESFORCE):
                if not (new or writable(shape)):
                    return Settled(Act.REFUSED, reasons.SET_ONCE, {}, {}, {})
                writes[Party.SALESFORCE] = id
        if not writes:
            return Settled(Act.SAME, reasons.EQUAL, {}, {}, {})
        act = Act.TO_SALESFORCE if Party.SALESFORCE in writes else Act.TO_INTACCT
        why = reasons.NEW if self.new else reasons.OWNER[Side.SALESFORCE]
        return Settled(act, why, {}, writes, {})
