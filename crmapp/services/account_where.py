"""A built filter as conditions of the database: the same meaning on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from crmapp.db import utcnow
from crmapp.db.bulk import dialect, without_index
from crmapp.db.json_values import has_item, is_true, items_of, number_at, value_at
from crmapp.domain.conditions import DAYS, Condition, Group, Operator
from crmapp.domain.custom_fields import NUMERIC
from crmapp.domain.days import zone_named
from crmapp.domain.derived import SEARCHED
from crmapp.domain.fields import BadValue, Field, Kind
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, Activity, User
from crmapp.models.folded import begins, contains, folded
from crmapp.models.search import LAST, SHORT
from crmapp.services import fields
from crmapp.services.account_conditions import (
    LAST_ACTIVITY,
    TEXTS,
    Lost,
    field_of,
    known,
    meant,
)
from crmapp.services.account_search import found_by

Test = ColumnElement[bool]
_account, _activity = Account.__table__.c, Activity.__table__.c
_LISTS = frozenset({Kind.TAGS, Kind.MULTI_PICK_LIST})
_ONE_DAY = timedelta(days=1)
_INDEXED = frozenset({"owner_id", "team_id", "parent_id"})
_OTHERS = frozenset(
    {Operator.NOT, Operator.NONE, Operator.NO, Operator.OLDER, Operator.EMPTY, Operator.FILLED}
)
"""What is met by too many to look them up."""


@dataclass(frozen=True)
class _Way:
    """How conditions are asked: ``found_by`` is the field by which the accounts are found.

    Its index finds them, and no other one; by the last activity, the activities of some days do.
    With ``narrow``, the index of the search does as well.
    """

    by: User
    found_by: str | None
    narrow: bool = False


def met(
    groups: Sequence[Group], *, by: User, narrow: bool = True, sort: str | None = None
) -> list[Test]:
    """Turn a filter into conditions, all of which its accounts meet.

    None meets one that names an account which is not there for ``by``.

    With ``narrow``, indexes are asked for the few accounts that may hold a text; they do not know
    deleted ones. ``sort`` is the field by which the list is sorted.

    Raises:
        Invalid: ``where`` → which condition cannot be used, and why.
    """
    specs, found = known() if groups else {}, []
    for group in groups:
        way = _Way(by, sort, narrow and group.every)
        parts = [_test(each, specs, way) for each in group.conditions]
        found.append(and_(*parts) if group.every else or_(*parts))
    return found


def is_of_now(groups: Sequence[Group]) -> bool:
    """Whether a filter means something else tomorrow, or in a moment."""
    every = [each for group in groups for each in group.conditions]
    return any(each.operator in DAYS or each.field == LAST_ACTIVITY for each in every)


def looked_up(groups: Sequence[Group], *, by: User) -> list[Test]:
    """Return the conditions that an index answers, each of which all accounts of a filter meet.

    Raises:
        Invalid: as for :func:`met`.
    """
    specs = known() if groups else {}
    every = [each for group in groups if group.every for each in group.conditions]
    return [
        _test(each, specs, _Way(by, each.field))
        for each in every
        if each.field in specs and _has_index(specs[each.field], each.operator)
    ]


def _has_index(spec: Field, operator: Operator) -> bool:
    if spec.name == "name":
        return operator in (Operator.IS, Operator.BEGINS)
    if spec.name == LAST_ACTIVITY:  # the activities of some days, read once, name their accounts
        return operator is Operator.PAST
    indexed = spec.filterable if spec.custom else spec.name in _INDEXED
    return indexed and operator not in _OTHERS and spec.kind not in TEXTS | _LISTS


def _test(condition: Condition, specs: Mapping[str, Field], way: _Way) -> Test:
    spec: Field | None = None
    try:
        spec = field_of(condition, specs)
        values = meant(spec, condition, by=way.by)
    except Lost:
        return false()
    except BadValue as bad:
        label = Text(spec.label) if spec else condition.field
        problem = Text(N_("%(field)s: %(problem)s"), {"field": label, "problem": bad.text})
        raise Invalid({"where": problem}, problem) from bad
    zone = zone_named(way.by.timezone)
    if spec.name == LAST_ACTIVITY:
        return _of_activities(condition.operator, values, zone, way)
    held = _held(spec, way)
    if condition.operator is Operator.EMPTY:
        return _is_empty(spec, held)
    if condition.operator is Operator.FILLED:
        return not_(_is_empty(spec, held))
    if spec.kind in TEXTS:
        return _of_text(spec, held, condition.operator, values, way)
    if spec.kind in (Kind.DATE, Kind.MOMENT):
        return _of_time(spec, held, condition.operator, values, zone)
    return _of_value(spec, held, condition.operator, values, way)


def _held(spec: Field, way: _Way) -> ColumnElement[Any]:
    """Return what an account holds in the field: null if it holds nothing."""
    held: ColumnElement[Any] = _account.custom if spec.custom else _account[spec.name]
    if spec.custom:
        held = (number_at if spec.kind in NUMERIC else value_at)(held, spec.name)
    return _found_by(held, spec, way)


def _found_by(test: ColumnElement[Any], spec: Field, way: _Way) -> ColumnElement[Any]:
    """Let the index of a field be asked only where the accounts are read in its order."""
    return test if spec.name == way.found_by else without_index(test)


def _is_empty(spec: Field, held: ColumnElement[Any]) -> Test:
    if spec.kind is Kind.TAGS:
        return func.coalesce(_length(held), 0) == 0
    if spec.kind is Kind.MULTI_PICK_LIST:
        return or_(held.is_(None), held == "[]")
    return or_(held.is_(None), held == "") if spec.kind in TEXTS else held.is_(None)


def _length(held: ColumnElement[Any]) -> ColumnElement[int]:
    return (func.jsonb_array_length if dialect() == "postgresql" else func.json_array_length)(held)


def _of_text(
    spec: Field,
    held: ColumnElement[Any],
    operator: Operator,
    values: Sequence[str],
    way: _Way,
) -> Test:
    """Compare folded text; what is cheaper to ask of a row stands first.

    The index of the search finds the few that have a text somewhere.
    """
    named = spec.name == "name"
    text = folded(func.coalesce(held, ""))
    if named:
        text = _found_by(_account.name_key, spec, way)
    if operator in (Operator.NOT, Operator.NONE):
        return or_(held.is_(None), text.not_in(values))
    if operator is Operator.ANY:
        somewhere = or_(*(_somewhere(spec, value) for value in values))
        return and_(held.is_not(None), somewhere, text.in_(values))
    (wanted,) = values
    found = _found(spec, wanted) if way.narrow else _somewhere(spec, wanted)
    if named and operator is Operator.BEGINS:  # a range that its index has
        return and_(text >= wanted, text < wanted + LAST)
    test = {Operator.CONTAINS: contains, Operator.BEGINS: begins}.get(operator)
    return and_(held.is_not(None), found, test(text, wanted) if test else text == wanted)


def _found(spec: Field, wanted: str) -> Test:
    """Say which accounts may hold a text, by an index if they are few."""
    if _is_searched(spec) and len(wanted) >= SHORT:
        found = found_by(wanted)
        if not found.many:
            return found.alone()
    return _somewhere(spec, wanted)


def _somewhere(spec: Field, wanted: str) -> Test:
    """Say that the text which the search looks at has it: that is folded already."""
    return contains(_account.search_text, wanted) if _is_searched(spec) else true()


def _is_searched(spec: Field) -> bool:
    return spec.name in (*SEARCHED["account"], *fields.searched("account"))


def _of_time(
    spec: Field,
    held: ColumnElement[Any],
    operator: Operator,
    values: Sequence[Any],
    zone: ZoneInfo,
) -> Test:
    """Compare days: those of the field, or those on which a moment falls in the reader's zone."""
    first, last = _span(operator, values, utcnow().astimezone(zone).date())
    parts: list[Test] = [held.is_not(None)]
    if first is not None:
        parts.append(held >= (first.isoformat() if spec.kind is Kind.DATE else _start(first, zone)))
    if last is not None and spec.kind is Kind.DATE:
        parts.append(held <= last.isoformat())
    elif last is not None:
        parts.append(held < _start(last + _ONE_DAY, zone))
    if operator is Operator.NOT:
        return or_(held.is_(None), not_(and_(*parts)))
    return and_(*parts)


