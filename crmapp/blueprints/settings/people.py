"""The people who may sign in: listed, added, given another role, let go."""

from __future__ import annotations

from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
)
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import GRANTS, ROLE_LABELS, SENTENCES, Right, Role
from crmapp.errors import Invalid
from crmapp.models import User
from crmapp.services import handovers, identity_provider, runs
from crmapp.services import users as people
from crmapp.web.access import current_user, requires
from crmapp.web.forms import Form, choices
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Required
from crmapp.web.texts import translated


class RoleForm(Form):
    """What may be changed of a person."""

    role = RadioField(lazy_gettext("Role"), validators=[Required()], validate_choice=False)
    active = BooleanField(
        lazy_gettext("May sign in"),
        default=True,
        description=lazy_gettext("Untick when the person leaves."),
    )

    def offer_roles(self) -> None:
        """List the roles in the reader's language."""
        self.role.choices = [
            SelectChoice(role.value, translated(label)) for role, label in ROLE_LABELS.items()
        ]


class LeavingForm(RoleForm):
    """A person as she is; what she has may go to somebody else."""

    heir = SelectField(lazy_gettext("Accounts and open activities"), validate_choice=False)

    def offer_heirs(self, person: User) -> None:
        """List who can take over."""
        nobody = (handovers.NOBODY, _("Give them to nobody"))
        stay = ("", _("They stay with %(name)s", name=person.name))
        heirs = handovers.heirs(person.id)
        others = ((str(id_), _("Give them to %(name)s", name=name)) for id_, name in heirs)
        self.heir.choices = choices([stay, nobody, *others])


class PersonForm(RoleForm):
    """A new person."""

    name = StringField(
        lazy_gettext("Name"),
        validators=[Required()],
        description=lazy_gettext("The name that colleagues know."),
    )
    email = EmailField(
        lazy_gettext("E-mail"),
        validators=[Required()],
        description=lazy_gettext("The address to sign in with."),
    )
    team = StringField(
        lazy_gettext("Team"),
        description=lazy_gettext(
            "The team whose accounts the person shares. A team with a new name is made."
        ),
    )
    password = PasswordField(
        lazy_gettext("First password"),
        description=lazy_gettext(
            "At least 12 characters. Leave it empty, and an e-mail asks the person to set one."
        ),
        render_kw={"autocomplete": "new-password"},
    )


@bp.get("/users")
@requires(Right.USER_MANAGE)
def users() -> ResponseReturnValue:
    """List everybody, and what each role may do."""
    return page(
        "settings/users.html",
        people=people.everybody(by=current_user),
        roles=ROLE_LABELS,
        rights=SENTENCES,
        grants=GRANTS,
    )


@bp.get("/users/new")
@requires(Right.USER_MANAGE)
def new_user() -> ResponseReturnValue:
    """Show an empty form for a person."""
    return _form(PersonForm(role=Role.REP.value))


@bp.post("/users")
@requires(Right.USER_MANAGE)
def create_user() -> ResponseReturnValue:
    """Add a person, or show what is wrong with the form."""
    form = PersonForm()
    names = ("name", "email", "role", "password")
    typed: dict[str, Any] = {name: form[name].data or "" for name in names}
    if not form.validate_on_submit():
        return _form(form, status=422)
    try:
        people.add(**typed, teams=[form.team.data or ""], by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, status=422)
    name = typed["name"].strip()
    if typed["password"]:
        flash(_("%(name)s may sign in now.", name=name), "success")
    else:
        flash(_("%(name)s is invited by e-mail to set a password.", name=name), "success")
    return see_other(url_for("settings.users"))


@bp.get("/users/<int:user_id>/edit")
@requires(Right.USER_MANAGE)
def edit_user(user_id: int) -> ResponseReturnValue:
    """Show a person's role in a form."""
    person = people.get(user_id, by=current_user)
    return _form(LeavingForm(role=person.role, active=person.active), person)


@bp.post("/users/<int:user_id>")
@requires(Right.USER_MANAGE)
def update_user(user_id: int) -> ResponseReturnValue:
    """Give a person another role, let her go or in again, and what she has to somebody else."""
    person, form = people.get(user_id, by=current_user), LeavingForm()
    name, heir = person.name, form.heir.data or ""
    if not form.validate_on_submit():
        return _form(form, person, status=422)
    try:
        if heir:
            handovers.check(user_id, heir)
        people.change(user_id, role=form.role.data or "", active=form.active.data, by=current_user)
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, people.get(user_id, by=current_user), status=422)
    flash(_("%(name)s saved.", name=name), "success")
    return _hand_over(user_id, heir) if heir else see_other(url_for("settings.users"))


def _hand_over(user_id: int, heir: str) -> ResponseReturnValue:
    """Show the plan; one for a few records is there at once."""
    few = sum(handovers.count(user_id, by=current_user)) <= handovers.FEW
    run_id = handovers.start(user_id, to=heir, by=current_user)
    if few:
        runs.work(run_id)  # or whoever heard the bell first
    return see_other(url_for("settings.handover", run_id=run_id))


def _form(form: RoleForm, person: User | None = None, status: int = 200) -> ResponseReturnValue:
    form.offer_roles()
    shown: dict[str, Any] = {"form": form, "person": person, "has": None}
    shown["linked"] = person is not None and identity_provider.is_linked(person.id)
    if person and isinstance(form, LeavingForm):
        form.offer_heirs(person)
        accounts, activities = handovers.count(person.id, by=current_user)
        if accounts or activities:
            shown["has"] = {"accounts": accounts, "activities": activities}
    return page("settings/user.html", "settings/_user.html", status, **shown)
