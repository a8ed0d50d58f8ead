"""Forms of records, built from the fields of the domain, which alone decides what is valid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from flask_babel import gettext
from wtforms import (
    BooleanField,
    EmailField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms import Field as FormField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, DateInput, DateTimeLocalInput

from crmapp.db import utcnow
from crmapp.domain.fields import LISTED, Field, Kind
from crmapp.domain.planned import LENGTH, REMINDERS
from crmapp.errors import Conflict
from crmapp.services import pick_lists
from crmapp.web import reader
from crmapp.web.forms import Form, VersionedForm, add_error
from crmapp.web.texts import language, translated
from crmapp.web.typed_numbers import NumberField, as_typed

AnyForm = TypeVar("AnyForm", bound=Form)
Choices = Mapping[str, Sequence[tuple[Any, str]]]
Offer = Callable[[str, tuple[str, ...]], list[tuple[str, str]]]
NO_CHOICES: Choices = MappingProxyType({})
_LOCAL = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Clash:
    """A field that two people changed at once: what each made of it, and what it was before."""

    name: str
    label: str
    mine: Any
    theirs: Any
    original: Any


class Held(Protocol):
    """What a form may change: it holds values, and a version that a person saw."""

    version: Any

    def value(self, spec: Field) -> Any: ...


class Required:
    """Marks a field as required for its reader; the domain refuses what is empty."""

    field_flags = {"required": True}

    def __call__(self, _form: object, _field: object) -> None:
        """Accept everything."""


class MomentField(StringField):
    """A date and time in the reader's zone; its value is the moment with its offset, as text."""

    widget = DateTimeLocalInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what the browser sent; what is no date is left for the domain to refuse."""
        text = valuelist[0].strip() if valuelist else ""
        try:
            local = datetime.fromisoformat(text).replace(tzinfo=reader.timezone())
            self.data = local.isoformat()
        except (ValueError, OverflowError):
            self.data = text

    def _value(self) -> str:
        try:
            moment = datetime.fromisoformat(str(self.data))
            return moment.astimezone(reader.timezone()).strftime(_LOCAL)
        except (ValueError, OverflowError):
            return str(self.data or "")


class DateField(StringField):
    """A day as text; what is none is left for the domain to refuse."""

    widget = DateInput()


class ChosenField(SelectMultipleField):
    """Several values of a list; what is not in it is left for the domain to refuse."""

    option_widget = CheckboxInput()

    def _value(self) -> str:
        return ""


def new_form(
    fields: Iterable[Field],
    *,
    choices: Choices = NO_CHOICES,
    sent: bool = True,
    **values: object,
) -> Form:
    """Build an empty form of ``fields``, filled from the request if it sent one.

    ``choices`` gives (value, text) for fields that name other records. Fields that take their
    values from a pick list begin with its default. With ``sent`` false, nothing of the request is
    filled in.
    """
    fields = list(fields)
    now = utcnow().replace(second=0, microsecond=0)
    usual = {"happens_at": now, "active": True, **_usual(fields)}
    return _build(Form, fields, choices, {**usual, **values}, sent=sent)


def edit_form(
    fields: Iterable[Field],
    record: Held,
    *,
    choices: Choices = NO_CHOICES,
    typed: Mapping[str, object] = MappingProxyType({}),
    sent: bool = True,
) -> VersionedForm:
    """Build a form that changes ``record``, filled with its values or from the request.

    ``typed`` is what stands in fields whose value people do not type as it is kept. ``sent`` is
    false where the request came from another form.
    """
    fields = list(fields)
    values = {spec.name: record.value(spec) for spec in fields} | dict(typed)
    version = {"version": record.version}
    form = _build(VersionedForm, fields, choices, values, sent=sent, **version)
    for spec in fields:
        if form_name(spec) in form.taken:
            many = spec.kind is Kind.MULTI_PICK_LIST
            form[form_name(spec)].process_data(_typed(values[spec.name], many=many))
    return form


def form_name(spec: Field) -> str:
    """Return what the field is called in forms: another account is meant by number or name."""
    return "parent" if spec.name == "parent_id" else spec.name


def show_conflict(form: VersionedForm, conflict: Conflict) -> list[Clash]:
    """Prepare ``form`` to be sent again after somebody else changed the record.

    What she did not touch takes the other person's value. Where both changed a field, her text
    stays, the field says so, and the clash is returned.
    """
    form.version.data = form.version.raw_data = None
    form.version.process_data(conflict.version)
    clashes: list[Clash] = []
    for name, theirs in conflict.theirs.items():
        if name not in form:
            continue
        field, original = form[name], conflict.original.get(name)
        if _same(field.data, original):
            field.process_data(_typed(theirs, many=isinstance(field, ChosenField)))
        elif not _same(field.data, theirs):
            add_error(field, gettext("Somebody else changed this too. Keep yours or take theirs."))
            shown = (_shown(field, value) for value in (field.data, theirs, original))
            clashes.append(Clash(name, field.label.text, *shown))
    return clashes


def fill_in(form: Form, typed: Form, blank: Form) -> list[tuple[str, str]]:
    """Fill the empty fields of ``form`` with what was typed in another form of such a record.

    ``blank`` is that other form before anything was typed. Return (label, text) of what was typed
    and could not be filled in: something else stands there, or it is no field of this form.
    """
    left: list[tuple[str, str]] = []
    for name, text in typed.values.items():
        if not text or text == blank[name].data:
            continue
        if isinstance(text, bool):  # a box that is not ticked may be so on purpose
            if name not in form or not form[name].data:
                left.append((typed[name].label.text, gettext("Yes")))
            continue
        if name in form and not form[name].data:
            form[name].process_data(text)
        elif name not in form or form[name].data != text:
            left.append((typed[name].label.text, _shown(typed[name], text)))
    return left


def _usual(fields: Iterable[Field]) -> dict[str, str]:
    """Return the default values of the pick lists that ``fields`` take theirs from."""
    listed = {spec.name: spec.pick_list or "" for spec in fields if spec.kind is Kind.PICK_LIST}
    defaults = pick_lists.defaults() if listed else {}
    return {name: defaults[code] for name, code in listed.items() if code in defaults}


def _build(
    base: type[AnyForm],
    fields: Iterable[Field],
    choices: Choices,
    values: Mapping[str, Any],
    *,
    sent: bool = True,
    **more: object,
) -> AnyForm:
    fields = list(fields)
    offer = cache(_offer)  # many fields may share a list
    made = {form_name(spec): _field(spec, choices, values.get(spec.name), offer) for spec in fields}
    form_class = type("RecordForm", (base,), made)
    data = {
        form_name(spec): _typed(values.get(spec.name), many=spec.kind is Kind.MULTI_PICK_LIST)
        for spec in fields
    }
    filled = {name: text for name, text in data.items() if text is not None} | more
    return form_class(data=filled) if sent else form_class(formdata=None, data=filled)


def _field(spec: Field, choices: Choices, current: Any, offer: Offer) -> FormField:
    """Make the form's field for ``spec``; the domain checks its value, so it accepts any text."""
    options: dict[str, Any] = {
        "label": translated(spec.label),
        "description": translated(spec.help),
        "validators": [Required()] if spec.required else [],
    }
    kinds: dict[Kind, type[FormField]] = {
        Kind.LONG_TEXT: TextAreaField,
        Kind.EMAIL: EmailField,
        Kind.PHONE: TelField,
        Kind.YES_NO: BooleanField,
        Kind.MOMENT: MomentField,
        Kind.DATE: DateField,
        Kind.MONEY: NumberField,
        Kind.NUMBER: NumberField,
    }
    offered = _choices(spec, choices, current, offer)
    if offered is not None:
        if spec.kind is Kind.MULTI_PICK_LIST:
            rows = [SelectChoice(value, text) for value, text in offered]
            return ChosenField(**options, choices=rows, validate_choice=False)
        blank = [] if spec.required else [("", "–")]
        rows = [SelectChoice(value, text) for value, text in (*blank, *offered)]
        options |= {"choices": rows, "validate_choice": False}
        return SelectField(**options, coerce=_text)
    decimal = {"inputmode": "decimal"}
    hints = {Kind.MONEY: decimal, Kind.NUMBER: decimal, Kind.URL: {"inputmode": "url"}}
    if spec.kind is Kind.LONG_TEXT:
        options["render_kw"] = {"rows": 4}
    elif spec.kind is Kind.LENGTH:
        offered_too = {"list": f"{spec.name}-offered", "placeholder": str(LENGTH)}
        options["render_kw"] = {"autocomplete": "off", "inputmode": "numeric", **offered_too}
    elif spec.kind is not Kind.YES_NO:
        options["render_kw"] = {"autocomplete": "off", **hints.get(spec.kind, {})}
    return kinds.get(spec.kind, StringField)(**options)