def _span(
    operator: Operator, values: Sequence[Any], today: date
) -> tuple[date | None, date | None]:
    """Return the first and the last day that are asked for; *is not* asks for all others."""
    one = values[0]
    if operator is Operator.BEFORE:
        return None, one - _ONE_DAY
    if operator is Operator.AFTER:
        return one + _ONE_DAY, None
    if operator is Operator.BETWEEN:
        return one, values[1]
    if operator is Operator.PAST:
        return today - timedelta(days=one), today
    if operator is Operator.COMING:
        return today, today + timedelta(days=one)
    if operator is Operator.OLDER:
        return None, today - timedelta(days=one + 1)
    return one, one


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _of_activities(operator: Operator, values: Sequence[Any], zone: ZoneInfo, way: _Way) -> Test:
    """Ask whether an account has an activity behind it, in the last days or at all."""
    now = utcnow()
    happened = select(_activity.account_id).where(
        _activity.deleted_at.is_(None), _activity.happens_at <= now
    )
    if operator in (Operator.PAST, Operator.OLDER):
        since, _today = _span(Operator.PAST, values, now.astimezone(zone).date())
        happened = happened.where(_activity.happens_at >= _start(since or date.min, zone))
    if way.found_by == LAST_ACTIVITY:
        return _account.id.in_(happened)
    some = happened.where(_activity.account_id == _account.id).exists()
    return not_(some) if operator in (Operator.OLDER, Operator.EMPTY) else some


