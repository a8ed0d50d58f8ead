"""The page of a webhook: what it is told, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.domain.fields import Field
from crmapp.domain.records import GROUP_BILLING, GROUP_SHIPPING
from crmapp.domain.webhooks import EVENTS
from crmapp.i18n import N_
from crmapp.models import Delivery
from crmapp.services import webhook_events, webhook_log, webhooks
from crmapp.web.access import person
from crmapp.web.htmx import page
from crmapp.web.texts import translated
from crmapp.web.whole_numbers import whole_number

_OBJECTS = {"account": N_("Account"), "contact": N_("Contact"), "activity": N_("Activity")}
_PAGES = {
    "account": "accounts.show",
    "contact": "accounts.contacts",
    "activity": "accounts.timeline",
}
"""Kind of record → the page of its account on which it is found."""


def show(
    hook_id: int,
    *,
    word: str = "",
    renewed: bool = False,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """Answer with the page of a webhook; ``word`` is a secret that is shown this once."""
    offered = webhook_events.fields_offered()
    hook = webhooks.get(hook_id, by=person())
    return page(
        "settings/webhook.html",
        status=status,
        hook=hook,
        events=EVENTS,
        narrowed=[called(name, offered[name]) for name in hook.fields if name in offered],
        word=word,
        renewed=renewed,
        typed=typed or {},
        errors=errors or {},
        open_section="webhooks",
        **_messages(hook_id),
    )


def _messages(hook_id: int) -> dict[str, Any]:
    state, before = request.args.get("state", ""), whole_number(request.args.get("before"))
    rows, older = webhook_log.listed(hook_id, by=person(), state=state, before=before)
    states = webhook_log.STATES
    return {
        "rows": rows,
        "records": records_of(rows),
        "older": older,
        "reasons": webhook_log.REASONS,
        "given_up": webhook_log.some_given_up(hook_id, by=person()),
        "states": states,
        "state": state if state in states else "",
    }


def records_of(rows: Sequence[Delivery]) -> dict[int, tuple[str, str]]:
    """Return message → what its record is called, and where it is; of those she may see now."""
    named = webhook_log.named(rows, by=person())
    return {
        row.id: (found.name, url_for(_PAGES[row.object], account_id=found.account_id))
        for row in rows
        if (found := named.get((row.object, row.record_id or 0)))
    }


def called(name: str, spec: Field) -> str:
    """Return what a field is called among those of other kinds of records."""
    said = translated(spec.label)
    if spec.group in (GROUP_BILLING, GROUP_SHIPPING):
        said = _("%(field)s (%(group)s)", field=said, group=translated(spec.group))
    about = translated(_OBJECTS[name.partition(".")[0]])
    return _("%(what)s: %(more)s", what=about, more=said)
