"""What can be done with the accounts that were chosen in the list, and the form of each action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import force_locale
from flask_babel import gettext as _

from crmapp.blueprints.accounts.columns import label
from crmapp.domain.bulk_edits import WHOLE, Edit, Verb
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid, NotFound
from crmapp.i18n import LOCALES, N_
from crmapp.services import bulk_edits, fields
from crmapp.services.words import Words
from crmapp.web.access import current_user, person
from crmapp.web.forms import Form
from crmapp.web.record_forms import form_name, new_form
from crmapp.web.templating import text


@dataclass(frozen=True)
class Action:
    """What a person may choose to do: ``field`` and ``value`` where she need not say them."""

    label: str
    icon: str
    verb: Verb = Verb.SET
    field: str = ""
    value: str = ""
    right: Right = Right.ACCOUNT_EDIT


EXPORT = Action(N_("Export for editing"), "file-down", right=Right.ACCOUNT_VIEW)
ACTIONS: Mapping[str, Action] = {
    "owner": Action(N_("Assign owner"), "user", field="owner_id"),
    "team": Action(N_("Assign team"), "users", field="team_id"),
    "field": Action(N_("Change a field"), "pencil"),
    "add_tags": Action(N_("Add tags"), "tag", Verb.ADD_TAGS, "tags"),
    "remove_tags": Action(N_("Remove tags"), "x", Verb.REMOVE_TAGS, "tags"),
    "activate": Action(N_("Set active"), "circle-check", field="active", value="yes"),
    "deactivate": Action(N_("Set inactive"), "ban", field="active", value="no"),
    "delete": Action(N_("Delete"), "trash-2", Verb.DELETE, right=Right.ACCOUNT_DELETE),
    "restore": Action(N_("Restore"), "undo-2", Verb.RESTORE, right=Right.ACCOUNT_DELETE),
    "export": EXPORT,
}


def offered(*, deleted: bool) -> dict[str, Action]:
    """Return the actions that are open to the reader, in a list of living or deleted accounts."""
    rights = person().rights
    return {
        name: each
        for name, each in ACTIONS.items()
        if (each.verb is Verb.RESTORE) == deleted and each.right in rights
    }


def named(name: str) -> Action:
    """Return the action that the request asks for.

    Raises:
        NotFound: there is none.
    """
    if name not in ACTIONS:
        raise NotFound
    return ACTIONS[name]


def field_of(action: Action) -> Field | None:
    """Return the field that gets a value: the action's own, or the one that was chosen."""
    name = action.field or request.values.get("field", "")
    known = {spec.name: spec for spec in bulk_edits.editable()}
    return known.get(name)


def form_of(action: Action, spec: Field | None) -> Form:
    """Make the form that asks for the value, filled from the request if it sent one."""
    if spec is None or action.value or action.verb in WHOLE:
        return new_form([])
    nothing: dict[str, Any] = {spec.name: None}  # a new account has a value where a list has one
    return new_form([spec], **nothing)


def edit_of(action: Action, spec: Field | None, form: Form) -> Edit:
    """Return what is asked for.

    Raises:
        Invalid: what is wrong with it, under the names of the form.
    """
    if action.verb in WHOLE:
        return Edit(action.verb)
    if spec is None:
        raise Invalid({"field": bulk_edits.CHOOSE_FIELD})
    name = form_name(spec)
    typed = action.value or form[name].data
    if action.verb is not Verb.SET:
        return bulk_edits.tagging(action.verb, typed, by=current_user)
    try:
        empty = "empty" in request.form
        return bulk_edits.setting(spec.name, typed, empty=empty, by=current_user)
    except Invalid as invalid:
        wrong = {name if each == spec.name else each: t for each, t in invalid.fields.items()}
        raise Invalid(wrong) from invalid


def titles_of(edit: Edit) -> dict[str, str]:
    """Say what is done, in each language."""
    titles = {}
    for locale in LOCALES:
        with force_locale(locale):
            titles[locale] = _said(edit, locale)
    return titles


def _said(edit: Edit, locale: str) -> str:
    if edit.verb is Verb.DELETE:
        return _("Delete accounts")
    if edit.verb is Verb.RESTORE:
        return _("Restore accounts")
    spec = fields.of("account")[edit.field]
    words = Words(
        {spec.name: spec}, [{spec.name: [None, edit.value]}], by=current_user, locale=locale
    )
    said = text(words.say(spec, edit.value))
    if edit.verb is Verb.ADD_TAGS:
        return _("Add tags: %(tags)s", tags=said)
    if edit.verb is Verb.REMOVE_TAGS:
        return _("Remove tags: %(tags)s", tags=said)
    short = said if len(said) <= 80 else f"{said[:79]}…"
    return _("%(field)s: %(value)s", field=label(spec.name, spec), value=short)
