"""The forms about a CRM mapping: its beginning, its name, its schedule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask import request
from flask_babel import gettext, lazy_gettext
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import Optional

from crmapp.domain.schedule import KINDS
from crmapp.i18n import N_
from crmapp.models import CrmMapping, FeedSource
from crmapp.web import reader
from crmapp.web.forms import Form, choices
from crmapp.web.record_forms import Required
from crmapp.web.texts import translated

_QUIET = {"autocomplete": "off", "spellcheck": "false"}
KIND_LABELS = {
    "never": N_("Only by hand"),
    "every": N_("Every so many minutes"),
    "daily": N_("Once a day"),
    "cron": N_("By a cron text"),
}


class NameForm(Form):
    """What a CRM mapping is called."""

    name = StringField(lazy_gettext("Name"), validators=[Required()], render_kw=dict(_QUIET))


class CopyForm(Form):
    """What a CRM mapping is called that does the same as another one."""

    copy_name = StringField(lazy_gettext("Name of the copy"), render_kw=dict(_QUIET))


class BeginningForm(Form):
    """What a new CRM mapping begins with; it is sent in an address, and nothing is kept of it."""

    class Meta:
        csrf = False

    name = StringField(lazy_gettext("Name"), validators=[Required()], render_kw=dict(_QUIET))
    source = SelectField(
        lazy_gettext("First source"), validators=[Required()], validate_choice=False
    )

    def validate_source(self, field: Field) -> None:
        """Refuse a source that is not offered."""
        if not field.data or field.data not in [choice.value for choice in field.choices]:
            raise ValidationError(gettext("Choose one from the list."))


def beginning_form(sources: Sequence[FeedSource]) -> BeginningForm:
    """The form as the address has it, over the sources that may be chosen."""
    form = BeginningForm(request.args)
    offered = [(str(each.id), each.name) for each in sources]
    form.source.choices = choices([*([] if len(offered) == 1 else [("", "–")]), *offered])
    return form


class ScheduleForm(Form):
    """When a CRM mapping is read by itself, and when a person has to look first."""

    active = BooleanField(
        lazy_gettext("Active"),
        description=lazy_gettext("While it is paused, it is read only by hand."),
    )
    kind = RadioField(lazy_gettext("Read the sources"), validate_choice=False)
    every = IntegerField(
        lazy_gettext("Minutes from reading to reading"),
        validators=[Optional()],
        render_kw={**_QUIET, "inputmode": "numeric"},
    )
    daily = StringField(
        lazy_gettext("Time of day"),
        description=lazy_gettext("Such as 06:30."),
        render_kw=dict(_QUIET),
    )
    cron = StringField(
        lazy_gettext("Cron text"),
        description=lazy_gettext(
            "Minute, hour, day, month, day of the week: “30 6 * * 1-5” is half past six from Monday"
            " to Friday."
        ),
        render_kw=dict(_QUIET),
    )
    zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)
    guard_percent = IntegerField(
        lazy_gettext("Wait for a person if a source has lost more than so many percent"),
        validators=[Optional()],
        description=lazy_gettext("With 100 nobody is ever asked."),
        render_kw={**_QUIET, "inputmode": "numeric"},
    )

    def validate_zone(self, field: Field) -> None:
        """Refuse a zone that is not there."""
        if field.data not in available_zones():
            raise ValidationError(gettext("Choose one from the list."))

    def offer(self) -> ScheduleForm:
        """List what may be chosen."""
        self.kind.choices = choices((kind, translated(KIND_LABELS[kind])) for kind in KINDS)
        self.zone.choices = choices((zone, zone) for zone in available_zones())
        return self

    @property
    def chosen(self) -> dict[str, Any]:
        """What the person set, as the service takes it; a number that is missing is refused."""
        guard = self.guard_percent.data
        return {
            "kind": self.kind.data or "",
            "every": self.every.data,
            "daily": (self.daily.data or "").strip(),
            "cron": (self.cron.data or "").strip(),
            "zone": self.zone.data or "",
            "guard_percent": -1 if guard is None else guard,
            "active": bool(self.active.data),
        }


def schedule_form(mapping: CrmMapping, *, sent: bool = False) -> ScheduleForm:
    """The form filled with the schedule as it is, or (``sent``) from the request."""
    kinds = {"every": mapping.every, "daily": mapping.daily, "cron": mapping.cron}
    kind = next((kind for kind, value in kinds.items() if value is not None), "never")
    kept: dict[str, Any] = {
        "kind": kind,
        "every": mapping.every,
        "daily": mapping.daily or "",
        "cron": mapping.cron or "",
        "zone": str(reader.timezone()) if kind in ("never", "every") else mapping.zone,
        "guard_percent": mapping.guard_percent,
        "active": mapping.active,
    }
    return (ScheduleForm(data=kept) if sent else ScheduleForm(None, data=kept)).offer()


@cache
def available_zones() -> Sequence[str]:
    """Return the names of the time zones that people know, by name."""
    named = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    return sorted({"UTC", *named})
