"""Webhooks: all of them, their form, their secret, switched on and off, tried, deleted."""

from __future__ import annotations

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import HiddenField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.webhook_page import called, show
from crmapp.domain.webhooks import EVENTS
from crmapp.errors import Conflict, Invalid
from crmapp.models import Webhook
from crmapp.services import webhook_events
from crmapp.services import webhooks as services
from crmapp.services.webhooks import RIGHT, Wanted
from crmapp.web.access import person, requires
from crmapp.web.ended import keeps_typed
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import ChosenField, Required
from crmapp.web.texts import translated
from crmapp.web.whole_numbers import whole_number


class WebhookForm(Form):
    """Who is told, and what."""

    version = HiddenField()
    name = StringField(
        lazy_gettext("Name"),
        validators=[Required()],
        description=lazy_gettext("What is told, so that you know the webhook again."),
    )
    url = StringField(
        lazy_gettext("Address"),
        validators=[Required()],
        description=lazy_gettext(
            "Where messages are sent to, like https://hub.example.com/crmapp."
        ),
    )
    events = ChosenField(
        lazy_gettext("What it is told"), validators=[Required()], validate_choice=False
    )
    fields = ChosenField(
        lazy_gettext("Only changes of these fields"),
        description=lazy_gettext(
            "Tick none to be told every change. Otherwise a change of such a record is told only"
            " if one of its ticked fields changed."
        ),
        validate_choice=False,
    )

    @property
    def wanted(self) -> Wanted:
        name, url = self.name.data or "", self.url.data or ""
        return Wanted(name, url, self.events.data or (), self.fields.data or ())


@bp.get("/webhooks")
@requires(RIGHT)
def webhooks() -> ResponseReturnValue:
    """List the webhooks, and how many messages of each wait or were given up."""
    return page("settings/webhooks.html", hooks=services.listed(by=person()))


@bp.get("/webhooks/new")
@requires(RIGHT)
def new_webhook() -> ResponseReturnValue:
    """Show an empty form for a webhook."""
    return _show_form(_offering(WebhookForm()))


@bp.post("/webhooks")
@requires(RIGHT)
@keeps_typed
def add_webhook() -> ResponseReturnValue:
    """Add a webhook, and show its secret this once."""
    form = _offering(WebhookForm())
    if not form.validate_on_submit():
        return _show_form(form, status=422)
    try:
        hook_id, word = services.add(form.wanted, by=person(), key=form.idempotency_key.data)
    except Invalid as invalid:
        form.refuse(invalid)
        return _show_form(form, status=422)
    if word is None:
        flash(_("The webhook is there already. If its secret is lost, make a new one."), "info")
        return see_other(url_for("settings.webhook", hook_id=hook_id))
    return show(hook_id, word=word)


@bp.get("/webhooks/<int:hook_id>/edit")
@requires(RIGHT)
def edit_webhook(hook_id: int) -> ResponseReturnValue:
    """Show a webhook in a form."""
    hook = services.get(hook_id, by=person())
    return _show_form(_offering(_filled(hook)), hook)


@bp.post("/webhooks/<int:hook_id>")
@requires(RIGHT)
@keeps_typed
def update_webhook(hook_id: int) -> ResponseReturnValue:
    """Change a webhook, or show what is wrong or that somebody was quicker."""
    hook, form = services.get(hook_id, by=person()), _offering(WebhookForm())
    if not form.validate_on_submit():
        return _show_form(form, hook, 422)
    try:
        services.update(hook_id, form.wanted, whole_number(form.version.data) or 0, by=person())
    except Invalid as invalid:
        form.refuse(invalid)
        return _show_form(form, hook, 422)
    except Conflict as conflict:
        form.refuse(Invalid({"": conflict.message}))
        form.version.data = str(services.get(hook_id, by=person()).version)
        return _show_form(form, hook, 409)
    flash(_("The webhook is saved."), "success")
    return see_other(url_for("settings.webhook", hook_id=hook_id))


@bp.post("/webhooks/<int:hook_id>/on")
@requires(RIGHT)
def switch_webhook_on(hook_id: int) -> ResponseReturnValue:
    """Tell it again what changes from now on."""
    services.switch(hook_id, True, by=person())
    flash(_("It is told what changes from now on."), "success")
    return see_other(url_for("settings.webhook", hook_id=hook_id))


@bp.post("/webhooks/<int:hook_id>/off")
@requires(RIGHT)
def switch_webhook_off(hook_id: int) -> ResponseReturnValue:
    """Tell it nothing for a while."""
    services.switch(hook_id, False, by=person())
    flash(_("It is told nothing any more. What waits is sent once it is on again."), "success")
    return see_other(url_for("settings.webhook", hook_id=hook_id))


@bp.post("/webhooks/<int:hook_id>/secret")
@requires(RIGHT)
def renew_webhook_secret(hook_id: int) -> ResponseReturnValue:
    """Make a new secret, and show it this once."""
    return show(hook_id, word=services.renew_secret(hook_id, by=person()), renewed=True)


@bp.post("/webhooks/<int:hook_id>/ping")
@requires(RIGHT)
def ping_webhook(hook_id: int) -> ResponseReturnValue:
    """Send a message that tells nothing, to see whether it arrives."""
    try:
        services.ping(hook_id, by=person())
    except Invalid as invalid:
        flash(translated(invalid.message), "error")
    else:
        flash(_("A ping is on its way. Look again in a moment what became of it."), "success")
    return see_other(url_for("settings.webhook", hook_id=hook_id))


@bp.get("/webhooks/<int:hook_id>/deletion")
@requires(RIGHT)
def confirm_webhook_deletion(hook_id: int) -> ResponseReturnValue:
    """Say what is lost with a webhook, and ask."""
    hook = services.get(hook_id, by=person())
    return page("settings/webhook_deletion.html", hook=hook, open_section="webhooks")


@bp.post("/webhooks/<int:hook_id>/deletion")
@requires(RIGHT)
def delete_webhook(hook_id: int) -> ResponseReturnValue:
    """Delete a webhook with its log."""
    services.remove(hook_id, by=person())
    flash(_("The webhook is deleted."), "success")
    return see_other(url_for("settings.webhooks"))


def _filled(hook: Webhook) -> WebhookForm:
    shown = ("version", "name", "url", "events", "fields")
    return WebhookForm(formdata=None, data={name: getattr(hook, name) for name in shown})


def _offering(form: WebhookForm) -> WebhookForm:
    """Let what can be ticked be found in it."""
    form.events.choices = [SelectChoice(kind, translated(text)) for kind, text in EVENTS.items()]
    form.fields.choices = [
        SelectChoice(name, called(name, spec))
        for name, spec in webhook_events.fields_offered().items()
    ]
    return form


def _show_form(
    form: WebhookForm, hook: Webhook | None = None, status: int = 200
) -> ResponseReturnValue:
    return page(
        "settings/webhook_form.html", status=status, form=form, hook=hook, open_section="webhooks"
    )
