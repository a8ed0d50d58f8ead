"""The identity provider that people sign in with: set up and tested."""

from __future__ import annotations

from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField

from crmapp.blueprints.settings import bp
from crmapp.config import settings
from crmapp.connectors.errors import ConnectorError
from crmapp.domain.permissions import ROLE_LABELS
from crmapp.errors import Conflict, Invalid, SecretsLost
from crmapp.models import IdentityProvider
from crmapp.services import identity_provider as providers
from crmapp.services.identity_provider import RIGHT, Wanted
from crmapp.web.access import person, requires
from crmapp.web.forms import Form, choices
from crmapp.web.htmx import page, see_other
from crmapp.web.record_forms import Required
from crmapp.web.texts import translated

_QUIET = {"autocomplete": "off", "spellcheck": "false"}


class ProviderForm(Form):
    """What there is to know of a provider; the secret is never shown."""

    seen = HiddenField()
    issuer = StringField(
        lazy_gettext("Address of the issuer"),
        validators=[Required()],
        description=lazy_gettext("As the provider writes it, like https://login.example.com."),
        render_kw=_QUIET | {"inputmode": "url"},
    )
    client_id = StringField(
        lazy_gettext("Client ID"), validators=[Required()], render_kw=dict(_QUIET)
    )
    secret = PasswordField(
        lazy_gettext("Client secret"), render_kw=_QUIET | {"autocomplete": "new-password"}
    )
    label = StringField(
        lazy_gettext("Name of the provider"),
        validators=[Required()],
        description=lazy_gettext("What the button says: “Sign in with …”."),
        render_kw=dict(_QUIET),
    )
    email_claim = StringField(
        lazy_gettext("Claim with the e-mail address"),
        default="email",
        validators=[Required()],
        description=lazy_gettext("It counts only if the provider says that it is verified."),
        render_kw=dict(_QUIET),
    )
    new_role = SelectField(lazy_gettext("People who are not here yet"), validate_choice=False)
    passwords = BooleanField(
        lazy_gettext("Passwords sign people in as well"),
        default=True,
        description=lazy_gettext("Administrators always keep theirs, so that nobody is shut out."),
    )
    active = BooleanField(lazy_gettext("People can sign in with this provider"), default=True)
    sandbox = BooleanField(
        lazy_gettext("The provider is a test system, or inside our own network"),
        description=lazy_gettext("Then it may have a private address, any port, and plain HTTP."),
    )

    @property
    def wanted(self) -> Wanted:
        """What she set, as the service takes it."""
        boxes = ("passwords", "active", "sandbox")
        names = ("issuer", "client_id", "secret", "label", "email_claim", "new_role")
        typed: dict[str, Any] = {name: (self[name].data or "").strip() for name in names}
        return Wanted(**typed, **{name: self[name].data for name in boxes})


@bp.get("/users/identity-provider")
@requires(RIGHT)
def identity_provider() -> ResponseReturnValue:
    """Show what is set up."""
    row = providers.state(by=person())
    return _form(ProviderForm(obj=row, secret=None, seen=row.state if row else ""), row)


@bp.post("/users/identity-provider")
@requires(RIGHT)
def save_identity_provider() -> ResponseReturnValue:
    """Keep what she set, and test it if she asks for that."""
    form, row = ProviderForm(), providers.state(by=person())
    if not form.validate_on_submit():
        return _form(form, row, 422)
    try:
        providers.save(form.wanted, form.seen.data or "", by=person())
    except Invalid as invalid:
        form.refuse(invalid)
        return _form(form, row, 422)
    except Conflict as conflict:
        form.refuse(Invalid({"": conflict.message}))
        row = providers.state(by=person())
        form.seen.data = row.state if row else ""
        return _form(form, row, 409)
    flash(_("Your choice is kept."), "success")
    if request.form.get("then") == "test":
        _test()
    return see_other(url_for("settings.identity_provider"))


@bp.post("/users/identity-provider/test")
@requires(RIGHT)
def test_identity_provider() -> ResponseReturnValue:
    """Say whether the provider answers as it should, or precisely what is wrong."""
    _test()
    return see_other(url_for("settings.identity_provider"))


@bp.post("/users/<int:user_id>/identity-provider/unlink")
@requires(RIGHT)
def unlink_person(user_id: int) -> ResponseReturnValue:
    """Forget as whom the provider knows a person."""
    providers.unlink(user_id, by=person())
    flash(_("The next sign-in finds this person by the verified e-mail address."), "success")
    return see_other(url_for("settings.edit_user", user_id=user_id))


def _test() -> None:
    try:
        found = providers.test(by=person())
    except Invalid as invalid:
        flash(" ".join(map(translated, invalid.fields.values())), "error")
        return
    except (ConnectorError, SecretsLost) as error:
        flash(translated(error.message), "error")
        return
    said = ngettext(
        "The provider answers, and shows %(count)s key.",
        "The provider answers, and shows %(count)s keys.",
        found.keys,
        count=found.keys,
    )
    flash(said, "success")


def _form(
    form: ProviderForm, row: IdentityProvider | None, status: int = 200
) -> ResponseReturnValue:
    roles = [(role.value, translated(ROLE_LABELS[role])) for role in providers.NEW_ROLES]
    offered = [(role, _("Are added as: %(role)s", role=label)) for role, label in roles]
    form.new_role.choices = choices([("", _("Are refused")), *offered])
    here = settings().address
    return page(
        "settings/identity_provider.html",
        status=status,
        form=form,
        row=row,
        callback=here + url_for("provider.back"),
        home=here + url_for("security.login"),
    )
