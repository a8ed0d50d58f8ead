"""The form that maps the columns of a source to the fields of accounts."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from crmapp.domain.fields import Field
from crmapp.domain.mapping import MATCH_FIELDS, FieldMapping
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.services.sources import SourceColumn
from crmapp.web.forms import Form
from crmapp.web.texts import translated

FIELDS = [spec for spec in ACCOUNT_FIELDS.values() if spec.mappable]


class MappingForm(Form):
    """One drop-down per field is added by :func:`mapping_form`."""

    match = RadioField(
        lazy_gettext("Which field finds the accounts that exist?"), validate_choice=False
    )
    empty = RadioField(lazy_gettext("What does an empty cell do?"), validate_choice=False)
    confirmed = BooleanField(lazy_gettext("Confirm the number of rows"))

    @property
    def mapping(self) -> FieldMapping:
        """What the person chose."""
        chosen = {spec.name: self[spec.name].data for spec in FIELDS}
        columns = {name: column for name, column in chosen.items() if column}
        return FieldMapping(columns, self.match.data or "", self.empty.data == "clear")

    @property
    def confirmed_count(self) -> int | None:
        """The number that was ticked, if it was."""
        sent = (self.confirmed.raw_data or [""])[0]
        return int(sent) if sent.isdecimal() and len(sent) < 15 else None


def mapping_form(columns: Sequence[SourceColumn], mapping: FieldMapping) -> MappingForm:
    """Build the form over ``columns``, filled from ``mapping`` unless the request sent it."""
    untouched = SelectChoice("", _("Leave untouched"))
    choices = [untouched, *(SelectChoice(each.name, each.label) for each in columns)]
    selects = {spec.name: _select(spec, choices) for spec in FIELDS}
    form_class = type("AccountMappingForm", (MappingForm,), selects)
    kept = {
        **mapping.columns,
        "match": mapping.match,
        "empty": "clear" if mapping.clear_empty else "leave",
    }
    form: MappingForm = form_class(data=kept)
    form.match.choices = [
        SelectChoice(name, translated(ACCOUNT_FIELDS[name].label)) for name in MATCH_FIELDS
    ]
    form.empty.choices = [
        SelectChoice("leave", _("Leave the account's value as it is")),
        SelectChoice("clear", _("Clear the account's value")),
    ]
    return form


def _select(spec: Field, choices: list[SelectChoice]) -> SelectField:
    return SelectField(translated(spec.label), choices=choices, validate_choice=False, default="")


def grouped() -> list[tuple[str, list[Field]]]:
    """Return the fields that may be mapped, group by group, in the order of the domain."""
    groups: dict[str, list[Field]] = {}
    for spec in FIELDS:
        groups.setdefault(spec.group, []).append(spec)
    return list(groups.items())
