"""The form of a source, built from what its kind asks for; it never shows a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask_babel import gettext
from flask_babel import gettext as _
from wtforms import Field, PasswordField, SelectField, StringField, TextAreaField
from wtforms import ValidationError as WrongValue

from crmapp.blueprints.settings.connection_forms import SecretArea
from crmapp.connectors.settings import SettingField
from crmapp.errors import Conflict, Invalid
from crmapp.models import FeedSource
from crmapp.services import feed_sources
from crmapp.services.feed_checks import OWN, Check, Wanted
from crmapp.services.feed_kind import FeedKind
from crmapp.web.forms import VersionedForm, choices
from crmapp.web.record_forms import Clash, Required, show_conflict
from crmapp.web.texts import language, translated

_DOTS = "••••••••"
_QUIET = {"autocomplete": "off", "spellcheck": "false"}
COLUMNS = ("key_column", "company_column", "stamp_column")


class FeedSourceForm(VersionedForm):
    """What all sources are asked; ``version`` is 0 of one that there is not yet."""

    kind: FeedKind

    name = StringField(validators=[Required()], render_kw={"autocomplete": "off"})
    company = StringField(render_kw=dict(_QUIET))
    key_column = SelectField(validate_choice=False)
    company_column = SelectField(validate_choice=False)
    stamp_column = SelectField(validate_choice=False)

    def validate_version(self, field: Field) -> None:
        """Refuse a form whose version was tampered away."""
        told = bool(field.raw_data) and field.data is not None
        if not told or not 0 <= field.data <= self.HIGHEST_VERSION:
            raise WrongValue(gettext("Reload the page and try again."))

    def refuse(self, error: Invalid) -> None:
        """Show what a service found wrong at the fields as they are called here."""
        asked = {each.name for each in self.kind.fields}
        named = {
            form_name(name) if name in asked else name: text for name, text in error.fields.items()
        }
        super().refuse(Invalid(named))

    def clashes(self, conflict: Conflict) -> list[Clash]:
        """Prepare to be sent again after somebody else changed the source."""
        theirs = {
            name if name in OWN else form_name(name): value
            for name, value in conflict.theirs.items()
        }
        return show_conflict(self, Conflict(theirs, version=conflict.version))

    @property
    def wanted(self) -> Wanted:
        """What the person set, as the service takes it."""
        return Wanted(
            typed={each.name: self[form_name(each.name)].data or "" for each in self.kind.fields},
            **{name: self[name].data or "" for name in OWN},
        )

    def offer(self, found: Check | None) -> None:
        """Let her choose from the columns that are there; what was chosen and is gone stays."""
        there = (
            [(each.name, _called(each.name, each.label)) for each in found.columns] if found else []
        )
        names = {name for name, _label in there}
        if found and not self.key_column.data:
            self.key_column.data = found.key
        for name in COLUMNS:
            chosen = self[name].data or ""
            gone = [(chosen, chosen)] if chosen and chosen not in names else []
            self[name].choices = choices([("", "–"), *there, *gone])


def _called(name: str, label: str) -> str:
    return label if label == name else f"{label} ({name})"


def form_name(name: str) -> str:
    """Return what a setting of a kind is called in the form, which has fields of its own."""
    return f"set_{name}"


def feed_source_form(kind: FeedKind, source: FeedSource | None = None) -> FeedSourceForm:
    """Build the form of a kind, filled with what is set for ``source`` or from the request."""
    made = {form_name(each.name): _field(each, kind, source) for each in kind.fields}
    form_class = type("Form", (FeedSourceForm,), made)
    form = form_class(data=_values(kind, source))
    form.kind = kind
    _name(form)
    form.offer(Check.from_json(source.found) if source and source.found else None)
    return cast(FeedSourceForm, form)


def take_theirs(form: FeedSourceForm, source: FeedSource) -> None:
    """Fill in what somebody else set, where she takes it over after a conflict."""
    theirs = _values(form.kind, source)
    for name in form.taken & theirs.keys():
        form[name].process_data(theirs[name])


def _values(kind: FeedKind, source: FeedSource | None) -> dict[str, Any]:
    if source is None:
        return {"version": 0, "name": translated(kind.label)}
    shown = [each.name for each in kind.fields if not each.secret]
    own = {name: getattr(source, name) for name in OWN}
    settings = {form_name(name): source.settings.get(name, "") for name in shown}
    return {"version": source.version, **own, **settings}


def _field(spec: SettingField, kind: FeedKind, source: FeedSource | None) -> Any:
    secrets = (feed_sources.secrets_of(source) if source else None) or frozenset()
    keeps = spec.secret and spec.name in secrets
    hints = [_("It is set. Leave it empty to keep it.")] if keeps else []
    hints += [translated(spec.help)] if spec.help else []
    options: dict[str, Any] = {
        "label": translated(spec.label),
        "description": " ".join(hints),
        "validators": [Required()] if spec.required and not keeps else [],
        "render_kw": dict(_QUIET),
    }
    if keeps:
        options["render_kw"]["placeholder"] = _DOTS
    offered = _offered(spec, kind)
    if offered:
        chosen = spec.required and spec.choices or "" in dict(offered)
        blank = () if chosen else (("", "–"),)
        return SelectField(**options, choices=choices([*blank, *offered]), validate_choice=False)
    if spec.long:
        options["render_kw"] |= {"rows": 6}
        return SecretArea(**options) if spec.secret else TextAreaField(**options)
    if spec.secret:
        options["render_kw"]["autocomplete"] = "new-password"
        return PasswordField(**options)
    return StringField(**options)


def _offered(spec: SettingField, kind: FeedKind) -> list[tuple[str, str]]:
    if spec.choices:
        return [(value, translated(label)) for value, label in spec.choices]
    return list(kind.offered(spec.name, language()))


def _name(form: Any) -> None:
    """Label the fields that all sources have, in the reader's language."""
    labels: Mapping[str, tuple[str, str]] = {
        "name": (_("Name of the source"), ""),
        "key_column": (
            _("Key"),
            _("The column that tells the customers apart and never changes: number or id."),
        ),
        "company_column": (
            _("Column of the ERP company"),
            _("Only if the rows are of several companies: the same number is an account in each."),
        ),
        "company": (
            _("ERP company"),
            _("The company that all rows belong to, if no column says it. It may stay empty."),
        ),
        "stamp_column": (
            _("Column of the last change"),
            _("With it only what changed is read, and everything once a day."),
        ),
    }
    for name, (label, help_) in labels.items():
        form[name].label.text, form[name].description = label, help_
