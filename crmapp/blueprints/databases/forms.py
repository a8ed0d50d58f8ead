"""The forms about databases: a file, how it is read, what its columns become, when it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from crmapp.analytics.dataset import PERIODS
from crmapp.analytics.intake.design import ROLES, Column, Design, Dimension
from crmapp.analytics.intake.formats import READINGS
from crmapp.i18n import N_
from crmapp.models import StoredDataset
from crmapp.web.forms import Form
from crmapp.web.texts import translated

PERIOD_LABELS = {
    "months": N_("The last twelve months"),
    "ytd": N_("Year to date against last year"),
    "total": N_("Totals of all time"),
}
_BELONGING = ("name", "property")


class UploadForm(Form):
    """A file to make a database from."""

    file = FileField(
        lazy_gettext("File"),
        description=lazy_gettext("CSV, Excel (XLSX) or Parquet: one row for each sale."),
    )


class QueryForm(Form):
    """A query whose rows a database is made of."""

    connection = SelectField(lazy_gettext("SQL database"), validate_choice=False)
    title = StringField(lazy_gettext("Name"))
    query = TextAreaField(
        lazy_gettext("Query"),
        description=lazy_gettext("One query that reads, such as SELECT * FROM sales_lines."),
    )

    def offer(self, connections: list[str]) -> QueryForm:
        """List the databases that may be asked."""
        self.connection.choices = [SelectChoice(name, name) for name in connections]
        return self


class MoreForm(UploadForm):
    """Another file for a database."""

    mode = RadioField(lazy_gettext("What happens to the rows that are there?"), default="replace")

    def offer(self) -> MoreForm:
        """List what may happen."""
        self.mode.choices = [
            SelectChoice("replace", _("The new file replaces them")),
            SelectChoice("add", _("The rows of the new file are added to them")),
        ]
        return self


class ScheduleForm(Form):
    """When a database is refreshed by itself."""

    kind = RadioField(lazy_gettext("Refresh"), validate_choice=False)
    every = IntegerField(lazy_gettext("Minutes from refresh to refresh"), validators=[Optional()])
    daily = StringField(lazy_gettext("Time of day"), description=lazy_gettext("Such as 06:30."))

    def offer(self) -> ScheduleForm:
        """List what may be chosen."""
        self.kind.choices = [
            SelectChoice("never", _("Only by hand")),
            SelectChoice("every", _("Every so many minutes")),
            SelectChoice("daily", _("Once a day")),
        ]
        return self


def schedule_form(stored: StoredDataset) -> ScheduleForm:
    """The form filled with the schedule as it is."""
    kind = "every" if stored.every else "daily" if stored.daily else "never"
    kept = {"kind": kind, "every": stored.every, "daily": stored.daily or ""}
    return ScheduleForm(data=kept).offer()


class DesignForm(Form):
    """What a database is called; the fields of its columns are added by :func:`design_form`."""

    label_en = StringField(lazy_gettext("Name in English"))
    label_fr = StringField(lazy_gettext("Name in French"))
    currency = StringField(
        lazy_gettext("Currency"), description=lazy_gettext("Three letters, such as EUR; or none.")
    )
    period = SelectField(lazy_gettext("The grid opens with"), validate_choice=False)
    accounts = SelectField(
        lazy_gettext("Accounts are"),
        validate_choice=False,
        description=lazy_gettext("The dimension whose entities become accounts of the CRM."),
    )
    categories = SelectField(
        lazy_gettext("They buy"),
        validate_choice=False,
        description=lazy_gettext(
            "What accounts buy, in few groups, such as product lines: an account's Sales tab says"
            " which of them it no longer buys."
        ),
    )

    def read(self, before: Design) -> Design:
        """The design as the form says it; what was not sent stays as it was."""
        dimensions = tuple(self._dimension(each) for each in before.dimensions)
        return replace(
            before,
            label_en=(self.label_en.data or "").strip(),
            label_fr=(self.label_fr.data or "").strip(),
            currency=(self.currency.data or "").strip().upper(),
            period=self.period.data if self.period.data in PERIODS else before.period,
            accounts=self.accounts.data or "",
            categories=self._said("categories", before.categories),
            columns=tuple(self._column(each) for each in before.columns),
            dimensions=dimensions,
        ).settled()

    def _dimension(self, dimension: Dimension) -> Dimension:
        english, french = f"dimension_en.{dimension.key}", f"dimension_fr.{dimension.key}"
        return replace(
            dimension,
            label_en=self._said(english, dimension.label_en),
            label_fr=self._said(french, dimension.label_fr),
        )

    def _column(self, column: Column) -> Column:
        name = column.name
        own = f"{column.role}:{column.of}" if column.role in _BELONGING else column.role
        role, _colon, of = self._said(f"role.{name}", own).partition(":")
        return replace(
            column,
            label_en=self._said(f"column_en.{name}", column.label_en),
            label_fr=self._said(f"column_fr.{name}", column.label_fr),
            reading=self._said(f"reading.{name}", column.reading),
            role=role,
            of=of if role in _BELONGING else "",
            own=bool(self[f"own.{name}"].data),
        )

    def _said(self, name: str, otherwise: str) -> str:
        found = self[name].data if name in self else None
        return otherwise if found is None else str(found).strip()


def design_form(design: Design) -> DesignForm:
    """Build the form over a design, filled from it unless the request sent it."""
    fields, kept = _fields(design)
    form: DesignForm = type("FilledDesignForm", (DesignForm,), fields)(data=kept)
    form.period.choices = [SelectChoice(key, translated(t)) for key, t in PERIOD_LABELS.items()]
    found = [SelectChoice(each.key, each.label_en) for each in design.dimensions]
    none = SelectChoice("", _("None of them"))
    form.accounts.choices = [none, *found]
    form.categories.choices = [none, *(each for each in found if each.value != design.accounts)]
    return form


def _fields(design: Design) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of columns and dimensions, and what they hold."""
    fields: dict[str, Any] = {}
    kept: dict[str, Any] = {
        name: getattr(design, name)
        for name in ("label_en", "label_fr", "currency", "period", "accounts", "categories")
    }
    roles = _roles(design)
    for column in design.columns:
        fields |= _column_fields(column, roles)
        kept |= {
            f"column_en.{column.name}": column.label_en,
            f"column_fr.{column.name}": column.label_fr,
            f"reading.{column.name}": column.reading,
            f"role.{column.name}": f"{column.role}:{column.of}" if column.of else column.role,
            f"own.{column.name}": column.own,
        }
    for each in design.dimensions:
        names = f"dimension_en.{each.key}", f"dimension_fr.{each.key}"
        kept |= dict(zip(names, (each.label_en, each.label_fr), strict=True))
        labels = _("Name in English"), _("Name in French")
        fields |= {n: StringField(label) for n, label in zip(names, labels, strict=True)}
    return fields, kept


def _column_fields(column: Column, roles: list[SelectChoice]) -> dict[str, Any]:
    name, what = column.name, {"column": column.heading}
    readings = [SelectChoice(key, translated(label)) for key, label in READINGS.items()]
    return {
        f"column_en.{name}": StringField(_("Name of %(column)s in English", **what)),
        f"column_fr.{name}": StringField(_("Name of %(column)s in French", **what)),
        f"reading.{name}": SelectField(
            _("How %(column)s is written", **what), choices=readings, validate_choice=False
        ),
        f"role.{name}": SelectField(
            _("What %(column)s is", **what), choices=roles, validate_choice=False
        ),
        f"own.{name}": BooleanField(_("%(column)s is a dimension of its own as well", **what)),
    }


def _roles(design: Design) -> list[SelectChoice]:
    """What a column may be: the roles, and name and property of each dimension."""
    plain = [
        SelectChoice(role, translated(label))
        for role, label in ROLES.items()
        if role not in _BELONGING
    ]
    belonging = [
        SelectChoice(
            f"{role}:{each.key}",
            _("%(step)s “%(value)s”", step=translated(ROLES[role]), value=each.label_en),
        )
        for each in design.dimensions
        for role in _BELONGING
    ]
    return plain + belonging
