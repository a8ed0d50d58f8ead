"""Whether a mapping can be used: each of its values by the validator that rows will meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmapp.domain.fields import BadValue, Field, Lookups, parse
from crmapp.domain.fields import check as check_value
from crmapp.domain.mapping import FieldMapping, problems
from crmapp.domain.steps import problem
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import mapping_words, upsert_fields

LONGEST = 200
MOST_WORDS = 1000
_PROBLEMS = {
    "required": N_("Choose the column that fills this field; it is required."),
    "match": N_("Choose a column: this field finds the accounts that exist."),
    "unknown": N_("Choose a column from the list."),
    "idle": N_("Let this field find the accounts that exist, or leave it untouched."),
    "account": N_("Choose a column: this field says to which account a row belongs."),
}


def check(
    mapping: FieldMapping,
    columns: Sequence[str],
    *,
    by: User,
    source: Mapping[str, Any] = {},
) -> None:
    """Refuse a mapping over ``columns`` that cannot be planned.

    ``source`` is what a run keeps of where its rows come from; without one they are accounts.

    Raises:
        Invalid: field → what is wrong with its column, fixed value, steps or value map.
    """
    specs = upsert_fields.of(source)
    found = problems(mapping, specs, columns, upsert_fields.object_of(source))
    wrong = {name: Text(_PROBLEMS[kind]) for name, kind in found.items()}
    lookups = mapping_words.lookups(mapping, specs, [{}], by=by)
    for name in mapping.fields:
        if name not in wrong and (said := _problem(mapping, specs[name], lookups)):
            wrong[name] = said
    if wrong:
        raise Invalid(wrong)


def _problem(mapping: FieldMapping, spec: Field, lookups: Lookups) -> Text | None:
    """Say what is wrong with what a mapping does to one field, if anything is."""
    steps, words = mapping.steps.get(spec.name, ()), mapping.values.get(spec.name, {})
    for step in steps:
        if said := problem(step):
            return Text(said)
    if len(words) > MOST_WORDS or any(len(text) > LONGEST for text in _texts(mapping, spec.name)):
        return Text(N_("Too much for one mapping. Clean these values in the source instead."))
    typed = [mapping.fixed[spec.name]] if spec.name in mapping.fixed else []
    try:
        for text in typed:
            if parse(spec, text, lookups) is None:
                raise BadValue(Text(N_("Enter the value that every row gets.")))
        for meaning in words.values():
            check_value(spec, parse(spec, meaning, lookups))
        for text in _texts(mapping, spec.name):
            parse(_ANY, text, lookups)
    except BadValue as error:
        return error.text
    return None


_ANY = Field(name="", label="", help="")
"""Holds any text that can be stored."""


def _texts(mapping: FieldMapping, name: str) -> Iterable[str]:
    yield from (step.value for step in mapping.steps.get(name, ()))
    yield from mapping.values.get(name, {})
