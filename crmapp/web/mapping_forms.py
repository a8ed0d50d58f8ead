"""The form that maps the columns of a source to the fields of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.domain.fields import Field
from crmapp.domain.mapping import CHOSEN_KINDS, FieldMapping, Wanted, match_fields
from crmapp.domain.record_keys import RECORD
from crmapp.domain.steps import MOST, Step, StepKind
from crmapp.services import fields, upsert_fields
from crmapp.services.sources import SourceColumn
from crmapp.web.forms import Form
from crmapp.web.texts import translated
from crmapp.web.typed_numbers import read_for

FIXED = "="
"""Chosen instead of a column: every row has the same value."""
NOTHING = "="
"""Chosen as the meaning of a word: the cell counts as empty."""


class MappingForm(Form):
    """One drop-down per field is added by :func:`mapping_form`.

    Steps and value maps are plain fields beside it: ``phone.step`` and ``phone.step-value``, as
    often as there are steps, ``terms.from`` and ``terms.to``, as often as there are words.
    """

    specs: Mapping[str, Field] = MappingProxyType({})
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
        match = (self.match.data or "") if "match" in self else RECORD
        clears = self.empty.data == "clear"
        if request.method != "POST":
            return replace(self.kept, columns=columns, match=match, clear_empty=clears, version=1)
        sent = self.wanted.data
        return FieldMapping(
            columns,
            match,
            clears,
            fixed={name: _same_for_all(self.specs[name]) for name in fixed},
            steps={name: steps for name in columns if (steps := _steps(name))},
            values={name: words for name in columns if (words := _words(self.specs[name]))},
            wanted=Wanted(sent) if sent in list(Wanted) else Wanted.BOTH,
        )

    @property
    def confirmed_count(self) -> int | None:
        """The number that was ticked, if it was."""
        sent = (self.confirmed.raw_data or [""])[0]
        return int(sent) if sent.isdecimal() and len(sent) < 15 else None


def _same_for_all(spec: Field) -> str:
    return read_for(spec, request.form.get(f"{spec.name}.fixed", "").strip())


def _steps(name: str) -> tuple[Step, ...]:
    """Read the steps of a field; those that were taken out or are made up are left out."""
    kinds = request.form.getlist(f"{name}.step")[: MOST + 1]
    values = request.form.getlist(f"{name}.step-value")
    values += [""] * (len(kinds) - len(values))
    found = zip(kinds, values, strict=False)
    known = [Step(StepKind(kind), value) for kind, value in found if kind in list(StepKind)]
    return tuple(known[:MOST])


def _words(spec: Field) -> dict[str, str]:
    """Read a field's value map, but for the words that were left open."""
    if spec.kind not in CHOSEN_KINDS:
        return {}
    words, meanings = (request.form.getlist(f"{spec.name}.{end}") for end in ("from", "to"))
    said = [
        (word, meaning)
        for word, meaning in zip(words, meanings, strict=False)
        if word.strip() and meaning
    ]
    return {word: "" if meaning == NOTHING else meaning for word, meaning in said}


AnyForm = TypeVar("AnyForm", bound=MappingForm)


def mapping_form(
    columns: Sequence[SourceColumn], mapping: FieldMapping, source: Mapping[str, Any] = {}
) -> MappingForm:
    """Build the form over ``columns``, filled from ``mapping`` unless the request sent it.

    ``source`` is what a run keeps of where its rows come from; without one they are accounts.
    """
    return form_of(MappingForm, columns, mapping, source)


def form_of(
    base: type[AnyForm],
    columns: Sequence[SourceColumn],
    mapping: FieldMapping,
    source: Mapping[str, Any] = {},
    **values: object,
) -> AnyForm:
    """Build such a form that asks for more; ``values`` are those of what it adds."""
    untouched = SelectChoice("", _("Leave untouched"))
    fixed = SelectChoice(FIXED, _("The same value in every row"))
    choices = [untouched, fixed, *(SelectChoice(each.name, each.label) for each in columns)]
    specs = upsert_fields.of(source)
    selects = {spec.name: _select(spec, choices) for spec in mappable(specs)}
    more = {"mapped": tuple(selects), "kept": mapping, "specs": specs}
    form_class = type("AccountMappingForm", (base,), {**selects, **more})
    kept = {
        **dict.fromkeys(mapping.fixed, FIXED),
        **mapping.columns,
        "match": mapping.match,
        "empty": "clear" if mapping.clear_empty else "leave",
        "wanted": mapping.wanted.value,
        **values,
    }
    form = form_class(data=kept)
    if upsert_fields.object_of(source) == "account":
        return _offer(form)
    return _offer_attached(form)


def _offer(form: AnyForm) -> AnyForm:
    """List what may be chosen beside the columns."""
    form.match.choices = [
        SelectChoice(name, translated(form.specs[name].label)) for name in match_fields(form.specs)
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


def _offer_attached(form: MappingForm) -> MappingForm:
    """List what may be chosen about contacts and activities, which only their ids name."""
    del form.match
    form.empty.choices = [
        SelectChoice("leave", _("Leave the value as it is")),
        SelectChoice("clear", _("Clear the value")),
    ]
    form.wanted.choices = [
        SelectChoice(Wanted.BOTH.value, _("All: records are created and updated")),
        SelectChoice(Wanted.CREATE.value, _("New ones: records that exist stay as they are")),
        SelectChoice(Wanted.UPDATE.value, _("Known ones: no record is created")),
    ]
    return form


def _select(spec: Field, choices: list[SelectChoice]) -> SelectField:
    return SelectField(translated(spec.label), choices=choices, validate_choice=False, default="")


def mappable(specs: Mapping[str, Field] | None = None) -> list[Field]:
    """Return the fields that a source may fill, of ``specs`` or else of accounts."""
    of = fields.of("account") if specs is None else specs
    return [spec for spec in of.values() if spec.mappable]


def grouped(specs: Mapping[str, Field] | None = None) -> list[tuple[str, list[Field]]]:
    """Return the fields that may be mapped, group by group, in the order of the domain."""
    groups: dict[str, list[Field]] = {}
    for spec in mappable(specs):
        groups.setdefault(spec.group, []).append(spec)
    return list(groups.items())
