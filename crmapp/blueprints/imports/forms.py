"""The forms about files of accounts: the file, how it is read, what its rows are known by."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from crmapp.models import Run
from crmapp.services.imports import LONGEST_NAME, Way
from crmapp.web.forms import Form
from crmapp.web.reading_forms import ReadingForm, reading_form


class FileForm(Form):
    """A file of accounts."""

    file = FileField(
        lazy_gettext("File"),
        description=lazy_gettext("CSV, Excel (XLSX) or Parquet: one row for each account."),
    )


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
            self.key_column.data or "",
            self.system.data or "",
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
    if last:
        form.without_reasons.label.text = _("Leave out the column “%(name)s”", name=last)
    else:
        del form.without_reasons
    return form
