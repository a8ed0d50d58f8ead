"""Which e-mails a person gets."""

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, RadioField
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.preferences import bp
from crmapp.domain.runs import Mail
from crmapp.services import notifications, preferences
from crmapp.web.access import current_user
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other


class MailForm(Form):
    """Her own runs, and those of others that fail."""

    own_runs = RadioField(
        lazy_gettext("When a run that you started ends"),
        choices=[
            SelectChoice(Mail.ALL.value, lazy_gettext("Always send me an e-mail")),
            SelectChoice(Mail.WRONG.value, lazy_gettext("Only if it failed or left rows out")),
            SelectChoice(Mail.NONE.value, lazy_gettext("Never")),
        ],
    )
    failed_runs = BooleanField(lazy_gettext("Send me an e-mail when anybody's run fails"))


@bp.get("/mail")
def mail() -> ResponseReturnValue:
    """Show what she gets."""
    kept = {
        "own_runs": current_user.mail_own_runs,
        "failed_runs": current_user.mail_failed_runs,
    }
    return _show(MailForm(data=kept))


@bp.post("/mail")
def save_mail() -> ResponseReturnValue:
    """Keep what she chose."""
    form = MailForm()
    if not form.validate_on_submit():
        return _show(form, 422)
    failed_runs = form.failed_runs.data if _watches() else current_user.mail_failed_runs
    preferences.keep_mail(
        own_runs=Mail(form.own_runs.data), failed_runs=failed_runs, by=current_user
    )
    flash(_("Your choice is kept."), "success")
    return see_other(url_for("preferences.mail"))


def _show(form: MailForm, status: int = 200) -> ResponseReturnValue:
    return page("preferences/mail.html", status=status, form=form, watches=_watches())


def _watches() -> bool:
    return current_user.can(notifications.WATCHING)