def _of_value(
    spec: Field, held: ColumnElement[Any], operator: Operator, values: Sequence[Any], way: _Way
) -> Test:
    """Compare numbers, codes, ids, and what lists have."""
    if spec.kind is Kind.YES_NO:
        true_ = is_true(_account.custom, spec.name) if spec.custom else held
        yes = and_(held.is_not(None), _found_by(true_, spec, way))
        return yes if operator is Operator.YES else not_(yes)
    if spec.kind in _LISTS:
        has = [_has(spec, value) for value in values]
        some = and_(*has) if operator is Operator.ALL else or_(*has)
        return not_(some) if operator is Operator.NONE else some
    if spec.custom and spec.kind in NUMERIC:
        values = [float(value) for value in values]
    met = and_(held.is_not(None), _COMPARED[operator](held, values))
    return not_(met) if operator in (Operator.NOT, Operator.NONE) else met


def _has(spec: Field, value: str) -> Test:
    if spec.kind is Kind.MULTI_PICK_LIST:
        return has_item(_account.custom, spec.name, value)
    each = items_of(_account.tags)
    return select(each.c.value).where(folded(each.c.value) == value).exists()


_COMPARED: dict[Operator, Callable[[ColumnElement[Any], Sequence[Any]], Test]] = {
    Operator.IS: lambda held, values: held == values[0],
    Operator.NOT: lambda held, values: held == values[0],
    Operator.ANY: lambda held, values: held.in_(values),
    Operator.NONE: lambda held, values: held.in_(values),
    Operator.LESS: lambda held, values: held < values[0],
    Operator.AT_MOST: lambda held, values: held <= values[0],
    Operator.MORE: lambda held, values: held > values[0],
    Operator.AT_LEAST: lambda held, values: held >= values[0],
    Operator.BETWEEN: lambda held, values: held.between(*values),
}
