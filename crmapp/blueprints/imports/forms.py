"""The forms about files of records: the file, how it is read, what its rows are known by."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.i18n import N_
from crmapp.models import Run
from crmapp.services import upsert_fields
from crmapp.services.imports import LONGEST_NAME, Way
from crmapp.web.forms import Form
from crmapp.web.reading_forms import ReadingForm, reading_form
from crmapp.web.texts import translated


class FileForm(Form):
    """A file of records."""

    file = FileField(lazy_gettext("File"))


_ROWS = {
    "account": N_("CSV, Excel (XLSX) or Parquet: one row for each account."),
    "contact": N_("CSV, Excel (XLSX) or Parquet: one row for each contact."),
    "activity": N_("CSV, Excel (XLSX) or Parquet: one row for each activity."),
}


def file_form(object_: str, **given: Any) -> FileForm:
    """The form for a file of records of one kind."""
    form = FileForm(**given)
    form.file.description = translated(_ROWS[object_])
    return form


class WayForm(ReadingForm):
    """How a file is read, and by what its rows are known."""

    key_column = SelectField(lazy_gettext("Column of external ids"), validate_choice=False)
    system = StringField(lazy_gettext("They are ids of"))
    without_reasons = BooleanField()

    def way(self, before: Way) -> Way:
        """What was chosen; what the form does not have stays."""
        reasons = "without_reasons" in self
        return Way(
            self.read(before.reading),
            (self.key_column.data or "") if "key_column" in self else "",
            (self.system.data or "") if "system" in self else "",
            not self.without_reasons.data if reasons else before.all_columns,
        )


def way_form(run: Run) -> WayForm:
    """The form filled with how the run's file is read."""
    kept, way = run.source, Way.of(run.source)
    last = kept["left_out"] or (kept["headings"][-1] if way.all_columns else "")
    form = reading_form(
        way.reading,
        kept["sheets"],
        WayForm,
        key_column=way.key_column,
        system=way.system,
        without_reasons=not way.all_columns,
    )
    form.key_column.choices = [SelectChoice("", _("None: a row is known by its line"))] + [
        SelectChoice(name, name) for name, *_rest in kept["columns"]
    ]
    form.system.render_kw = {"maxlength": LONGEST_NAME}
    if upsert_fields.object_of(kept) != "account":  # the ledger of identities is about accounts
        del form.key_column, form.system
    if last:
        form.without_reasons.label.text = _("Leave out the column “%(name)s”", name=last)
    else:
        del form.without_reasons
    return form
