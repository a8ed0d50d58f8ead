"""The form that maps the columns of a source to the fields of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.domain.fields import Field
from crmapp.domain.mapping import CHOSEN_KINDS, MATCH_FIELDS, FieldMapping, Wanted
from crmapp.domain.steps import MOST, Step, StepKind
from crmapp.services import fields
from crmapp.services.sources import SourceColumn
from crmapp.web.forms import Form
from crmapp.web.texts import translated

FIXED = "="
"""Chosen instead of a column: every row has the same value."""
NOTHING = "="
"""Chosen as the meaning of a word: the cell counts as empty."""


class MappingForm(Form):
    """One drop-down per field is added by :func:`mapping_form`.

    Steps and value maps are plain fields beside it: ``phone.step`` and ``phone.step-value``, as
    often as there are steps, ``terms.from`` and ``terms.to``, as often as there are words.
    """

    mapped: Sequence[str] = ()
    match = RadioField(
        lazy_gettext("Which field finds the accounts that exist?"), validate_choice=False
    )
    empty = RadioField(lazy_gettext("What does an empty cell do?"), validate_choice=False)
    wanted = RadioField(lazy_gettext("Which rows are taken?"), validate_choice=False)
    confirmed = BooleanField(lazy_gettext("Confirm the number of rows"))

    save_as = StringField(lazy_gettext("Save this mapping as"))

    kept = FieldMapping({})
    """What the form was opened with; what was sent takes its place."""

    @property
    def mapping(self) -> FieldMapping:
        """What the person chose."""
        chosen = {name: self[name].data for name in self.mapped}
        columns = {name: column for name, column in chosen.items() if column and column != FIXED}
        fixed = [name for name, column in chosen.items() if column == FIXED]
        match, clears = self.match.data or "", self.empty.data == "clear"
        if request.method != "POST":
            return replace(self.kept, columns=columns, match=match, clear_empty=clears, version=1)
        sent = self.wanted.data
        return FieldMapping(
            columns,
            match,
            clears,
            fixed={name: request.form.get(f"{name}.fixed", "").strip() for name in fixed},
            steps={name: steps for name in columns if (steps := _steps(name))},
            values={name: words for name in columns if (words := _words(name))},
            wanted=Wanted(sent) if sent in list(Wanted) else Wanted.BOTH,
        )

    @property
    def confirmed_count(self) -> int | None:
        """The number that was ticked, if it was."""
        sent = (self.confirmed.raw_data or [""])[0]
        return int(sent) if sent.isdecimal() and len(sent) < 15 else None


def _steps(name: str) -> tuple[Step, ...]:
    """Read the steps of a field; those that were taken out or are made up are left out."""
    kinds = request.form.getlist(f"{name}.step")[: MOST + 1]
    values = request.form.getlist(f"{name}.step-value")
    values += [""] * (len(kinds) - len(values))
    found = zip(kinds, values, strict=False)
    known = [Step(StepKind(kind), value) for kind, value in found if kind in list(StepKind)]
    return tuple(known[:MOST])


def _words(name: str) -> dict[str, str]:
    """Read a field's value map, but for the words that were left open."""
    if fields.of("account")[name].kind not in CHOSEN_KINDS:
        return {}
    sent = zip(
        request.form.getlist(f"{name}.from"), request.form.getlist(f"{name}.to"), strict=False
    )
    said = [(word, meaning) for word, meaning in sent if word.strip() and meaning]
    return {word: "" if meaning == NOTHING else meaning for word, meaning in said}


AnyForm = TypeVar("AnyForm", bound=MappingForm)


def mapping_form(columns: Sequence[SourceColumn], mapping: FieldMapping) -> MappingForm:
    """Build the form over ``columns``, filled from ``mapping`` unless the request sent it."""
    return form_of(MappingForm, columns, mapping)


def form_of(
    base: type[AnyForm], columns: Sequence[SourceColumn], mapping: FieldMapping, **values: object
) -> AnyForm:
    """Build such a form that asks for more; ``values`` are those of what it adds."""
    untouched = SelectChoice("", _("Leave untouched"))
    fixed = SelectChoice(FIXED, _("The same value in every row"))
    choices = [untouched, fixed, *(SelectChoice(each.name, each.label) for each in columns)]
    selects = {spec.name: _select(spec, choices) for spec in mappable()}
    more = {"mapped": tuple(selects), "kept": mapping}
    form_class = type("AccountMappingForm", (base,), {**selects, **more})
    kept = {
        **dict.fromkeys(mapping.fixed, FIXED),
        **mapping.columns,
        "match": mapping.match,
        "empty": "clear" if mapping.clear_empty else "leave",
        "wanted": mapping.wanted.value,
        **values,
    }
    return _offer(form_class(data=kept))


def _offer(form: AnyForm) -> AnyForm:
    """List what may be chosen beside the columns."""
    specs = fields.of("account")
    form.match.choices = [
        SelectChoice(name, translated(specs[name].label)) for name in MATCH_FIELDS
    ]
    form.empty.choices = [
        SelectChoice("leave", _("Leave the account's value as it is")),
        SelectChoice("clear", _("Clear the account's value")),
    ]
    form.wanted.choices = [
        SelectChoice(Wanted.BOTH.value, _("All: accounts are created and updated")),
        SelectChoice(Wanted.CREATE.value, _("New ones: accounts that exist stay as they are")),
        SelectChoice(Wanted.UPDATE.value, _("Known ones: no account is created")),
    ]
    return form


def _select(spec: Field, choices: list[SelectChoice]) -> SelectField:
    return SelectField(translated(spec.label), choices=choices, validate_choice=False, default="")


def mappable() -> list[Field]:
    """Return the fields that a source may fill."""
    return [spec for spec in fields.of("account").values() if spec.mappable]


def grouped() -> list[tuple[str, list[Field]]]:
    """Return the fields that may be mapped, group by group, in the order of the domain."""
    groups: dict[str, list[Field]] = {}
    for spec in mappable():
        groups.setdefault(spec.group, []).append(spec)
    return list(groups.items())
