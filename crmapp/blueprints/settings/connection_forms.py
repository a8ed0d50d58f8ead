"""The form of a connection, built from what its connector asks for; it never shows a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask_babel import gettext
from flask_babel import gettext as _
from wtforms import BooleanField, Field, PasswordField, RadioField, StringField, TextAreaField
from wtforms import ValidationError as WrongValue
from wtforms.fields.choices import SelectChoice

from crmapp.connectors.registry import REGISTRY, Kind
from crmapp.connectors.settings import SettingField
from crmapp.errors import Conflict, Invalid
from crmapp.services import api_use, connection_kinds
from crmapp.services.connections import State, Wanted
from crmapp.web.forms import VersionedForm
from crmapp.web.record_forms import Clash, Required, show_conflict
from crmapp.web.texts import translated

_DOTS = "••••••••"
_QUIET = {"autocomplete": "off", "spellcheck": "false"}


class SecretArea(TextAreaField):
    """A secret of several lines; like a password it is not shown again, whatever was typed."""

    def _value(self) -> str:
        return ""


class ConnectionForm(VersionedForm):
    """What all connections are asked; ``version`` is 0 where there is none yet."""

    wanted_kind: Kind
    wanted_flow: str
    asked: tuple[SettingField, ...]

    sandbox = BooleanField()
    budget = StringField(render_kw={"inputmode": "numeric", "autocomplete": "off"})

    def validate_version(self, field: Field) -> None:
        """Refuse a form whose version was tampered away."""
        told = bool(field.raw_data) and field.data is not None
        if not told or not 0 <= field.data <= self.HIGHEST_VERSION:
            raise WrongValue(gettext("Reload the page and try again."))

    def refuse(self, error: Invalid) -> None:
        """Show what a service found wrong at the fields as they are called here."""
        super().refuse(Invalid({form_name(name): text for name, text in error.fields.items()}))

    def clashes(self, conflict: Conflict) -> list[Clash]:
        """Prepare to be sent again after somebody else changed the connection."""
        theirs = {form_name(name): value for name, value in conflict.theirs.items()}
        return show_conflict(self, Conflict(theirs, version=conflict.version))

    @property
    def wanted(self) -> Wanted:
        """What the person set, as the service takes it."""
        typed = {field.name: self[form_name(field.name)].data or "" for field in self.asked}
        secret = {field.name for field in self.asked if field.secret}
        return Wanted(
            kind=self.wanted_kind,
            flow=self.wanted_flow,
            values={name: text for name, text in typed.items() if name not in secret},
            secrets={name: text for name, text in typed.items() if name in secret},
            sandbox=self.sandbox.data,
            budget=self.budget.data or "",
        )


def form_name(name: str) -> str:
    """Return what a setting is called in the form, whose own version is that of the record."""
    return "api_version" if name == "version" else name


def connection_form(state: State, sent: Mapping[str, Any]) -> ConnectionForm:
    """Build the form for the kind and flow that ``sent`` names, or else for those that are set."""
    row = state.row
    kept = row.settings if row else {}
    wanted = sent.get("kind") or getattr(row, "kind", None)
    kind = connection_kinds.kind_of(state.system.code, wanted)
    theirs = sent.get(f"{VersionedForm.TAKE}flow") == "theirs"
    chosen = None if theirs else sent.get("flow")
    flow = connection_kinds.flow_of(kind, chosen or kept.get("flow"))
    asked = tuple(connection_kinds.asked(kind, flow))
    made = {form_name(each.name): _field(each, state, kind) for each in asked}
    made |= _choosers(state, kind)
    form_class = type("Form", (ConnectionForm,), made)
    form = form_class(data=_values(state, kind, asked) | {"kind": kind.value, "flow": flow})
    form.wanted_kind, form.wanted_flow, form.asked = kind, flow, asked
    _name(form, state)
    return cast(ConnectionForm, form)


def _values(state: State, kind: Kind, asked: Sequence[SettingField]) -> dict[str, Any]:
    """Return what is set, secrets apart; the address of another interface says nothing here."""
    row = state.row
    if row is None:
        return {"version": 0}
    shown = {each.name for each in asked if not each.secret}
    shown -= set() if row.kind == kind else {"url"}
    values = {form_name(name): str(row.settings[name]) for name in shown & row.settings.keys()}
    budget = "" if row.budget is None else str(row.budget)
    return {**values, "version": row.version, "sandbox": row.sandbox, "budget": budget}


def take_theirs(form: ConnectionForm, state: State) -> None:
    """Fill in what somebody else set, where she takes it over after a conflict."""
    if state.row is None:
        return
    kept = {form_name(name): value for name, value in state.row.settings.items()}
    kept |= {"sandbox": state.row.sandbox, "budget": state.row.budget}
    for name in form.taken & kept.keys():
        value = kept[name]
        form[name].process_data(value if isinstance(value, bool) else str(value or ""))


def _choosers(state: State, kind: Kind) -> dict[str, Any]:
    """Make the fields that decide which others are asked for."""
    made: dict[str, Any] = {}
    if len(state.system.kinds) > 1:
        rows = [SelectChoice(each.value, translated(REGISTRY[each].label))
                for each in state.system.kinds]  # fmt: skip
        made["kind"] = RadioField(_("Interface"), choices=rows, validate_choice=False)
    if flows := connection_kinds.flows(kind):
        rows = [SelectChoice(value, translated(label)) for value, label in flows]
        made["flow"] = RadioField(_("Signing in"), choices=rows, validate_choice=False)
    return made


def _field(spec: SettingField, state: State, kind: Kind) -> Any:
    keeps = spec.secret and spec.name in state.secrets and state.row and state.row.kind == kind
    hints = [_("It is set. Leave it empty to keep it.")] if keeps else []
    hints += [translated(spec.help)] if spec.help else []
    options: dict[str, Any] = {
        "label": translated(spec.label),
        "description": " ".join(hints),
        "validators": [Required()] if spec.required and not keeps else [],
        "render_kw": dict(_QUIET),
    }
    if hint := _DOTS if keeps else _default(spec, kind):
        options["render_kw"]["placeholder"] = hint
    if spec.long:
        options["render_kw"] |= {"rows": 6}
        return SecretArea(**options) if spec.secret else TextAreaField(**options)
    if spec.secret:
        options["render_kw"]["autocomplete"] = "new-password"
        return PasswordField(**options)
    return StringField(**options)


def _default(spec: SettingField, kind: Kind) -> str:
    """Return what counts when nothing is typed."""
    if spec.secret:
        return ""
    default = connection_kinds.settings_of(kind, {}, {})
    return str(getattr(default, spec.name, "") or "")


def _name(form: Any, state: State) -> None:
    """Label the fields that all connections have, in the reader's language."""
    form.sandbox.label.text = _("Use the sandbox")
    form.sandbox.description = _(
        "For a pretend system only, such as one that crmapp sandbox serves: every address is"
        " allowed, also a private one. A sandbox organisation of Salesforce needs no tick."
    )
    form.budget.label.text = _("Budget of requests")
    month = api_use.per(state.system.code) == "month"
    form.budget.description = (
        _("How many requests crmapp may make in a month. Leave it empty for as many as it needs.")
        if month
        else _(
            "How many requests crmapp may make in a day. Leave it empty for as many as it needs."
        )
    )
