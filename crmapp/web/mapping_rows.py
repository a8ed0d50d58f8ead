"""The mapping page's rows: one field each, with what is chosen for it and what would come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.domain.fields import Field
from crmapp.domain.mapping import CHOSEN_KINDS, FieldMapping
from crmapp.domain.steps import Step
from crmapp.domain.suggestions import Mark, Suggestion
from crmapp.models import User
from crmapp.services.mapping_preview import Preview, meanings, previews
from crmapp.services.mapping_start import Opening
from crmapp.services.sources import Source, SourceColumn
from crmapp.web import reader
from crmapp.web.mapping_forms import MappingForm, mappable
from crmapp.web.typed_numbers import typed_for


@dataclass(frozen=True)
class FieldRow:
    """A field: its drop-down, the suggestion for it, its steps and words, and a preview.

    ``taken`` says that the suggested column is the one that is chosen; ``choices`` are the values
    of a field that has few.
    """

    spec: Field
    select: Any
    suggestion: Suggestion | None
    suggested: str
    taken: bool
    filled: bool
    fixed: str | None
    steps: Sequence[Step]
    preview: Preview
    choices: Sequence[tuple[str, str]]

    @property
    def open(self) -> bool:
        """Whether there is something to see or to mend."""
        return self.filled or bool(self.select.errors)

    @property
    def unsure(self) -> bool:
        """Whether the chosen column is a suggestion that needs a look."""
        return self.taken and self.suggestion is not None and self.suggestion.mark is Mark.CHECK


def field_rows(
    source: Source,
    columns: Sequence[SourceColumn],
    form: MappingForm,
    opening: Opening,
    *,
    by: User,
    names: Iterable[str] | None = None,
) -> dict[str, FieldRow]:
    """Return field → its row, of all fields or of those with ``names``."""
    wanted = [spec for spec in mappable(form.specs) if names is None or spec.name in names]
    mapping, locale = form.mapping, reader.locale()
    asked = [spec.name for spec in wanted]
    shown = previews(source, columns, mapping, asked, by=by, locale=locale, specs=form.specs)
    labels = {column.name: column.label for column in columns}
    return {
        spec.name: _row(spec, form, mapping, opening, shown.get(spec.name, Preview()), labels)
        for spec in wanted
    }


def _row(
    spec: Field,
    form: MappingForm,
    mapping: FieldMapping,
    opening: Opening,
    preview: Preview,
    labels: Mapping[str, str],
) -> FieldRow:
    name, column = spec.name, mapping.columns.get(spec.name)
    filled = name in mapping.fields
    suggestion = opening.suggestions.get(name)
    chosen = spec.kind in CHOSEN_KINDS and filled
    return FieldRow(
        spec=spec,
        select=form[name],
        suggestion=suggestion,
        suggested=labels.get(suggestion.column, "") if suggestion else "",
        taken=suggestion is not None and suggestion.column == column,
        filled=filled,
        fixed=typed_for(spec, mapping.fixed[name]) if name in mapping.fixed else None,
        steps=mapping.steps.get(name, ()),
        preview=preview,
        choices=meanings(spec, reader.locale()) if chosen else (),
    )
