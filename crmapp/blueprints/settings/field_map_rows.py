"""What the pages of the field map show: its rows, their differences, the form of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, Field, SelectField, ValidationError

from crmapp.domain.field_checks import (
    Problems,
    Shapes,
    cautions,
    needs_lookup,
    problems,
    rests,
)
from crmapp.domain.field_fit import fit, meets_list, same_word, words_of, writable
from crmapp.domain.field_rules import (
    BLANKS,
    CONFLICTS,
    SYNCS,
    Blank,
    Conflict,
    FieldRule,
    RuleChange,
    Rules,
    Shape,
    Side,
    Sync,
)
from crmapp.i18n import N_, Text
from crmapp.services import connections
from crmapp.web.forms import Form, choices
from crmapp.web.texts import translated

ASPECTS = {
    "sync": N_("Sync rule"),
    "conflict": N_("When both changed it"),
    "blank": N_("An empty value"),
    "lookup": N_("Lookup object"),
    "active": N_("Status"),
    "words": N_("Values of the lists"),
}
NO_WORD, NOTHING, MEANS = "", "0:", "1:"


@dataclass(frozen=True)
class Row:
    """A row of the map with all that is said of it."""

    rule: FieldRule
    intacct: Shape | None
    salesforce: Shape | None
    problems: Problems
    cautions: tuple[Text, ...]
    rests: bool
    is_changed: bool


@dataclass(frozen=True)
class Word:
    """A value of one side, and what it may mean on the other; ``chosen`` is one of ``options``."""

    value: str
    chosen: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Words:
    """The values of the field that is read, for the side that is written to."""

    side: Side
    source: Shape
    target: Shape
    words: tuple[Word, ...]


def _is_one_of(of: type[StrEnum]) -> Callable[[Form, Field], None]:
    def check(_form: Form, field: Field) -> None:
        # As it was sent: the form is shown with the row's own rule in its place.
        if any(text not in list(of) for text in field.raw_data or ()):
            raise ValidationError(_("Choose one from the list."))

    return check


class RowForm(Form):
    """One row; what may be chosen depends on the two fields."""

    intacct = SelectField(lazy_gettext("Intacct field"), validate_choice=False)
    salesforce = SelectField(lazy_gettext("Salesforce field"), validate_choice=False)
    sync = SelectField(lazy_gettext("Sync rule"), [_is_one_of(Sync)], validate_choice=False)
    conflict = SelectField(
        lazy_gettext("When both changed it"), [_is_one_of(Conflict)], validate_choice=False
    )
    blank = SelectField(lazy_gettext("An empty value"), [_is_one_of(Blank)], validate_choice=False)
    lookup = SelectField(lazy_gettext("Lookup object"), validate_choice=False)
    active = BooleanField(lazy_gettext("Active"))


def seen_version() -> int:
    """Return the version that the form was made from; none that exists if it was tampered with."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def missing_systems() -> set[str]:
    """Return the systems that are not connected."""
    return {str(side) for side in Side} - connections.connected()


def rows(rules: Rules, shapes: Shapes, changes: Iterable[RuleChange]) -> list[Row]:
    """Return the rows of a map, each with what is wrong with it."""
    changed = {each.rule.key for each in changes}
    return [
        Row(
            rule,
            shapes.get(rule, Side.INTACCT),
            shapes.get(rule, Side.SALESFORCE),
            problems(rule, rules, shapes),
            cautions(rule, shapes) if rule.active else (),
            rests(rule, shapes),
            rule.key in changed,
        )
        for rule in rules
    ]


def said(rule: FieldRule, aspect: str) -> str:
    """Say how a row is set in one respect."""
    if aspect == "active":
        return _("Active") if rule.active else _("Inactive")
    if aspect == "words":
        pairs = [
            f"{word} → {meant or '–'}"
            for side in Side
            for word, meant in rule.words_of(side).items()
        ]
        return ", ".join(pairs)
    if aspect == "lookup":
        return rule.lookup
    labels: Mapping[Any, str] = {**SYNCS, **CONFLICTS, **BLANKS}
    return translated(labels[getattr(rule, aspect)])


def made_of(form: RowForm, before: FieldRule | None) -> FieldRule:
    """Return the row that a form says; the fields of a standard row stay."""
    base = before or FieldRule("", "")
    fields: dict[str, Any] = {} if base.code else {
        "intacct": form.intacct.data or "",
        "salesforce": form.salesforce.data or "",
    }  # fmt: skip
    typed = replace(base, **fields, active=bool(form.active.data))
    if base.lock:
        return typed
    return replace(
        typed,
        sync=_one_of(Sync, form.sync.data, base.sync),
        conflict=_one_of(Conflict, form.conflict.data, base.conflict),
        blank=_one_of(Blank, form.blank.data, base.blank),
        lookup=form.lookup.data or "",
        words=_typed_words(),
    )


