"""What the page of a CRM mapping shows; the forms on it come back to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.settings.crm_mapping_forms import (
    CopyForm,
    NameForm,
    ScheduleForm,
    schedule_form,
)
from crmapp.blueprints.settings.feed_source_states import STATES
from crmapp.domain.ownership import Owner
from crmapp.domain.schedule import Schedule
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import CrmMapping
from crmapp.services import crm_mappings, failures, feed_standings, run_list
from crmapp.services.feed_standings import Standing
from crmapp.web.access import current_user
from crmapp.web.htmx import page
from crmapp.web.ladder import placed
from crmapp.web.run_pages import polling_pace
from crmapp.web.run_trends import trend
from crmapp.web.templating import number
from crmapp.web.texts import translated

OWNERS = {
    Owner.ERP: N_("The source wins"),
    Owner.CRM: N_("The CRM wins"),
    Owner.NEWEST: N_("The newest wins"),
    Owner.BLANK: N_("Filled only while empty"),
}
"""Who owns a field, in short."""
MODES = {
    "run": N_("Feed"),
    "dry": N_("Dry run"),
    "guard": N_("A source has shrunk"),
    "gone": N_("Customers are gone"),
}
"""What a run of a CRM mapping is about."""


def overview(
    mapping_id: int,
    part: str | None = None,
    status: int = 200,
    *,
    messages: Sequence[str] = (),
    naming: NameForm | None = None,
    copying: CopyForm | None = None,
    schedule: ScheduleForm | None = None,
) -> ResponseReturnValue:
    """Answer with the page, or ``part`` of it; a form that was refused stands as it was sent."""
    standing = feed_standings.get(mapping_id, by=current_user)
    mapping = standing.mapping
    return page(
        "settings/crm_mapping.html",
        part,
        status,
        **shown(standing),
        messages=messages,
        naming=naming or NameForm(None, data={"name": mapping.name}),
        copying=copying or CopyForm(None),
        schedule=schedule or schedule_form(mapping),
        times=feed_standings.next_times(mapping),
    )


def shown(standing: Standing) -> dict[str, Any]:
    """Return what the parts of the page need that follow its runs."""
    mapping = standing.mapping
    runs = feed_standings.recent(mapping, by=current_user)
    pasts = run_list.pasts(runs[:1])
    return {
        "standing": standing,
        "mapping": mapping,
        "runs": runs,
        "trend": next((trend(past) for past in pasts.values()), None),
        "others": feed_standings.others(mapping, by=current_user),
        "place": placed([str(each.source.id) for each in standing.readings]),
        "pace": polling_pace(),
        **words(),
    }


def words() -> dict[str, Any]:
    """Return what the pages of CRM mappings call things."""
    return {
        "looks": STATES,
        "owners": OWNERS,
        "modes": MODES,
        "reason": failures.reason,
        "when": when,
        "open_section": "crm_mappings",
    }


def when(mapping: CrmMapping) -> str:
    """Say when a CRM mapping is read by itself."""
    return _when(crm_mappings.schedule_of(mapping))


def _when(schedule: Schedule) -> str:
    if schedule.every is not None:
        return ngettext(
            "Every %(count)s minute",
            "Every %(count)s minutes",
            schedule.every,
            count=number(schedule.every),
        )
    if schedule.daily is not None:
        return _("Daily at %(time)s (%(zone)s)", time=schedule.daily, zone=schedule.zone)
    if schedule.cron is not None:
        return _("By cron “%(cron)s” (%(zone)s)", cron=schedule.cron, zone=schedule.zone)
    return _("Only by hand")


def refusals(invalid: Invalid) -> list[str]:
    """Say what is wrong where no field of a form is the place for it."""
    return [translated(text) for text in invalid.fields.values()]


def seen_version() -> int:
    """Return the version that the form was made from; none that exists if it was tampered with."""
    text = request.values.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
