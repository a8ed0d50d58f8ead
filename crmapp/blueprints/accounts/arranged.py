"""The fields of an account's form, as they are arranged for the reader, and which count now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.accounts.alike import overruled
from crmapp.domain.field_conditions import Rules
from crmapp.domain.fields import Field
from crmapp.domain.records import GROUP_MORE
from crmapp.models import Account
from crmapp.services import accounts, fields, layouts
from crmapp.web.access import current_user
from crmapp.web.field_words import counts_if
from crmapp.web.forms import Form
from crmapp.web.record_forms import edit_form, fill_in, form_name, new_form
from crmapp.web.texts import translated

LONG = 80
"""More fields make a long form, which begins with its first two sections open and no others."""
ASKED = "asked"
"""What a form sends says which fields it had: a box that is not ticked is not sent otherwise."""


@dataclass(frozen=True)
class FormSection:
    """A heading of the form with its fields; ``about`` says when all of it counts."""

    key: str
    label: str
    fields: Sequence[Field]
    conditional: bool = False
    about: str = ""


def of_forms() -> list[Field]:
    """Return all fields that forms may have; the primary contact is chosen among the contacts."""
    return [spec for name, spec in fields.of("account").items() if name != "primary_contact_id"]


def hers(sent: Mapping[str, str]) -> list[Field]:
    """Return the fields of the reader's form: of one that she sent, those that it had.

    What was hidden meanwhile is still hers to say; what was shown meanwhile waits until she opens
    the form anew, unless it is required.
    """
    shown = layouts.met(layouts.of(current_user.role))
    asked = sent[ASKED].split() if ASKED in sent else None
    return [
        spec
        for spec in of_forms()
        if form_name(spec) in sent
        or (spec.name in shown and (asked is None or spec.required or form_name(spec) in asked))
    ]


def arranged(form: Form, specs: Sequence[Field], account: Account | None) -> dict[str, Any]:
    """Return what the form of ``account`` needs: its sections, which fields decide, which count."""
    layout = layouts.of(current_user.role)
    rules = layouts.rules(layout)
    for spec in specs:
        if spec.name in rules and form_name(spec) in form:
            field = form[form_name(spec)]
            field.description += f" {counts_if(rules[spec.name])}"
            if spec.required and type(field) is SelectField:  # while it does not count: nothing
                field.choices = [SelectChoice("", "–"), *field.choices]
    away = {name for name in left_out(form, account) if name not in _wrong(form, specs)}
    sections = list(_sections(specs, rules))
    return {
        "account": account,
        "sections": sections,
        "asked": " ".join(map(form_name, specs)),
        "conditional": rules.keys(),
        "deciding": {each.field for asked in rules.values() for each in asked},
        "away": away,
        "away_sections": _all_in(sections, away),
        "long": len(specs) > LONG,
    }


def _wrong(form: Form, specs: Sequence[Field]) -> set[str]:
    return {spec.name for spec in specs if form_name(spec) in form.errors}


def _sections(specs: Sequence[Field], rules: Rules) -> list[FormSection]:
    left = {spec.name for spec in specs}
    found: list[FormSection] = []
    for section, placed in layouts.sections(layouts.of(current_user.role)):
        met = [spec for spec in placed if spec.name in left]
        left -= {spec.name for spec in met}
        if met:
            about = counts_if([section.when]) if section.when else ""
            conditional = all(spec.name in rules for spec in met)
            found.append(FormSection(section.key, section.label, met, conditional, about))
    rest = [spec for spec in specs if spec.name in left]
    return [*found, FormSection("rest", GROUP_MORE, rest)] if rest else found


def _all_in(sections: Sequence[FormSection], away: Collection[str]) -> set[str]:
    return {each.key for each in sections if all(spec.name in away for spec in each.fields)}


def standing(form: Form, specs: Sequence[Field], account: Account | None) -> dict[str, bool]:
    """Return, of each part of the form that may come and go, whether it is away now."""
    rules, away = layouts.rules(layouts.of(current_user.role)), left_out(form, account)
    sections = _sections(specs, rules)
    gone = _all_in(sections, away)
    return {
        **{form_name(spec): spec.name in away for spec in specs if spec.name in rules},
        **{f"section-{each.key}": each.key in gone for each in sections if each.conditional},
    }


def left_out(form: Form, account: Account | None) -> frozenset[str]:
    """Return the fields that do not count, as the form stands."""
    values = layouts.deciding(account, by=current_user)
    for spec in of_forms():
        if form_name(spec) in form:
            values[spec.name] = form[form_name(spec)].data
    return layouts.left_out(values, by=current_user)


def typed(form: Form) -> Mapping[str, Any]:
    """Return what was typed for a new account, and how it begins in the fields she is not shown."""
    blank = new_form(of_forms(), sent=False, owner_id=current_user.id)
    return {name: value for name, value in blank.values.items() if name not in form} | form.values


def sent_by(form: Form) -> dict[str, Any]:
    """Return by whom a form was sent, with its key; what stands in fields it hid is not meant."""
    key = form.idempotency_key.data
    return {"by": current_user, "key": key, "overruled": overruled(), "as_shown": True}


def unsaved(form: Form, account: Account | None) -> str:
    """Say in which fields something else was typed that is not saved, since they do not count."""
    gone = left_out(form, account)
    away = [spec for spec in of_forms() if spec.name in gone]
    blank = _blank(account) if away else form
    names = [
        translated(spec.label)
        for spec in away
        if (name := form_name(spec)) in form
        and (form[name].data or None) != (blank[name].data or None)
    ]
    told = ", ".join(names)
    return _("Not saved, since it does not count: %(fields)s.", fields=told) if names else ""


def _blank(account: Account | None) -> Form:
    """Return the form before anything was typed."""
    if account is None:
        return new_form(of_forms(), sent=False, owner_id=current_user.id)
    known = accounts.links_typed(account, by=current_user)
    return edit_form(of_forms(), account, typed=known, sent=False)


def retired_since(form: Form, account: Account | None) -> list[tuple[str, str]]:
    """Return (label, text) of what was typed in fields that were retired meanwhile."""
    retired = [s for s in fields.every("account").values() if s.retired and s.name in request.form]
    if not retired:
        return []
    if account is None:
        return fill_in(form, new_form(retired), new_form(retired, sent=False))
    known = accounts.links_typed(account, by=current_user)
    blank = edit_form(retired, account, typed=known, sent=False)
    return fill_in(form, new_form(retired), blank)