def _one_of(of: Any, typed: Any, otherwise: Any) -> Any:
    return of(typed) if typed in list(of) else otherwise


def _typed_words() -> dict[Side, dict[str, str]]:
    found = {}
    for side in Side:
        pairs = zip(
            request.form.getlist(f"word.{side}"),
            request.form.getlist(f"means.{side}"),
            strict=False,
        )
        meant = {word: means[2:] for word, means in pairs if means[:2] in (NOTHING, MEANS)}
        if meant:
            found[side] = meant
    return found


def settled(rule: FieldRule, shapes: Shapes) -> FieldRule:
    """Return a row without what its two fields have no use for, and with the only lookup."""
    target = shapes.get(rule, Side.SALESFORCE)
    lookup = ""
    if target is not None and needs_lookup(target):
        only = target.refers_to[0] if len(target.refers_to) == 1 else ""
        lookup = rule.lookup or only
    words = {each.side: set(words_of(each.source)) for each in lists(rule, shapes)}
    kept = {
        side: {word: meant for word, meant in rule.words_of(side).items() if word in known}
        for side, known in words.items()
    }
    return replace(rule, lookup=lookup, words={side: each for side, each in kept.items() if each})


def lists(rule: FieldRule, shapes: Shapes) -> list[Words]:
    """Return the values that the row has to translate, per side that is written to."""
    found = []
    for side in Side:
        source, target = shapes.get(rule, side.other), shapes.get(rule, side)
        if not rule.sync.writes(side) or source is None or target is None:
            continue
        if (
            meets_list(source, target)
            and words_of(source)
            and not fit(source, target, side).problem
        ):
            words = tuple(_word(rule, side, each, target) for each in words_of(source))
            found.append(Words(side, source, target, words))
    return found


def _word(rule: FieldRule, side: Side, word: str, target: Shape) -> Word:
    same = same_word(word, target)
    meant = rule.words_of(side).get(word)
    chosen = NO_WORD if meant is None else f"{MEANS}{meant}" if meant else NOTHING
    first = _("%(value)s, by its name", value=same) if same else _("Choose a value")
    known = [(f"{MEANS}{each}", each) for each in words_of(target)]
    if meant and chosen not in dict(known):
        known.append((chosen, _("%(value)s (gone)", value=meant)))
    return Word(word, chosen, [(NO_WORD, first), *known, (NOTHING, _("Nothing"))])


def form_of(rule: FieldRule, shapes: Shapes, *, filled: bool) -> RowForm:
    """Return the form of a row; ``filled`` from the row, else from what was sent."""
    form = RowForm(data=vars(rule)) if filled else RowForm()
    for side, field in ((Side.INTACCT, form.intacct), (Side.SALESFORCE, form.salesforce)):
        field.choices = choices([("", _("Choose a field")), *_fields(shapes, side, rule)])
    for field, labels in (
        (form.sync, SYNCS), (form.conflict, CONFLICTS), (form.blank, BLANKS),
    ):  # fmt: skip
        field.choices = choices((value, translated(text)) for value, text in labels.items())
    target = shapes.get(rule, Side.SALESFORCE)
    objects = target.refers_to if target is not None and needs_lookup(target) else ()
    form.lookup.choices = choices([("", _("None")), *((each, each) for each in objects)])
    for name in ("intacct", "salesforce", "sync", "conflict", "blank", "lookup"):
        form[name].data = str(getattr(rule, name))
    form.active.data = rule.active
    return form


def _fields(shapes: Shapes, side: Side, rule: FieldRule) -> list[tuple[str, str]]:
    """Return the fields of a side by label; one that is gone is offered while it is chosen."""
    known = sorted(shapes.of(side).values(), key=lambda each: (each.label.casefold(), each.name))
    found = [(each.name, _described(each)) for each in known]
    chosen = rule.name(side)
    if chosen and chosen not in shapes.of(side):
        found.append((chosen, _("%(value)s (gone)", value=chosen)))
    return found


def _described(shape: Shape) -> str:
    marks = [getattr(shape, "type", shape.kind)]
    if not writable(shape):
        marks.append(_("read only"))
    return f"{shape.label} · {shape.name} · {', '.join(marks)}"
