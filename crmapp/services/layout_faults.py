"""Conditions that can hold no more as they were meant: what decides is gone, or its values are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crmapp.domain.conditions import Condition, Operator
from crmapp.domain.fields import LISTED, Field, Kind
from crmapp.domain.permissions import Right
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import fields, layouts, pick_list_values, pick_lists
from crmapp.services.rights import need

RETIRED = N_("The field that decides, “%(field)s”, is retired: the condition never holds.")
VALUES_GONE = N_("These values are gone: %(values)s.")


@dataclass(frozen=True)
class Fault:
    """A condition that needs repair: of a field, or of a section in the layout of an audience."""

    text: Text
    field: str = ""
    audience: str = ""
    section: str = ""


def all_of(*, by: User) -> list[Fault]:
    """Return what needs repair.

    Raises:
        Forbidden: ``by`` may not change the settings.
    """
    need(Right.SETTINGS_MANAGE, by=by)
    kept, living = layouts.kept(), fields.of("account")
    found = [
        Fault(text, field=name)
        for name, condition in kept.conditions.items()
        if name in living and (text := of(condition, by=by)) is not None
    ]
    return found + [
        Fault(text, audience=who, section=section.key)
        for who, layout in kept.layouts.items()
        for section in layout.sections
        if section.when is not None and (text := of(section.when, by=by)) is not None
    ]


def without(name: str) -> list[str]:
    """Return what fields and sections are called whose condition needs the field ``name``."""
    kept, living = layouts.kept(), fields.of("account")
    asked = [(living[each].label, when) for each, when in kept.conditions.items() if each in living]
    asked += [
        (section.label, section.when)
        for layout in kept.layouts.values()
        for section in layout.sections
        if section.when is not None
    ]
    return [*dict.fromkeys(label for label, when in asked if when.field == name)]


def of(condition: Condition, *, by: User) -> Text | None:
    """Say what is wrong with a condition, if anything is."""
    spec = fields.of("account").get(condition.field)
    if spec is None:
        known = fields.every("account").get(condition.field)
        called = Text(known.label) if known else condition.field
        return Text(RETIRED, {"field": called})
    if condition.operator is not Operator.ANY:
        return None
    there = set(_values(spec, by))
    gone = [value for value in condition.values if value not in there]
    return Text(VALUES_GONE, {"values": gone}) if gone else None


def _values(spec: Field, by: User) -> Iterator[str]:
    if spec.kind in LISTED:
        yield from (each.code for each in pick_list_values.of(spec.pick_list or "", by=by))
    elif spec.kind in (Kind.USER, Kind.TEAM):
        yield from map(str, pick_lists.names_of_all()[spec.kind is Kind.TEAM])
