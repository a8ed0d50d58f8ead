"""The copies of one field on all sides, and the value of one copy as another side takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from crmapp.domain.field_fit import writable
from crmapp.domain.field_rules import FieldRule, Shape, Side
from crmapp.domain.field_values import References, as_text, canonical, convert, digest, is_blank
from crmapp.domain.fields import BadValue, Field, Lookups, parse
from crmapp.i18n import N_, Text

_UNKNOWN = N_("“%(value)s” of %(field)s is not in the pick list here. Synchronize the list first.")
_NOT_THERE = N_(
    "“%(value)s” is a value of the pick list here only. Choose one that %(field)s knows, or"
    " synchronize the list."
)
_NO_LOOKUPS = Lookups()


class Party(StrEnum):
    """Who has a copy of a field: the account here, and the records in both systems."""

    HERE = "here"
    INTACCT = "intacct"
    SALESFORCE = "salesforce"


SIDES = {Party.INTACCT: Side.INTACCT, Party.SALESFORCE: Side.SALESFORCE}


@dataclass(frozen=True)
class Copies:
    """One field of one account: its row, and ``values`` of the parties that have a record.

    The copy here, which ``spec`` describes, holds what the field of Salesforce holds; if it is a
    pick list, its value is the one whose id in Intacct the field of Intacct holds, by ``codes``:
    id in Intacct → code here.
    """

    rule: FieldRule
    intacct: Shape
    salesforce: Shape
    values: Mapping[Party, Any]
    references: References
    spec: Field | None = None
    codes: Mapping[str, str] = field(default_factory=dict)

    def text(self, party: Party, value: Any) -> str:
        """Return what tells whether two values of one party are the same; "" for an empty one."""
        if party is Party.HERE and self._listed:
            return as_text(value) if not is_blank(value) else ""
        return canonical(value, self._shape(party), self._form(party))

    def said(self, party: Party) -> str:
        """Return the text of what ``party`` has, which is nothing where it has no record."""
        return self.text(party, self.values.get(party))

    def mark(self, party: Party) -> str:
        """Return the stand-in for what ``party`` has."""
        return digest(self.said(party))

    def written(self, party: Party, value: Any) -> str:
        """Return the stand-in for what ``party`` has once ``value`` was written."""
        return digest(self.text(party, value))

    def required(self, party: Party) -> bool:
        if party is Party.HERE:
            return self.spec is not None and self.spec.required
        return self._shape(party).required

    def takes(self, party: Party) -> bool:
        """Say whether ``party``, of which there may be no record yet, can be written."""
        if party is Party.HERE:
            return True
        shape = self._shape(party)
        return writable(shape) if party in self.values else shape.creatable

    def emptied(self, party: Party) -> Any:
        """Return what is written to empty the field of ``party``."""
        return False if party in SIDES and self._shape(party).kind == "yes_no" else None

    def carried(self, source: Party, target: Party) -> Any:
        """Return the value of ``source`` as ``target`` takes it; None if it means nothing there.

        Raises:
            BadValue: it does not fit; the text says why.
        """
        value = self.values.get(source)
        if is_blank(value):
            return None
        if source is Party.HERE and self._listed:
            value = self._key(as_text(value))
        if target is Party.HERE:
            return self._taken_here(value, source)
        return self._converted(value, self._form(source), self._form(target))

    @property
    def _listed(self) -> bool:
        return self.spec is not None and self.spec.pick_list is not None

    def _form(self, party: Party) -> Side:
        """Return whose field a party's copy is written like."""
        if party is Party.HERE:
            return Side.INTACCT if self._listed else Side.SALESFORCE
        return SIDES[party]

    def _shape(self, party: Party) -> Shape:
        return self._shape_of(self._form(party))

    def _shape_of(self, side: Side) -> Shape:
        return self.intacct if side is Side.INTACCT else self.salesforce

    def _converted(self, value: Any, of: Side, to: Side) -> Any:
        rule = self.rule if of is not to else self._as_it_is
        return convert(rule, value, to, self._shape_of(of), self._shape_of(to), self.references)

    @cached_property
    def _as_it_is(self) -> FieldRule:
        """The row for values that stay in the form of one side: no word means another."""
        return replace(self.rule, words={}, lookup="")

    def _taken_here(self, value: Any, source: Party) -> Any:
        spec = self.spec
        assert spec is not None  # noqa: S101 - a row without a field here has no copy here
        form = self._form(Party.HERE)
        if self._form(source) is not form:
            value = self._converted(value, self._form(source), form)
        word = "" if value is None else as_text(value)
        if not self._listed:
            return parse(spec, word, _NO_LOOKUPS)
        if word and word not in self.codes:
            params = {"value": word[:80], "field": self.intacct.label}
            raise BadValue(Text(_UNKNOWN, params))
        return self.codes.get(word)

    def _key(self, code: str) -> str:
        """Return the id in Intacct of a value here."""
        for key, known in self.codes.items():
            if known == code:
                return key
        raise BadValue(Text(_NOT_THERE, {"value": code[:80], "field": self.intacct.label}))
