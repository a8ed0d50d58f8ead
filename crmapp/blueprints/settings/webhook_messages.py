"""The messages of a webhook: what became of each, sent again one by one or by days."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.webhook_page import records_of, show
from crmapp.services import webhook_log
from crmapp.services.webhooks import RIGHT
from crmapp.web import reader
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other


@bp.get("/webhooks/<int:hook_id>")
@requires(RIGHT)
def webhook(hook_id: int) -> ResponseReturnValue:
    """Show a webhook and its messages, newest first: all, or those of one state."""
    return show(hook_id)


@bp.get("/webhooks/<int:hook_id>/messages/<int:delivery_id>")
@requires(RIGHT)
def webhook_message(hook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Show all that is known of a message."""
    found = webhook_log.get(hook_id, delivery_id, by=person())
    return page(
        "settings/webhook_message.html",
        "settings/_webhook_message.html",
        hook_id=hook_id,
        delivery=found,
        record=records_of([found]).get(found.id),
        states=webhook_log.STATES,
        reason=webhook_log.REASONS.get(found.error),
        open_section="webhooks",
    )


@bp.post("/webhooks/<int:hook_id>/messages/<int:delivery_id>/again")
@requires(RIGHT)
def send_webhook_message_again(hook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Send a message again."""
    webhook_log.send_again(hook_id, delivery_id, by=person())
    flash(_("The message is sent again. Look again in a moment what became of it."), "success")
    return see_other(url_for("settings.webhook", hook_id=hook_id))


@bp.post("/webhooks/<int:hook_id>/replay")
@requires(RIGHT)
def replay_webhook(hook_id: int) -> ResponseReturnValue:
    """Send all messages again that were given up in a period."""
    typed = {name: request.form.get(name, "").strip() for name in ("since", "until")}
    since, until = reader.midnight(typed["since"]), reader.midnight(typed["until"], 1)
    errors = {}
    if since is None:
        errors["since"] = _("Enter a day, like 2026-06-15.")
    if until is None:
        errors["until"] = _("Enter a day, like 2026-06-15.")
    elif since is not None and until <= since:
        errors["until"] = _("Enter the same day or a later one.")
    if errors or since is None or until is None:
        return show(hook_id, typed=typed, errors=errors, status=422)
    count = webhook_log.replay(hook_id, since, until, by=person())
    flash(
        ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", count),
        "success" if count else "info",
    )
    return see_other(url_for("settings.webhook", hook_id=hook_id))
