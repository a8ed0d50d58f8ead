"""What is wrong with a row of the field map, said where it can be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from crmapp.domain.field_fit import fit, meets_list, same_word, words_of
from crmapp.domain.field_rules import (
    Blank,
    FieldRule,
    Lock,
    Rules,
    Shape,
    Side,
    Sync,
)
from crmapp.i18n import N_, Text

Problems = dict[str, Text]
"""Setting of a row (``intacct``, ``sync``, ``words`` …) → what is wrong with it."""

MOST_CHARACTERS = 255
"""So long the name of a field or an object, or a value of a pick list, may be at most."""
_CHOOSE = N_("Choose a field.")
_TOO_LONG = N_("At most %(most)s characters.")
_GONE = N_(
    "%(system)s has no field %(field)s, or hides it. Choose another one, or set the row inactive."
)
_PAIR_TWICE = N_("These two fields have a row already. Change that one.")
_TWICE = N_("%(field)s is mapped to %(other)s already in this direction: a field has one partner.")
_LOSES = N_("What goes there and comes back is not the same: choose one direction.")
_REQUIRED = N_("%(field)s is required: an empty value has to leave it as it is.")
_LOOKUP = N_("%(field)s names another record. Choose the object that it is looked up in.")
_NO_LOOKUP = N_("%(field)s does not refer to %(object)s. Choose one of the objects offered.")
_NOT_MEANT = N_("Say which value of %(target)s is meant by: %(values)s.")
_UNKNOWN = N_("%(target)s does not have the values: %(values)s. Choose others.")
_FIXED = N_("This row is fixed: it cannot be changed.")
_FORMULA = N_("This field is calculated: only its status can be changed.")
_STANDARD = N_("The fields of a standard row stay as they are. Set it inactive and add a row.")


@dataclass(frozen=True)
class Shapes:
    """The fields of both sides by their names."""

    intacct: Mapping[str, Shape] = field(default_factory=dict)
    salesforce: Mapping[str, Shape] = field(default_factory=dict)

    def of(self, side: Side) -> Mapping[str, Shape]:
        return self.intacct if side is Side.INTACCT else self.salesforce

    def get(self, rule: FieldRule, side: Side) -> Shape | None:
        return self.of(side).get(rule.name(side))


def lacks(rule: FieldRule, shapes: Shapes) -> bool:
    """Say whether a field of a row is not there."""
    return any(shapes.get(rule, side) is None for side in Side)


def rests(rule: FieldRule, shapes: Shapes) -> bool:
    """Say whether a standard row waits for a field that this installation does not have."""
    return bool(rule.code) and lacks(rule, shapes)


def problems(rule: FieldRule, others: Iterable[FieldRule], shapes: Shapes) -> Problems:
    """Say what is wrong with ``rule`` among ``others``; nothing if it can be synchronised.

    An inactive row only has to name two fields, and a standard row waits for those that are not
    there.
    """
    found = _too_long(rule)
    if found:
        return found
    for side in Side:
        if not rule.name(side):
            found[side] = Text(_CHOOSE)
        elif rule.active and not rule.code and shapes.get(rule, side) is None:
            params = {"system": side.title, "field": rule.name(side)}
            found[side] = Text(_GONE, params)
    rivals = [each for each in others if each is not rule]
    if any(each.key == rule.key for each in rivals):
        found.setdefault("salesforce", Text(_PAIR_TWICE))
    if not rule.active or rests(rule, shapes):
        return found
    for setting, text in (*_twice(rule, rivals, shapes), *_misfits(rule, shapes)):
        found.setdefault(setting, text)
    return found


def _too_long(rule: FieldRule) -> Problems:
    """Find what no system calls anything, so that only a forged form has it."""
    words = [word for side in Side for pair in rule.words_of(side).items() for word in pair]
    said = {
        "intacct": [rule.intacct], "salesforce": [rule.salesforce],
        "lookup": [rule.lookup], "words": words,
    }  # fmt: skip
    text = Text(_TOO_LONG, {"most": MOST_CHARACTERS})
    return {
        setting: text
        for setting, texts in said.items()
        if any(len(each) > MOST_CHARACTERS for each in texts)
    }


def cautions(rule: FieldRule, shapes: Shapes) -> tuple[Text, ...]:
    """Say what is worth a word about a row that may be synchronised."""
    found: dict[str, Text] = {}
    for to in Side:
        ends = _ends(rule, to, shapes) if rule.sync.writes(to) else None
        for text in fit(*ends, to, standard=bool(rule.code)).cautions if ends else ():
            found.setdefault(str(text), text)
    return tuple(found.values())


def _ends(rule: FieldRule, to: Side, shapes: Shapes) -> tuple[Shape, Shape] | None:
    """Return the field that is read and the one that is written."""
    source, target = shapes.get(rule, to.other), shapes.get(rule, to)
    return None if source is None or target is None else (source, target)


def _twice(
    rule: FieldRule, rivals: Iterable[FieldRule], shapes: Shapes
) -> Iterator[tuple[str, Text]]:
    """Find the fields that another active row has in the same direction."""
    for other in rivals:
        if not other.active or rests(other, shapes) or not _meet(rule.sync, other.sync):
            continue
        for side in Side:
            if rule.name(side) == other.name(side) and rule.name(side):
                params = {"field": rule.name(side), "other": other.name(side.other)}
                yield side, Text(_TWICE, params)


def _meet(one: Sync, other: Sync) -> bool:
    return Sync.BOTH in (one, other) or one is other


def _misfits(rule: FieldRule, shapes: Shapes) -> Iterator[tuple[str, Text]]:
    loses = False
    for to in Side:
        ends = _ends(rule, to, shapes) if rule.sync.writes(to) else None
        if ends is None:
            continue
        source, target = ends
        found = fit(source, target, to, standard=bool(rule.code))
        loses |= found.loses
        if found.problem and found.at:
            yield found.at, found.problem
            continue
        if target.required and rule.blank is Blank.CLEAR:
            yield "blank", Text(_REQUIRED, {"field": target.label})
        yield from _wrong_words(rule, to, source, target)
    if loses and rule.sync is Sync.BOTH:
        yield "sync", Text(_LOSES)
    yield from _wrong_lookup(rule, shapes)


def needs_lookup(salesforce: Shape | None) -> bool:
    """Say whether a row of this field of Salesforce looks records up."""
    return salesforce is not None and salesforce.kind == "reference"


def _wrong_lookup(rule: FieldRule, shapes: Shapes) -> Iterator[tuple[str, Text]]:
    target = shapes.get(rule, Side.SALESFORCE)
    if target is None or not needs_lookup(target):
        return
    if not rule.lookup:
        yield "lookup", Text(_LOOKUP, {"field": target.label})
    elif rule.lookup not in target.refers_to:
        yield "lookup", Text(_NO_LOOKUP, {"field": target.label, "object": rule.lookup})


def _wrong_words(
    rule: FieldRule, to: Side, source: Shape, target: Shape
) -> Iterator[tuple[str, Text]]:
    if not meets_list(source, target):
        return
    meant = rule.words_of(to)
    unknown = [word for word in meant.values() if word and same_word(word, target) is None]
    if unknown:
        params = {"target": target.label, "values": ", ".join(dict.fromkeys(unknown))}
        yield "words", Text(_UNKNOWN, params)
    missing = unmeant(rule, to, source, target)
    if missing:
        params = {"target": target.label, "values": ", ".join(missing)}
        yield "words", Text(_NOT_MEANT, params)


def unmeant(rule: FieldRule, to: Side, source: Shape, target: Shape) -> tuple[str, ...]:
    """Return the values of ``source`` of which nobody knows what they mean in ``target``."""
    meant = rule.words_of(to)
    return tuple(
        word for word in words_of(source) if word not in meant and same_word(word, target) is None
    )


def forbidden(before: FieldRule, after: FieldRule) -> Problems:
    """Say what of a row may not be changed: a fixed one, a calculated one, a standard one."""
    if before.lock is Lock.FIXED and after != before:
        return {"": Text(_FIXED)}
    if before.lock is Lock.FORMULA and replace(after, active=before.active) != before:
        return {"": Text(_FORMULA)}
    if before.code and (after.key, after.code, after.lock) != (
        before.key,
        before.code,
        before.lock,
    ):
        return {"": Text(_STANDARD)}
    return {}


def all_problems(rules: Rules, shapes: Shapes) -> dict[str, Problems]:
    """Return key of a row → what is wrong with it, of the rows where something is."""
    found = {rule.key: problems(rule, rules, shapes) for rule in rules}
    return {key: each for key, each in found.items() if each}
