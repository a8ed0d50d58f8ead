"""Look at saved mappings, compare their versions, rename and retire them."""

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import StringField

from crmapp.blueprints.mappings import bp
from crmapp.domain.permissions import Right
from crmapp.errors import Invalid
from crmapp.models import SavedMapping
from crmapp.services import saved_mappings
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.versions import asked_pair


class NameForm(Form):
    """The name of a saved mapping."""

    save_as = StringField()


@bp.get("")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def index() -> ResponseReturnValue:
    """List the mappings that are offered, or those that are retired."""
    retired = request.args.get("retired") == "yes"
    found = saved_mappings.listed(by=current_user, retired=retired)
    return page("mappings/index.html", mappings=found, retired=retired)


@bp.get("/<int:mapping_id>")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def show(mapping_id: int) -> ResponseReturnValue:
    """Show the versions of a mapping and what each changed; compare any two."""
    saved = saved_mappings.get(mapping_id, by=current_user)
    return _show(saved, NameForm(data={"save_as": saved.name}))


@bp.post("/<int:mapping_id>")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def rename(mapping_id: int) -> ResponseReturnValue:
    """Give the mapping another name."""
    form = NameForm()
    saved = saved_mappings.get(mapping_id, by=current_user)
    if not form.validate_on_submit():
        return _show(saved, form, 422)
    try:
        saved = saved_mappings.rename(mapping_id, form.save_as.data or "", by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(saved_mappings.get(mapping_id, by=current_user), form, 422)
    flash(_("The mapping is now called “%(name)s”.", name=saved.name), "success")
    return see_other(url_for("mappings.show", mapping_id=mapping_id))


@bp.post("/<int:mapping_id>/retirement")
@requires(Right.GRID_ADD_UPDATE_ACCOUNTS)
def retire(mapping_id: int) -> ResponseReturnValue:
    """Offer the mapping no more, or offer it again."""
    back = request.form.get("back") == "yes"
    try:
        saved_mappings.retire(mapping_id, by=current_user, back=back)
    except Invalid as invalid:
        form = NameForm()
        form.refuse(invalid)
        return _show(saved_mappings.get(mapping_id, by=current_user), form, 422)
    text = _("The mapping is offered again.") if back else _("The mapping is offered no more.")
    flash(text, "success")
    return see_other(url_for("mappings.show", mapping_id=mapping_id))


def _show(saved: SavedMapping, form: NameForm, status: int = 200) -> ResponseReturnValue:
    pair, story = asked_pair(), saved_mappings.story(saved)
    changes = saved_mappings.between(saved, *pair) if pair else []
    shown: dict[str, Any] = {"saved": saved, "story": story, "pair": pair, "changes": changes}
    return page("mappings/show.html", None, status, form=form, **shown)
