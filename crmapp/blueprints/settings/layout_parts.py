"""The sections and tabs of a layout: made, named, laid on a tab, taken away."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import SelectField, StringField

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.layout_page import (
    AUDIENCE_LABELS,
    back_to,
    refusals,
    seen_version,
    show,
)
from crmapp.domain.layouts import DETAILS, MORE, Section, Tab
from crmapp.errors import Conflict, Invalid
from crmapp.services import layout_edits
from crmapp.services.layout_edits import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form, choices
from crmapp.web.htmx import page
from crmapp.web.texts import translated


class TabForm(Form):
    """What a tab is called."""

    name = StringField(
        lazy_gettext("English name"),
        description=lazy_gettext("Left empty, it is the French one."),
    )
    name_fr = StringField(
        lazy_gettext("French name"),
        description=lazy_gettext("Left empty, it is the English one."),
    )


class SectionForm(TabForm):
    """What a section is called, and the tab it lies on."""

    tab = SelectField(
        lazy_gettext("On the tab"),
        description=lazy_gettext("Where the record page shows it; the form has all sections."),
        validate_choice=False,
    )


@dataclass(frozen=True)
class Part:
    """A section or a tab that is being edited, in whose layout; ``key`` is empty for a new one."""

    audience: str
    kind: str
    key: str = ""
    label: str = ""


@bp.get("/layouts/<audience>/<any(sections, tabs):kind>/new")
@requires(RIGHT)
def new_layout_part(audience: str, kind: str) -> ResponseReturnValue:
    """Show an empty form for a section or a tab."""
    return _form(Part(audience, kind), _blank(audience, kind))


@bp.post("/layouts/<audience>/<any(sections, tabs):kind>")
@requires(RIGHT)
def create_layout_part(audience: str, kind: str) -> ResponseReturnValue:
    """Make a section or a tab, or show what is wrong with the form."""
    return _save(Part(audience, kind))


@bp.get("/layouts/<audience>/<any(sections, tabs):kind>/<key>/edit")
@requires(RIGHT)
def edit_layout_part(audience: str, kind: str, key: str) -> ResponseReturnValue:
    """Show a section or a tab in a form."""
    found = _found(audience, kind, key)
    form = _blank(audience, kind)
    form.name.data = found.name
    form.name_fr.data = found.name_fr or translated(found.name)
    if isinstance(form, SectionForm) and isinstance(found, Section):
        form.tab.data = found.tab
    return _form(Part(audience, kind, key, found.label), form)


@bp.post("/layouts/<audience>/<any(sections, tabs):kind>/<key>")
@requires(RIGHT)
def update_layout_part(audience: str, kind: str, key: str) -> ResponseReturnValue:
    """Change a section or a tab, or show what is wrong or who was quicker."""
    return _save(Part(audience, kind, key, _found(audience, kind, key).label))


@bp.post("/layouts/<audience>/<any(sections, tabs):kind>/<key>/removal")
@requires(RIGHT)
def remove_layout_part(audience: str, kind: str, key: str) -> ResponseReturnValue:
    """Take a section or a tab away; what lay in it comes elsewhere."""
    remove = layout_edits.remove_section if kind == "sections" else layout_edits.remove_tab
    try:
        remove(audience, key, seen=seen_version(), by=current_user)
    except (Conflict, Invalid) as error:
        return show(audience, refusals(error), error.status)
    if kind == "sections":
        flash(_("The section is gone; its fields stand under More."), "success")
    else:
        flash(_("The tab is gone; its sections lie on the details."), "success")
    return back_to(audience)


def _save(part: Part) -> ResponseReturnValue:
    form = _blank(part.audience, part.kind)
    if not form.validate_on_submit():
        return _form(part, form, status=422)
    save = layout_edits.save_section if part.kind == "sections" else layout_edits.save_tab
    try:
        save(part.audience, part.key or None, form.values, seen=seen_version(), by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(part, form, status=422)
    except Conflict as conflict:
        form.refuse(Invalid({"": conflict.message}))
        return _form(part, form, status=409)
    flash(_("“%(name)s” is saved.", name=form.name.data or form.name_fr.data), "success")
    return back_to(part.audience)


def _found(audience: str, kind: str, key: str) -> Section | Tab:
    if kind == "sections":
        return layout_edits.section(audience, key, by=current_user)
    return layout_edits.tab(audience, key, by=current_user)


def _blank(audience: str, kind: str) -> TabForm:
    layout = layout_edits.layout(audience, by=current_user)
    if kind == "tabs":
        return TabForm()
    form = SectionForm()
    own = [(tab.key, translated(tab.label)) for tab in layout.tabs]
    form.tab.choices = choices([(DETAILS, _("Details")), *own])
    return form


def _form(part: Part, form: TabForm, status: int = 200) -> ResponseReturnValue:
    sent = seen_version() if request.method == "POST" and status != 409 else None
    return page(
        "settings/layout_part.html",
        "settings/_layout_part.html",
        status,
        shape=part,
        form=form,
        audiences=AUDIENCE_LABELS,
        stays=part.key == MORE,
        version=layout_edits.version() if sent is None else sent,
        open_section="layouts",
    )