def _choices(
    spec: Field, choices: Choices, current: Any, offer: Offer
) -> list[tuple[str, str]] | None:
    """Return what may be chosen for ``spec``, or ``None`` if it is typed."""
    if spec.kind in LISTED:
        kept = current if isinstance(current, list) else [current or ""]
        return offer(spec.pick_list or "", tuple(kept))
    if spec.kind is Kind.USER:
        return [(str(id_), name) for id_, name in pick_lists.people(keep=current)]
    if spec.kind is Kind.TEAM:
        return [(str(id_), name) for id_, name in pick_lists.teams()]
    if spec.kind is Kind.REMINDER:
        return [(minutes, translated(text)) for minutes, text in REMINDERS.items()]
    if spec.name in choices:
        return [(str(value), text) for value, text in choices[spec.name]]
    return None


def _offer(list_code: str, keep: tuple[str, ...]) -> list[tuple[str, str]]:
    return pick_lists.choices(list_code, language(), keep=keep)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _typed(value: Any, *, many: bool = False) -> Any:
    """Return ``value`` as a person would type it; several choices stay a list."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, list) and many:
        return value
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _shown(field: FormField, value: Any) -> Any:
    """Return ``value`` as a person reads it: a choice by its text, a number as she types it."""
    if isinstance(field, SelectField):  # several choices are one as well
        words = {row.value: row.label for row in field.choices}
        if isinstance(value, list):
            return [words.get(_text(each), each) for each in value]
        return words.get(_text(value), value)
    if isinstance(field, NumberField) and isinstance(value, str):
        return as_typed(value)
    return value


def _same(typed: Any, value: Any) -> bool:
    """Whether what stands in the form is ``value``."""
    if isinstance(typed, list):
        return sorted(typed) == sorted(value or [])
    if isinstance(value, datetime):
        return _moment(typed) == value.replace(second=0, microsecond=0)
    if isinstance(value, Decimal):
        return str(typed or "").strip().rstrip("0").rstrip(".") == format(value.normalize(), "f")
    return (typed or None) == (_typed(value) or None)


def _moment(typed: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(typed))
    except ValueError:
        return None
