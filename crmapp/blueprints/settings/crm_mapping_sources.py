"""The page of one source of a CRM mapping: which column fills which field, and who owns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.crm_mapping_source_forms import (
    SourceMappingForm,
    source_mapping_form,
)
from crmapp.domain.feeds import MANDATORY, Content
from crmapp.domain.ownership import LABELS as OWNERS
from crmapp.domain.steps import LABELS, MOST, WITH_VALUE
from crmapp.domain.suggestions import MARKS
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import Text
from crmapp.models import CrmMapping, FeedSource
from crmapp.services import crm_mappings, feed_kinds, feed_mapping, feed_sources
from crmapp.services.crm_mappings import RIGHT
from crmapp.services.feed_mapping import Looked
from crmapp.services.mapping_start import Opening
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.mapping_forms import NOTHING, grouped, mappable
from crmapp.web.mapping_rows import FieldRow, field_rows

_STEPS = {"kinds": LABELS, "with_value": WITH_VALUE, "most": MOST}
_WORDS: dict[str, Any] = {
    "begins": "settings-crm-field-",
    "steps": _STEPS,
    "marks": MARKS,
    "nothing": NOTHING,
    "owners": OWNERS,
    "mandatory": MANDATORY,
    "match": "number",
}


@dataclass(frozen=True)
class Opened:
    """A source of ``mapping``, or of one that is still to be made, as its page shows it.

    ``lost`` are fields that it filled and that are retired by now.
    """

    source: FeedSource
    mapping: CrmMapping | None
    looked: Looked
    begun: Opening
    form: SourceMappingForm
    lost: Sequence[str] = ()

    @property
    def place(self) -> dict[str, Any]:
        """What its address says."""
        about = {"mapping_id": self.mapping.id} if self.mapping else {}
        return {**about, "source_id": self.source.id}

    @property
    def content(self) -> Content:
        return feed_mapping.content_of(self.mapping)

    @property
    def full(self) -> Text | None:
        """Why it cannot be read as well any more, if it cannot."""
        return feed_mapping.full(self.content, self.source.id)

    def refuse(self, invalid: Invalid) -> None:
        """Show what is wrong with this source at its fields, and else above them."""
        fed = self.form.fed(self.source.id)
        content = self.content if self.full else feed_mapping.placed(self.content, fed)
        own, rest = feed_mapping.apart(invalid, content, self.source.id)
        named = {"name": "mapping_name", "sources": "sources"}
        above = {at: rest[name] for name, at in named.items() if name in rest}
        self.form.refuse(Invalid({**own, **above}))


@bp.get("/crm-mappings/new/sources/<int:source_id>")
@requires(RIGHT)
def new_crm_mapping_source(source_id: int) -> ResponseReturnValue:
    """Show the columns of the first source of a new CRM mapping, with what they may fill."""
    return _show(_opened(source_id, again=True))


@bp.post("/crm-mappings/new/sources/<int:source_id>")
@requires(RIGHT)
def add_crm_mapping_source(source_id: int) -> ResponseReturnValue:
    """Make the CRM mapping; nothing runs yet."""
    return _keep(_opened(source_id), _("The CRM mapping is saved. Nothing has run yet."))


@bp.get("/crm-mappings/<int:mapping_id>/sources/<int:source_id>")
@requires(RIGHT)
def crm_mapping_source(mapping_id: int, source_id: int) -> ResponseReturnValue:
    """Show the columns of a source, with what they fill in a CRM mapping, or may fill."""
    return _show(_opened(source_id, mapping_id, again=True))


@bp.post("/crm-mappings/<int:mapping_id>/sources/<int:source_id>")
@requires(RIGHT)
def save_crm_mapping_source(mapping_id: int, source_id: int) -> ResponseReturnValue:
    """Change a source of a CRM mapping, or read one more."""
    return _keep(_opened(source_id, mapping_id), _("The CRM mapping is saved."))


@bp.post("/crm-mappings/new/sources/<int:source_id>/samples")
@bp.post("/crm-mappings/<int:mapping_id>/sources/<int:source_id>/samples")
@requires(RIGHT)
def crm_mapping_source_samples(
    source_id: int, mapping_id: int | None = None
) -> ResponseReturnValue:
    """Show what the form as it stands would make of samples; nothing is kept."""
    opened = _opened(source_id, mapping_id)
    name = request.args.get("field")
    if not wants_fragment() or name is None:
        return _show(opened)
    if name not in {spec.name for spec in mappable()}:
        raise NotFound
    return page("upserts/_field.html", row=_rows(opened, [name])[name], **_words(opened))


def _opened(source_id: int, mapping_id: int | None = None, again: bool = False) -> Opened:
    source = feed_sources.get(source_id, by=current_user)
    mapping = None if mapping_id is None else crm_mappings.get(mapping_id, by=current_user)
    looked = feed_mapping.look(source, locale=reader.locale(), again=again)
    fed = feed_mapping.fed_by(feed_mapping.content_of(mapping), source_id)
    kept = fed.mapping if fed else None
    looked = looked.holding(kept) if kept else looked
    begun = feed_mapping.opening(source, looked, kept)
    form = source_mapping_form(looked, begun, fed.owned if fed else {}, mapping)
    lost = [name for name in kept.fields if name not in form.mapped] if kept else ()
    return Opened(source, mapping, looked, begun, form, lost)


def _keep(opened: Opened, done: str) -> ResponseReturnValue:
    form, fed = opened.form, opened.form.fed(opened.source.id)
    if not form.validate_on_submit():
        return _show(opened, 422)
    about, sent = (opened.mapping, form.called, fed, opened.looked), form.idempotency_key.data
    try:
        mapping_id = feed_mapping.keep(*about, version=form.seen, key=sent, by=current_user)
    except Invalid as invalid:
        opened.refuse(invalid)
        return _show(opened, invalid.status)
    except Conflict as conflict:
        return _show(opened, conflict.status, form.overtake(conflict.version))
    flash(done, "success")
    return see_other(url_for("settings.crm_mapping", mapping_id=mapping_id))


def _rows(opened: Opened, names: Sequence[str] | None = None) -> Mapping[str, FieldRow]:
    looked, form = opened.looked, opened.form
    return field_rows(looked, looked.found, form, opened.begun, by=current_user, names=names)


def _show(opened: Opened, status: int = 200, seen: int | None = None) -> ResponseReturnValue:
    """Show the page; ``seen`` is the version that a person saw before somebody else saved one."""
    rows, mapping = _rows(opened), opened.mapping
    return page(
        "settings/crm_mapping_source.html",
        "settings/_crm_mapping_source.html",
        status,
        opened=opened,
        form=opened.form,
        groups=[(group, [rows[spec.name] for spec in specs]) for group, specs in grouped()],
        unsure=[row.spec for row in rows.values() if row.unsure],
        others=feed_mapping.since(mapping, seen) if mapping and seen is not None else (),
        kinds=feed_kinds.KINDS,
        open_section="crm_mappings",
        **_words(opened),
    )


def _words(opened: Opened) -> dict[str, Any]:
    samples = url_for("settings.crm_mapping_source_samples", **opened.place)
    return {**_WORDS, "samples_url": samples, "owned": opened.form.owned}
