"""The form about how a file is read, which pages about databases and about imports share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from flask_babel import lazy_gettext
from wtforms import BooleanField, IntegerField, SelectField
from wtforms.fields.choices import SelectChoice

from crmapp.analytics.intake.delimited import DELIMITERS, ENCODINGS
from crmapp.analytics.intake.tables import Reading
from crmapp.web.forms import Form, choices
from crmapp.web.texts import translated

_MOST_SKIPPED = 100


class ReadingForm(Form):
    """How a file is read."""

    encoding = SelectField(
        lazy_gettext("Encoding"), choices=choices(zip(ENCODINGS, ENCODINGS, strict=True))
    )
    delimiter = SelectField(lazy_gettext("Between cells"))
    sheet = SelectField(lazy_gettext("Sheet"))
    skip = IntegerField(lazy_gettext("Rows above the table"))
    header = BooleanField(lazy_gettext("The first row holds the headings"))

    def read(self, before: Reading) -> Reading:
        """What was chosen; what a format does not have stays."""
        skip = min(max(self.skip.data or 0, 0), _MOST_SKIPPED)
        chosen: dict[str, Any] = {"header": self.header.data, "skip": skip}
        if before.format == "csv":
            chosen |= {"encoding": self.encoding.data, "delimiter": self.delimiter.data}
        elif before.format == "xlsx":
            chosen |= {"sheet": self.sheet.data}
        return replace(before, **chosen)


_F = TypeVar("_F", bound=ReadingForm)


def reading_form(reading: Reading, sheets: Sequence[str], form_class: type[_F], **kept: Any) -> _F:
    """The form for a file; fields that its format does not have are taken out.

    ``kept`` is what else a form of this class is filled with.
    """
    form = form_class(data={**reading.as_json(), **kept})
    form.delimiter.choices = [
        SelectChoice(mark, translated(label)) for mark, label in DELIMITERS.items()
    ]
    form.sheet.choices = [SelectChoice(name, name) for name in sheets]
    others = {"csv": ("sheet",), "xlsx": ("encoding", "delimiter")}
    for name in others.get(reading.format, ("sheet", "encoding", "delimiter", "skip", "header")):
        del form[name]
    return form
