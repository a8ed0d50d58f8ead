"""The tokens by which programs ask in her name; who looks after people sees everybody's."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.blueprints.preferences import bp
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import SENTENCES
from crmapp.errors import Invalid
from crmapp.services import api_tokens
from crmapp.web.access import person
from crmapp.web.forms import Form
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import ChosenField, Required
from crmapp.web.texts import translated


class TokenForm(Form):
    """What a program is called, what it may do, and for how long."""

    name = StringField(
        lazy_gettext("Name"),
        validators=[Required()],
        description=lazy_gettext("What the program is, so that you know the token again."),
    )
    scopes = ChosenField(
        lazy_gettext("What the program may do"),
        description=lazy_gettext("It can never do more than you yourself may."),
        validate_choice=False,
    )
    days = RadioField(lazy_gettext("How long it is good"), default="90", validate_choice=False)


@bp.get("/tokens")
def tokens() -> ResponseReturnValue:
    """Show her tokens, or everybody's."""
    return _show(_form())


@bp.post("/tokens")
def make_token() -> ResponseReturnValue:
    """Make a token, and show it this once."""
    form = _form()
    if not form.validate_on_submit():
        return _show(form, 422)
    days = {str(each): each for each in api_tokens.DAYS}.get(form.days.data or "", 0)
    try:
        name, scopes = form.name.data or "", form.scopes.data or []
        word = api_tokens.make(name, scopes, days, by=person())
    except Invalid as invalid:
        form.refuse(invalid)
        return _show(form, 422)
    return _show(_form(posted=False), word=word)


@bp.post("/tokens/<int:token_id>/revocation")
def revoke_token(token_id: int) -> ResponseReturnValue:
    """Let a token be good no more."""
    name = api_tokens.revoke(token_id, by=person())
    flash(_("The token “%(name)s” opens nothing any more.", name=name), "success")
    everybody = "everybody" if request.args.get("of") == "everybody" else None
    return see_other(url_for("preferences.tokens", of=everybody))


def _form(*, posted: bool = True) -> TokenForm:
    form = TokenForm() if posted else TokenForm(formdata=None)
    form.scopes.choices = [
        SelectChoice(each.value, translated(SENTENCES[each])) for each in SENTENCES
    ]
    form.days.choices = [
        SelectChoice(str(each), ngettext("%(num)s day", "%(num)s days", each))
        for each in api_tokens.DAYS
    ]
    return form


def _show(form: TokenForm, status: int = 200, word: str = "") -> ResponseReturnValue:
    reader = person()
    looks_after = reader.can(Right.USER_MANAGE)
    everybody = looks_after and request.args.get("of") == "everybody"
    found = api_tokens.everybodys(by=reader) if everybody else api_tokens.own(by=reader)
    return page(
        "preferences/tokens.html",
        status=status,
        form=form,
        word=word,
        tokens=found,
        looks_after=looks_after,
        everybody=everybody,
    )
