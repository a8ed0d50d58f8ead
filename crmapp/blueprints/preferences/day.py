"""When a person's day begins: her time zone, the e-mail about her day, and her calendar."""

from __future__ import annotations

from datetime import time
from zoneinfo import available_timezones

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time, lazy_gettext
from flask_babel import gettext as _
from wtforms import SelectField

from crmapp.blueprints.preferences import bp
from crmapp.config import settings
from crmapp.services import calendars, preferences
from crmapp.web import reader
from crmapp.web.access import person
from crmapp.web.forms import Form, choices
from crmapp.web.htmx import page, see_other


class DayForm(Form):
    """Where she lives, and when she reads about her day."""

    timezone = SelectField(lazy_gettext("Your time zone"))
    digest_hour = SelectField(
        lazy_gettext("E-mail about my day"),
        description=lazy_gettext(
            "What is overdue and what is due today; no e-mail comes on a day without either."
        ),
    )


@bp.get("/day")
def day() -> ResponseReturnValue:
    """Show what she chose."""
    return _show(_form())


@bp.post("/day")
def save_day() -> ResponseReturnValue:
    """Keep what she chose."""
    form = _form()
    if not form.validate_on_submit():
        return _show(form, 422)
    hour = form.digest_hour.data
    preferences.keep_day(
        timezone=form.timezone.data, digest_hour=int(hour) if hour else None, by=person()
    )
    flash(_("Your choice is kept."), "success")
    return see_other(url_for("preferences.day"))


@bp.post("/calendar")
def renew_calendar() -> ResponseReturnValue:
    """Make a new secret address, and show it this once."""
    word = calendars.renew(by=person())
    address = settings().address + url_for("calendar.show", word=word)
    return _show(_form(posted=False), address=address)


@bp.post("/calendar/revocation")
def revoke_calendar() -> ResponseReturnValue:
    """Close the calendar."""
    calendars.revoke(by=person())
    flash(_("Your calendar is closed. Its address leads nowhere any more."), "success")
    return see_other(url_for("preferences.day"))


def _form(*, posted: bool = True) -> DayForm:
    hour = person().digest_hour
    kept = {
        "timezone": str(reader.timezone()),
        "digest_hour": "" if hour is None else str(hour),
    }
    form = DayForm(data=kept) if posted else DayForm(formdata=None, data=kept)
    named = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    form.timezone.choices = choices((name, name) for name in ("UTC", *sorted(named)))
    hours = ((str(each), format_time(time(each), "short", rebase=False)) for each in range(24))
    form.digest_hour.choices = choices((("", _("Never")), *hours))
    return form


def _show(form: DayForm, status: int = 200, address: str = "") -> ResponseReturnValue:
    return page("preferences/day.html", status=status, form=form, address=address, reads=person())
