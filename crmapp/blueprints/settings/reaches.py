"""Which accounts a person sees and changes: her own always, and what an administrator says."""

from __future__ import annotations

from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right, Role
from crmapp.domain.reach import LABELS, SOME, Part, reach_of_role
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import User
from crmapp.services import pick_lists, reaches
from crmapp.services import users as people
from crmapp.web import reader
from crmapp.web.access import person, requires
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import ChosenField, Required
from crmapp.web.texts import translated

AS_ROLE, EVERY, CHOSEN = "role", "all", "some"
_IDLE = N_("Choose above that only some accounts are meant, or untick these.")
_RIGHTS = {"sees": Right.ACCOUNT_VIEW, "edits": Right.ACCOUNT_EDIT}


class ReachForm(Form):
    """What a person sees and what she changes; ``…_some`` counts where only some are chosen."""

    sees = SelectField(lazy_gettext("Sees"), validators=[Required()], validate_choice=False)
    sees_some = ChosenField(
        lazy_gettext("Sees beside the person’s own accounts"), validate_choice=False
    )
    edits = SelectField(
        lazy_gettext("May change"),
        validators=[Required()],
        description=lazy_gettext(
            "Only accounts that the person sees, and only if the role may change accounts."
        ),
        validate_choice=False,
    )
    edits_some = ChosenField(
        lazy_gettext("May change beside the person’s own accounts"), validate_choice=False
    )
    territories = ChosenField(lazy_gettext("Territories of the person"), validate_choice=False)

    def offer(self, user: User) -> None:
        """List what may be chosen, in the reader's language."""
        some = [SelectChoice(part.value, translated(LABELS[part])) for part in SOME]
        for name, right in _RIGHTS.items():
            whole = Part.ALL in reach_of_role(user.role, right)
            field: Any = self[name]
            field.choices = [
                SelectChoice(AS_ROLE, _("As the role has it: all") if whole else _near()),
                SelectChoice(EVERY, translated(LABELS[Part.ALL])),
                SelectChoice(
                    CHOSEN, _("Only the person’s own accounts, and those that are ticked below")
                ),
            ]
            ticked: Any = self[f"{name}_some"]
            ticked.choices = some
        found = pick_lists.choices("territory", reader.locale(), keep=user.territories)
        self.territories.choices = [SelectChoice(*each) for each in found]

    def said(self, name: str) -> list[str] | None:
        """Return what was chosen for ``sees`` or ``edits``, as the services have it.

        Raises:
            Invalid: something is ticked that would not count.
        """
        chosen, ticked = self[name].data, self[f"{name}_some"].data or []
        if chosen == CHOSEN:
            return list(ticked)
        if ticked:
            raise Invalid({f"{name}_some": _IDLE})
        return {AS_ROLE: None, EVERY: [Part.ALL.value]}.get(chosen, ["?"])


def _near() -> str:
    return _("As the role has it: the person’s own, the teams’ and those of nobody")


@bp.get("/users/<int:user_id>/reach")
@requires(Right.USER_MANAGE)
def reach(user_id: int) -> ResponseReturnValue:
    """Show whose accounts a person sees and changes."""
    user = people.get(user_id, by=person())
    form = ReachForm(
        territories=user.territories or [],
        **_shown("sees", user.sees),
        **_shown("edits", user.edits),
    )
    return _form(form, user)


@bp.post("/users/<int:user_id>/reach")
@requires(Right.USER_MANAGE)
def restrict(user_id: int) -> ResponseReturnValue:
    """Say whose accounts a person sees and changes."""
    user, form = people.get(user_id, by=person()), ReachForm()
    if not form.validate_on_submit():
        return _form(form, user, 422)
    name = user.name
    try:
        reaches.restrict(
            user_id,
            sees=form.said("sees"),
            edits=form.said("edits"),
            territories=form.territories.data or [],
            by=person(),
        )
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, people.get(user_id, by=person()), 422)
    flash(_("%(name)s saved.", name=name), "success")
    return see_other(url_for("settings.users"))


def _shown(name: str, said: list[str] | None) -> dict[str, Any]:
    if said is None or Part.ALL in said:
        return {name: AS_ROLE if said is None else EVERY}
    return {name: CHOSEN, f"{name}_some": said}


def _form(form: ReachForm, user: User, status: int = 200) -> ResponseReturnValue:
    form.offer(user)
    return page(
        "settings/reach.html",
        "settings/_reach.html",
        status,
        form=form,
        person=user,
        administers=reaches.ADMINISTERS if user.role == Role.ADMIN else None,
    )
