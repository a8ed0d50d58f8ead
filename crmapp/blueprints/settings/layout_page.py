"""The page of a layout, as its views share it: what it shows, and why nothing was changed."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.domain.layouts import MORE, OWN, Layout, rows
from crmapp.domain.permissions import ROLE_LABELS
from crmapp.errors import Conflict, Invalid
from crmapp.i18n import N_
from crmapp.services import fields, layout_edits, layouts
from crmapp.web.access import current_user
from crmapp.web.field_words import counts_if
from crmapp.web.htmx import page, see_other
from crmapp.web.ladder import mover, placed
from crmapp.web.texts import translated

AUDIENCE_LABELS = {layouts.EVERYONE: N_("Everyone")} | {
    str(role): label for role, label in ROLE_LABELS.items()
}
BUILT_IN = {
    "details": N_("Details"),
    "timeline": N_("Timeline"),
    "contacts": N_("Contacts"),
    "files": N_("Files"),
    "sales": N_("Sales"),
    "salesforce": N_("Salesforce account details"),
}
"""The tabs that every record page has."""


def seen_version() -> int:
    """Return the version of the layouts that the form was made from."""
    return request.form.get("version", -1, type=int)


def refusals(error: Conflict | Invalid) -> list[str]:
    """Say why nothing was changed."""
    texts = error.fields.values() if isinstance(error, Invalid) else [error.message]
    return [translated(text) for text in texts]


def back_to(audience: str, place: str = "") -> ResponseReturnValue:
    """Go to the page of a layout."""
    return see_other(url_for("settings.layout", audience=audience, _anchor=place or None))


def show(audience: str, messages: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    """Answer with the page of a layout."""
    found = layout_edits.layout(audience, by=current_user)
    specs, kept = fields.of("account"), layouts.kept()
    named = {OWN + each.key: each for each in found.sections}
    return page(
        "settings/layout.html",
        "settings/_layout.html",
        status,
        audience=audience,
        audiences=AUDIENCE_LABELS,
        layout=found,
        own=audience in kept.layouts,
        rows=rows(found, specs),
        sections=named,
        specs=specs,
        conditions={name: counts_if([each]) for name, each in kept.conditions.items()},
        when={key: counts_if([each.when]) for key, each in named.items() if each.when},
        tabs=_tabs(found),
        more=OWN + MORE,
        own_mark=OWN,
        version=layout_edits.version(),
        messages=messages,
        said=_said(found),
        open_section="layouts",
    )


def _tabs(found: Layout) -> dict[str, str]:
    """Return key → what each tab is called, in their order."""
    own = {OWN + tab.key: tab.label for tab in found.tabs}
    names = {"details": BUILT_IN["details"], **own, **BUILT_IN}
    return {key: names[key] for key in found.shelf.sort([*names])}


def _said(found: Layout) -> str:
    """Say where the row stands that was moved."""
    name = mover(request.form) or ""
    if name.startswith(OWN):
        place = placed([OWN + each.key for each in found.sections])
        label = next((each.label for each in found.sections if OWN + each.key == name), "")
    else:
        under = next((each for each in found.sections if name in each.fields), None)
        place = placed(under.fields) if under else None
        spec = fields.of("account").get(name)
        label = spec.label if spec else ""
        if place and under:
            return _(
                "%(name)s stands at place %(place)s of “%(section)s”.",
                name=translated(label),
                place=place[1],
                section=translated(under.label),
            )
    if not place:
        return ""
    return _("“%(name)s” stands at place %(place)s.", name=translated(label), place=place[1])
