"""The filter that people build of the list of accounts: any field, what is asked of it, a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from crmapp.domain import conditions
from crmapp.domain.conditions import DAYS, MOST_DAYS, OPERATORS, Condition, Group, Operator, takes
from crmapp.domain.fields import REQUIRED, SEARCHED_KINDS, BadValue, Field, Kind, Lookups, parse
from crmapp.domain.search import fold
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import condition_links, fields, pick_lists

ME = "me"
"""Stands for the reader among people, so that colleagues who share a filter each see their own."""
LAST_ACTIVITY = "last_activity"
_GROUP = N_("Dates")
MOMENTS: Mapping[str, Field] = {
    spec.name: spec
    for spec in (
        Field(
            name=LAST_ACTIVITY,
            label=N_("Last activity"),
            help=N_("When the last call, meeting, task or note took place or was due."),
            kind=Kind.MOMENT,
            group=_GROUP,
        ),
        Field(
            name="created_at",
            label=N_("Date created"),
            help=N_("When the account was added."),
            kind=Kind.MOMENT,
            group=_GROUP,
        ),
        Field(
            name="updated_at",
            label=N_("Date changed"),
            help=N_("When one of the account’s values changed last."),
            kind=Kind.MOMENT,
            group=_GROUP,
        ),
    )
}
"""What can be asked of accounts beside their fields."""
YEARS = range(1900, 2201)
_OF_ACTIVITIES = (Operator.PAST, Operator.OLDER, Operator.EMPTY, Operator.FILLED)
_WHEN = tuple(
    each for each in OPERATORS[Kind.MOMENT] if each not in (Operator.EMPTY, Operator.FILLED)
)
_PARTS = frozenset({Operator.CONTAINS, Operator.BEGINS})
TEXTS = SEARCHED_KINDS | {Kind.LONG_TEXT}
"""Kinds whose text is compared folded."""
NO_FIELD = N_("Accounts have no field “%(name)s” any more. Take this condition away.")
NOT_ASKED = N_("This cannot be asked of “%(field)s”. Choose something else.")
INCOMPLETE = N_("Enter a value, or take this condition away.")
NO_DAYS = N_("Enter a number of days, from 0 to 36,500.")
NO_DATE = N_("Enter a date, like 2026-11-22.")
NONE = N_(
    "No account that you see has this number or name. Enter another one, or take this condition"
    " away."
)
SEVERAL = N_("Several accounts have this name. Enter the number instead.")


class Lost(BadValue):
    """The account that a condition names is not there for the reader, or not it alone."""


def known() -> Mapping[str, Field]:
    """Return name → field of all that accounts can be asked for."""
    return {**fields.of("account"), **MOMENTS}


def operators(spec: Field) -> tuple[Operator, ...]:
    """Return what can be asked of a field."""
    if spec.name == LAST_ACTIVITY:
        return _OF_ACTIVITIES
    return _WHEN if spec.name in MOMENTS else OPERATORS.get(spec.kind, ())


def asked(text: str) -> tuple[Group, ...]:
    """Read the filter of an address.

    Raises:
        Invalid: it was not written by us, or asks for what accounts do not have.
    """
    try:
        groups = conditions.read(text)
        specs = known() if groups else {}
        for group in groups:
            for condition in group.conditions:
                field_of(condition, specs)
    except BadValue as bad:
        raise Invalid({"where": bad.text}, bad.text) from bad
    return groups


def field_of(condition: Condition, specs: Mapping[str, Field]) -> Field:
    """Return the field that a condition is about.

    Raises:
        BadValue: there is none, or this cannot be asked of it.
    """
    spec = specs.get(condition.field)
    if spec is None:
        raise BadValue(Text(NO_FIELD, {"name": condition.field[:80]}))
    if condition.operator not in operators(spec):
        raise BadValue(Text(NOT_ASKED, {"field": Text(spec.label)}))
    return spec


def meant(spec: Field, condition: Condition, *, by: User) -> list[Any]:
    """Return a condition's values as the field holds them: folded texts, codes, ids, days.

    Raises:
        BadValue: a value is none of the field's, or there are not as many as it takes.
        Lost: it is an account that ``by`` does not find.
    """
    conditions.check_values(condition)
    if not takes(condition.operator, len(condition.values)):
        raise BadValue(Text(INCOMPLETE))
    if condition.operator in DAYS:
        return [_days(text) for text in condition.values]
    if spec.kind is Kind.ACCOUNT:
        return _accounts(condition.values, by)
    reading = _as_read(spec, condition.operator)
    lookups = _lookups(spec, condition.values, by)
    values = [_meant(reading, text, lookups) for text in condition.values]
    return sorted(values) if condition.operator is Operator.BETWEEN else values


def typed(spec: Field, condition: Condition, *, by: User) -> tuple[str, ...]:
    """Return a condition's values as an address keeps them: numbers in the one way to write them.

    Accounts are kept by their ids, since they may be called otherwise some day.

    Raises:
        BadValue: as :func:`meant`.
    """
    values = meant(spec, condition, by=by)
    if spec.kind is Kind.ACCOUNT:
        return tuple(map(condition_links.kept, values))
    if any(isinstance(value, Decimal | date) for value in values):
        return tuple(map(str, values))
    return tuple(text.strip() for text in condition.values)


def by_ids(groups: Sequence[Group], *, by: User) -> tuple[Group, ...]:
    """Return groups with the ids of the accounts that they name as somebody has typed them.

    What ``by`` does not find stays as it was typed.
    """
    specs = known() if groups else {}

    def of(condition: Condition) -> Condition:
        spec = specs.get(condition.field)
        if spec is None or spec.kind is not Kind.ACCOUNT:
            return condition
        ids = (condition_links.by_id(text.strip(), by=by) for text in condition.values)
        return replace(condition, values=tuple(ids))

    return tuple(replace(each, conditions=tuple(map(of, each.conditions))) for each in groups)


def _accounts(texts: Sequence[str], by: User) -> list[int]:
    words = [text.strip() for text in texts]
    found = condition_links.meant(words, by=by)
    for word in words:
        if not found.get(word):
            raise Lost(Text(SEVERAL if word in found else NONE))
    return [found[word] for word in words]


def _as_read(spec: Field, operator: Operator) -> Field:
    """Return the field that a single value is checked by: a part of an address is no address."""
    if operator in _PARTS or spec.kind is Kind.TAGS:
        return replace(spec, kind=Kind.TEXT)
    kind = {Kind.MOMENT: Kind.DATE, Kind.MULTI_PICK_LIST: Kind.PICK_LIST}.get(spec.kind, spec.kind)
    return replace(spec, kind=kind)


def _lookups(spec: Field, texts: Sequence[str], by: User) -> Lookups:
    if spec.kind in (Kind.USER, Kind.TEAM):
        people, teams = pick_lists.names_of_all()
        users = {**{str(id_): id_ for id_ in people}, ME: by.id}
        return Lookups(users=users, teams={str(id_): id_ for id_ in teams})
    return pick_lists.words_of(spec.pick_list)


def _meant(spec: Field, text: str, lookups: Lookups) -> Any:
    value = parse(spec, text, lookups)
    if value is None:
        raise BadValue(Text(REQUIRED))
    if spec.kind is Kind.DATE and value.year not in YEARS:
        raise BadValue(Text(NO_DATE))
    if spec.kind not in TEXTS:
        return value
    if not (folded := fold(value)):  # nothing but accents
        raise BadValue(Text(REQUIRED))
    return folded


def _days(text: str) -> int:
    plain = text.strip()
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 5 or int(plain) > MOST_DAYS:
        raise BadValue(Text(NO_DAYS))
    return int(plain)
