"""The sources of customers: added by kind, tested, previewed, changed, retired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.feed_source_forms import (
    COLUMNS,
    FeedSourceForm,
    feed_source_form,
    form_name,
    take_theirs,
)
from crmapp.blueprints.settings.feed_source_states import STATES
from crmapp.errors import Conflict, Invalid
from crmapp.models import FeedSource
from crmapp.services import connection_problems, feed_kinds, feed_sources
from crmapp.services.feed_checks import Check
from crmapp.services.feed_sources import RIGHT
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Clash
from crmapp.web.texts import language, translated


@bp.get("/sources", endpoint="feed_sources")
@requires(RIGHT)
def index() -> ResponseReturnValue:
    """List the sources, and how it stands with each."""
    found = [
        *feed_sources.every(by=current_user),
        *feed_sources.every(by=current_user, retired=True),
    ]
    return page(
        "settings/feed_sources.html",
        sources=[(each, feed_sources.state_of(each)) for each in found],
        **_words(),
    )


@bp.get("/sources/new")
@requires(RIGHT)
def choose_feed_kind() -> ResponseReturnValue:
    """Show the kinds of sources that there are."""
    return page("settings/feed_kinds.html", **_words())


@bp.get("/sources/new/<kind>")
@requires(RIGHT)
def new_feed_source(kind: str) -> ResponseReturnValue:
    """Show the empty form of a kind."""
    return _show(feed_source_form(feed_kinds.of(kind)))


@bp.post("/sources/new/<kind>")
@requires(RIGHT)
def add_feed_source(kind: str) -> ResponseReturnValue:
    """Test what was typed, and set the source up if that is wanted and all is well."""
    form = feed_source_form(feed_kinds.of(kind))
    if not form.validate_on_submit():
        return _show(form, status=422)
    found: Check | None = None
    try:
        found = feed_sources.check(kind, form.wanted, by=current_user, locale=language())
        if found.problem or _only_tests():
            return _show(form, found=found, status=_status(found))
        key = form.idempotency_key.data
        source_id = feed_sources.add(kind, form.wanted, found, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(form, found=found, status=422)
    flash(_("The source is saved."), "success")
    return see_other(url_for("settings.feed_source", source_id=source_id))


@bp.get("/sources/<int:source_id>")
@requires(RIGHT)
def feed_source(source_id: int) -> ResponseReturnValue:
    """Show how it stands with a source, and what is set for it in a form."""
    source = feed_sources.get(source_id, by=current_user)
    return _show(feed_source_form(feed_kinds.of(source.kind), source), source)


@bp.post("/sources/<int:source_id>")
@requires(RIGHT)
def save_feed_source(source_id: int) -> ResponseReturnValue:
    """Test what was typed, and keep it if that is wanted and all is well."""
    source = feed_sources.get(source_id, by=current_user)
    form = feed_source_form(feed_kinds.of(source.kind), source)
    take_theirs(form, source)
    if not form.validate_on_submit():
        return _show(form, source, status=422)
    found: Check | None = None
    try:
        found = _found(form, source)
        if found.problem or _only_tests():
            return _show(form, source, found, status=_status(found))
        version = form.version.data or 0
        feed_sources.change(source_id, form.wanted, found, version=version, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(form, source, found, status=422)
    except Conflict as conflict:
        return _show(form, source, found, form.clashes(conflict), status=conflict.status)
    flash(_("The source is saved."), "success")
    return see_other(url_for("settings.feed_source", source_id=source_id))


def _found(form: FeedSourceForm, source: FeedSource) -> Check:
    """Ask the other side, unless nothing else is saved than what is known to be there."""
    kind, wanted = source.kind, form.wanted
    known = None if _only_tests() else feed_sources.known(kind, wanted, source.id, by=current_user)
    return known or feed_sources.check(kind, wanted, source.id, by=current_user, locale=language())


@bp.get("/sources/<int:source_id>/preview")
@requires(RIGHT)
def preview_feed_source(source_id: int) -> ResponseReturnValue:
    """Show the first ten rows, or why they cannot be read."""
    source = feed_sources.get(source_id, by=current_user)
    name, sample, problem = source.name, None, None
    try:
        sample = feed_sources.preview(source, by=current_user, locale=language())
    except feed_sources.BROKEN as error:
        problem = connection_problems.of(connection_problems.kept(error))
    return page(
        "settings/feed_source_preview.html",
        "settings/_feed_source_preview.html",
        source_id=source_id,
        name=name,
        sample=sample,
        problem=problem,
        **_words(),
    )


@bp.get("/sources/<int:source_id>/retirement")
@requires(RIGHT)
def confirm_feed_source_retirement(source_id: int) -> ResponseReturnValue:
    """Say what becomes of a source that is retired, or what still needs it, and ask."""
    return _retirement(feed_sources.get(source_id, by=current_user))


@bp.post("/sources/<int:source_id>/retirement")
@requires(RIGHT)
def retire_feed_source(source_id: int) -> ResponseReturnValue:
    """Take the source out of use."""
    version = request.form.get("version", type=int) or 0
    try:
        feed_sources.retire(source_id, version=version, by=current_user)
    except Conflict as conflict:
        source = feed_sources.get(source_id, by=current_user)
        return _retirement(source, problem=translated(conflict.message), status=conflict.status)
    flash(_("The source is retired."), "success")
    return see_other(url_for("settings.feed_sources"))


@bp.post("/sources/<int:source_id>/reinstatement")
@requires(RIGHT)
def reinstate_feed_source(source_id: int) -> ResponseReturnValue:
    """Bring a retired source back."""
    version = request.form.get("version", type=int) or 0
    feed_sources.reinstate(source_id, version=version, by=current_user)
    flash(_("The source is in use again."), "success")
    return see_other(url_for("settings.feed_source", source_id=source_id))


@bp.post("/sources/<int:source_id>/files/<int:file_id>/again")
@requires(RIGHT)
def read_feed_file_again(source_id: int, file_id: int) -> ResponseReturnValue:
    """Let the next reading pick a file up once more."""
    feed_sources.read_again(source_id, file_id, by=current_user)
    flash(_("The next reading picks this file up again."), "success")
    return see_other(url_for("settings.feed_source", source_id=source_id))


def _only_tests() -> bool:
    return request.form.get("then") == "test"


def _status(found: Check) -> int:
    """What was typed cannot be used if it leads nowhere; whoever reads by ear is led to why."""
    return 422 if found.problem else 200


def _show(
    form: FeedSourceForm,
    source: FeedSource | None = None,
    found: Check | None = None,
    conflicts: Sequence[Clash] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    if found is not None and not found.problem:
        form.offer(found)
    return page(
        "settings/feed_source.html",
        "settings/_feed_source_form.html",
        status,
        form=form,
        source=source,
        state=feed_sources.state_of(source) if source else "",
        source_problem=connection_problems.of(source.problem) if source else None,
        found=found,
        conflicts=conflicts,
        columns=[name for name in COLUMNS if name != "stamp_column" or form.kind.stamped],
        files=feed_sources.files_of(source.id) if source else (),
        name_of=form_name,
        **_words(),
    )


def _retirement(source: FeedSource, problem: str = "", status: int = 200) -> ResponseReturnValue:
    return page(
        "settings/feed_source_retirement.html",
        "settings/_feed_source_retirement.html",
        status,
        source=source,
        users=feed_sources.used_by(source.id),
        problem=problem,
        open_section="feed_sources",
    )


def _words() -> dict[str, Any]:
    return {"kinds": feed_kinds.KINDS, "looks": STATES, "open_section": "feed_sources"}
