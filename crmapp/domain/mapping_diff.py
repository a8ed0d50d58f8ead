"""What differs between two mappings, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crmapp.domain.fields import Field
from crmapp.domain.mapping import FieldMapping, Wanted
from crmapp.domain.record_keys import ACCOUNT
from crmapp.domain.steps import LABELS, Step
from crmapp.i18n import N_, Text

_WANTED = {
    Wanted.BOTH: N_("Accounts are created and updated."),
    Wanted.CREATE: N_("Accounts are created only; those that exist stay as they are."),
    Wanted.UPDATE: N_("Accounts are updated only; none is created."),
}
_WANTED_RECORDS = {
    Wanted.BOTH: N_("Records are created and updated."),
    Wanted.CREATE: N_("Records are created only; those that exist stay as they are."),
    Wanted.UPDATE: N_("Records are updated only; none is created."),
}


def differences(
    before: FieldMapping, after: FieldMapping, fields: Mapping[str, Field]
) -> list[Text]:
    """Say what ``after`` does otherwise than ``before``, field by field; empty if nothing."""
    names = [*fields, *(name for name in after.fields + before.fields if name not in fields)]
    found: list[Text] = []
    if before.match != after.match:
        said = N_("Accounts are found by %(field)s.")
        found.append(Text(said, {"field": _label(after.match, fields)}))
    belongs = ACCOUNT in fields
    if before.clear_empty != after.clear_empty:
        found.append(Text(_empty(after, belongs=belongs)))
    if before.wanted != after.wanted:
        found.append(Text((_WANTED_RECORDS if belongs else _WANTED)[after.wanted]))
    for name in dict.fromkeys(names):
        field = {"field": _label(name, fields)}
        found += [
            Text(each.text, {**field, **each.params})
            for each in (
                *_source(before, after, name),
                *_steps(before, after, name),
                *_words(before, after, name),
            )
        ]
    return found


def _empty(mapping: FieldMapping, *, belongs: bool) -> str:
    """Say what an empty cell does to an account, or to a record that belongs to one."""
    if belongs:
        clears, leaves = N_("An empty cell clears the value."), N_("An empty cell changes nothing.")
    else:
        clears = N_("An empty cell clears the account's value.")
        leaves = N_("An empty cell leaves the account's value as it is.")
    return clears if mapping.clear_empty else leaves


def _source(before: FieldMapping, after: FieldMapping, name: str) -> Iterator[Text]:
    old, new = before.columns.get(name), after.columns.get(name)
    if new is not None and old is None:
        yield Text(N_("%(field)s is filled from “%(column)s”."), {"column": new})
    elif new is not None and new != old:
        said = N_("%(field)s is filled from “%(column)s” instead of “%(before)s”.")
        yield Text(said, {"column": new, "before": old})
    elif name in after.fixed and after.fixed[name] != before.fixed.get(name):
        said = N_("%(field)s is “%(value)s” in every row.")
        yield Text(said, {"value": after.fixed[name]})
    elif name in before.fields and name not in after.fields:
        yield Text(N_("%(field)s is left untouched."))


def _steps(before: FieldMapping, after: FieldMapping, name: str) -> Iterator[Text]:
    old, new = before.steps.get(name, ()), after.steps.get(name, ())
    if new and new != old:
        yield Text(N_("%(field)s takes the steps: %(steps)s."), {"steps": [*_said(new)]})
    elif old and not new and name in after.columns:
        yield Text(N_("%(field)s takes no steps any more."))


def _said(steps: Sequence[Step]) -> Iterator[Text]:
    """Name the steps; one with a value says it."""
    for step in steps:
        label = Text(LABELS[step.kind])
        valued = {"step": label, "value": step.value}
        yield Text(N_("%(step)s “%(value)s”"), valued) if step.value else label


def _words(before: FieldMapping, after: FieldMapping, name: str) -> Iterator[Text]:
    old, new = before.values.get(name, {}), after.values.get(name, {})
    for word in sorted({*old, *new}):
        if old.get(word) == new.get(word):
            continue
        if word not in new:
            if name in after.columns:
                yield Text(N_("%(field)s: “%(word)s” is not mapped any more."), {"word": word})
        elif new[word]:
            said = N_("%(field)s: “%(word)s” means “%(meaning)s”.")
            yield Text(said, {"word": word, "meaning": new[word]})
        else:
            yield Text(N_("%(field)s: “%(word)s” counts as an empty cell."), {"word": word})


def _label(name: str, fields: Mapping[str, Field]) -> Text:
    return Text(fields[name].label if name in fields else name)
