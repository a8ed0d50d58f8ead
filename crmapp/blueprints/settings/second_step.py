"""Who needs a second step to sign in, and a new beginning for who lost hers."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import ROLE_LABELS, Right
from crmapp.errors import Invalid
from crmapp.services import second_step as steps
from crmapp.services import users as people
from crmapp.web.access import person, requires
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import ChosenField
from crmapp.web.texts import translated


class StepForm(Form):
    """The roles that need one."""

    roles = ChosenField(
        lazy_gettext("Roles that need a second step"),
        description=lazy_gettext(
            "Who has such a role and no second step is signed out now, and sets one up when she"
            " signs in again."
        ),
        validate_choice=False,
    )


@bp.get("/users/second-step")
@requires(Right.USER_MANAGE)
def second_step() -> ResponseReturnValue:
    """Show which roles need a second step."""
    return _form(StepForm(roles=sorted(steps.roles(by=person()))))


@bp.post("/users/second-step")
@requires(Right.USER_MANAGE)
def ask_for_second_step() -> ResponseReturnValue:
    """Have it needed by the roles that are ticked."""
    form = StepForm()
    if not form.validate_on_submit():
        return _form(form, 422)
    try:
        steps.ask_of(form.roles.data or [], by=person())
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, 422)
    flash(_("Your choice is kept."), "success")
    return see_other(url_for("settings.second_step"))


@bp.post("/users/<int:user_id>/second-step/reset")
@requires(Right.USER_MANAGE)
def reset_second_step(user_id: int) -> ResponseReturnValue:
    """Take the second step of a person away, who lost it."""
    name = people.get(user_id, by=person()).name
    try:
        steps.reset(user_id, by=person())
    except Invalid as invalid:
        flash(" ".join(map(translated, invalid.fields.values())), "error")
    else:
        flash(_("%(name)s signs in by password alone now, and was told so.", name=name), "success")
    return see_other(url_for("settings.edit_user", user_id=user_id))


def _form(form: StepForm, status: int = 200) -> ResponseReturnValue:
    form.roles.choices = [
        SelectChoice(role.value, translated(label)) for role, label in ROLE_LABELS.items()
    ]
    return page("settings/second_step.html", status=status, form=form, open_section="users")
