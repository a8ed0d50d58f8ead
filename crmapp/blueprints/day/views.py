"""Show a day, and add to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import SelectField, StringField

from crmapp.blueprints.day import bp
from crmapp.blueprints.day.lists import asked, show
from crmapp.db import utcnow
from crmapp.domain.permissions import Right
from crmapp.domain.planned import LENGTHS
from crmapp.errors import Invalid
from crmapp.services import activities, quick_add
from crmapp.web import reader
from crmapp.web.access import person, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form, choices
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import MomentField
from crmapp.web.texts import translated


class QuickForm(Form):
    """One line that adds an activity."""

    kind = SelectField(lazy_gettext("Kind"), validate_choice=False)
    subject = StringField(lazy_gettext("Subject"))
    account = StringField(lazy_gettext("Account"), description=lazy_gettext("Its number or name."))
    happens_at = MomentField(lazy_gettext("Date and time"))
    length_minutes = StringField(
        lazy_gettext("Length (minutes)"),
        description=lazy_gettext("How long it takes; 60 minutes if nothing is entered."),
    )
    lengths = LENGTHS


@bp.get("")
@requires(Right.ACTIVITY_EDIT)
def index() -> ResponseReturnValue:
    """Show her day, or as a manager somebody else's."""
    return show(asked(), form=_form())


@bp.post("")
@requires(Right.ACTIVITY_EDIT)
@keeps_typed
def create() -> ResponseReturnValue:
    """Add an activity, or show what is wrong with the form."""
    form = _form()
    if not form.validate_on_submit():
        return show(asked(), 422, form=form)
    typed = {name: str(value or "") for name, value in form.values.items()}
    if typed["kind"] == "call" and typed["happens_at"] == _offered().isoformat():
        typed["happens_at"] = utcnow().isoformat()  # an offered time is ahead; a call has been
    try:
        quick_add.add(typed, by=person(), key=form.idempotency_key.data)
    except Invalid as invalid:
        form.refuse(invalid)
        return show(asked(), 422, form=form)
    flash(_("“%(subject)s” added.", subject=typed["subject"].strip()), "success")
    return see_other(url_for("day.index"))


@bp.get("/accounts")
@requires(Right.ACTIVITY_EDIT)
def accounts() -> ResponseReturnValue:
    """Offer accounts for what was typed so far."""
    found = quick_add.suggestions(request.args.get("account", "")[:200], by=person())
    return page("day/_accounts.html", "day/_accounts.html", found=found)


def _offered() -> datetime:
    """Return the next full hour by her clock."""
    now = utcnow().astimezone(reader.timezone())
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _form() -> QuickForm:
    form = QuickForm(data={"kind": "task", "happens_at": _offered().isoformat()})
    form.kind.choices = choices(
        (kind, translated(activities.KINDS[kind])) for kind in quick_add.OFFERED
    )
    return form
