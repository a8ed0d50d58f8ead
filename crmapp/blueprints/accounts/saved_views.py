"""Views of the list of accounts: kept, renewed, renamed, shared, pinned, taken over, deleted."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import arguments, asked, tail, view_asked
from crmapp.blueprints.accounts.view_bar import view_url
from crmapp.blueprints.accounts.view_words import differences
from crmapp.domain.permissions import Right
from crmapp.errors import Conflict, Invalid
from crmapp.models import SavedView
from crmapp.services import account_list, audiences, saved_views, view_questions
from crmapp.web.access import current_user, requires
from crmapp.web.audience_forms import AudienceForm, audience_of
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import VersionedForm
from crmapp.web.htmx import page, see_other


class ViewForm(AudienceForm, VersionedForm):
    """What a view is called and who finds it, with the version that the person saw."""


@bp.get("/views/new")
@requires(Right.ACCOUNT_VIEW)
def new_view() -> Response:
    """Ask for the name of a new view."""
    asked()
    return _form(AudienceForm(), None)


@bp.post("/views")
@requires(Right.ACCOUNT_VIEW)
@keeps_typed
def create_view() -> Response:
    """Keep the list that the address asks for, or show what is wrong with the form."""
    form = AudienceForm()
    account_list.check(asked(), by=current_user)
    if not form.validate_on_submit():
        return _form(form, None, 422)
    key = form.idempotency_key.data
    try:
        kept = saved_views.keep(arguments(), form.typed, by=current_user, key=key)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, None, 422)
    flash(_("View “%(name)s” saved.", name=form.typed["name"].strip()), "success")
    return see_other(view_url(kept))


@bp.post("/views/<int:view_id>/question")
@requires(Right.ACCOUNT_VIEW)
def renew_view(view_id: int) -> Response:
    """Let a view ask for the list of the address from now on, unless somebody was quicker."""
    account_list.check(asked(), by=current_user)
    opened, version = view_asked() or (0, 0)
    try:
        saved_views.renew(view_id, arguments(), version * (opened == view_id), by=current_user)
    except Conflict:
        return _conflict(view_id)
    flash(_("The view shows this list from now on."), "success")
    return see_other(view_url(view_id))


@bp.get("/views/<int:view_id>/edit")
@requires(Right.ACCOUNT_VIEW)
def edit_view(view_id: int) -> Response:
    """Show a view's name and audience in a form."""
    view = saved_views.changeable(view_id, by=current_user)
    form = ViewForm(name=view.name, audience=audience_of(view), version=view.version)
    return _form(form, view)


@bp.post("/views/<int:view_id>")
@requires(Right.ACCOUNT_VIEW)
@keeps_typed
def update_view(view_id: int) -> Response:
    """Rename or share a view, or show what is wrong or who was quicker."""
    view, form = saved_views.changeable(view_id, by=current_user), ViewForm()
    if not form.validate_on_submit():
        return _form(form, view, 422)
    try:
        saved_views.describe(view_id, form.typed, form.version.data, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, saved_views.get(view_id, by=current_user), 422)
    except Conflict as conflict:
        form.version.raw_data = None
        form.version.process_data(conflict.version)
        return _form(form, saved_views.get(view_id, by=current_user), 409)
    flash(_("View “%(name)s” saved.", name=form.typed["name"].strip()), "success")
    return see_other(view_url(view_id))


@bp.get("/views/<int:view_id>/deletion")
@requires(Right.ACCOUNT_VIEW)
def confirm_view_deletion(view_id: int) -> Response:
    """Say who loses a view, and ask."""
    view = saved_views.changeable(view_id, by=current_user)
    return page("accounts/view_deletion.html", "accounts/_view_deletion.html", view=view)


@bp.post("/views/<int:view_id>/deletion")
@requires(Right.ACCOUNT_VIEW)
def delete_view(view_id: int) -> Response:
    """Delete a view for everybody."""
    name = saved_views.changeable(view_id, by=current_user).name
    saved_views.delete(view_id, by=current_user)
    flash(_("View “%(name)s” deleted.", name=name), "success")
    return see_other(url_for("accounts.index"))


@bp.post("/views/<int:view_id>/ownership")
@requires(Right.ACCOUNT_VIEW)
def take_view_over(view_id: int) -> Response:
    """Make the view of somebody who left the reader's own."""
    saved_views.take_over(view_id, by=current_user)
    flash(_("The view is yours now."), "success")
    return see_other(view_url(view_id))


@bp.post("/views/default")
@requires(Right.ACCOUNT_VIEW)
def pin_view() -> Response:
    """Let a view open first for the reader, or the list of all accounts again."""
    chosen = request.form.get("view", type=int)
    saved_views.pin(chosen, by=current_user)
    if chosen is None:
        flash(_("All accounts open first again."), "success")
        return see_other(url_for("accounts.index"))
    flash(_("This view opens first from now on."), "success")
    return see_other(view_url(chosen))


def _form(form: AudienceForm, view: SavedView | None, status: int = 200) -> Response:
    shares = saved_views.may_share_with_everyone(view, by=current_user)
    teams = audiences.teams(view.team_id if view else None, by=current_user)
    form.offer(teams, everyone=_("Everyone who may see accounts") if shares else "")
    own = url_for("accounts.update_view", view_id=view.id) if view else None
    return page(
        "accounts/view_form.html",
        "accounts/_view_form.html",
        status,
        form=form,
        view=view,
        clash=status == 409,
        action=own or url_for("accounts.create_view") + tail(),
        back=view_url(view.id) if view else url_for("accounts.index") + tail(),
    )


def _conflict(view_id: int) -> Response:
    """Show what somebody else made of a view meanwhile, beside what was to be saved."""
    view = next(view for view in saved_views.listed(by=current_user) if view.id == view_id)
    theirs, mine = differences(view_questions.read(view.args), arguments())
    newest = [("view", f"{view.id}.{view.version}"), *arguments()]
    return page(
        "accounts/view_conflict.html",
        status=409,
        view=view,
        theirs=theirs,
        mine=mine,
        overwrite=url_for("accounts.renew_view", view_id=view_id) + f"?{urlencode(newest)}",
        tail=tail(),
    )
