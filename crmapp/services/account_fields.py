"""What custom fields add to the list of accounts: what it is narrowed down by, and its orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select, true

from crmapp.db import session
from crmapp.db.bulk import without_index
from crmapp.db.json_values import has_item, is_true, number_at, value_at
from crmapp.domain.custom_fields import NUMERIC, SORTED
from crmapp.domain.fields import SEARCHED_KINDS, BadValue, Field, Kind, freeze, is_custom, parse
from crmapp.domain.search import fold
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import Account, PickListValue, User
from crmapp.models.search import SHORT
from crmapp.services import condition_links, fields, pick_lists
from crmapp.services.account_search import found_by

EMPTY = "none"
"""Asks for accounts that have no value."""
UNTIL = ".."
"""Stands between the ends of a range; either may be missing."""
LONGEST = 200
NO_FILTER = N_("The list of accounts cannot be narrowed down by “%(name)s”. Take it away.")
TOO_LONG = N_("Look for at most 200 characters, without invisible ones.")
_RANGES = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DATE})
Stretch = tuple[str, ColumnElement[bool]]


def filterable() -> list[Field]:
    """Return the fields by which the list can be narrowed down."""
    return [spec for spec in fields.of("account").values() if spec.custom and spec.filterable]


def listed() -> list[Field]:
    """Return the fields that the list has a column for."""
    return [spec for spec in fields.of("account").values() if spec.custom and spec.listed]


def can_sort(name: str) -> bool:
    """Say whether the list can be sorted by the field."""
    spec = fields.of("account").get(name) if is_custom(name) else None
    return spec is not None and spec.filterable and spec.kind in SORTED


def asked(args: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Read the filters by custom fields from an address, as (name, text).

    Raises:
        Invalid: there is no such filter, or its text cannot be used.
    """
    names = sorted(name for name in args if is_custom(name) and args[name].strip())
    known = {spec.name for spec in filterable()} if names else set()
    for name in names:
        if name not in known:
            gone = fields.every("account").get(name)
            problem = Text(NO_FILTER, {"name": gone.label if gone else name[:80]})
            raise Invalid({name: problem}, problem)
        if len(args[name]) > LONGEST or "\x00" in args[name]:
            raise Invalid({name: TOO_LONG}, TOO_LONG)
    return tuple((name, args[name].strip()) for name in names)


def conditions(
    filters: Sequence[tuple[str, str]], *, by: User, narrow: bool = True, sort: str | None = None
) -> list[ColumnElement[bool]]:
    """Turn filters into conditions; with ``narrow``, indexes are asked who may hold a text.

    Of those of the fields, only that of ``sort`` is, by which the list is sorted.

    Raises:
        Invalid: field → what is wrong with what was asked of it.
    """
    specs = fields.of("account")
    found: list[ColumnElement[bool]] = []
    for name, text in filters:
        try:
            condition = _condition(specs[name], text, by, narrow)
        except BadValue as bad:
            raise Invalid({name: bad.text}, bad.text) from bad
        by_text = specs[name].kind in SEARCHED_KINDS
        found.append(condition if by_text or name == sort else without_index(condition))
    return found


def looked_up(filters: Sequence[tuple[str, str]], *, by: User) -> list[ColumnElement[bool]]:
    """Return the conditions that an index answers, each of which all accounts of a filter meet.

    Raises:
        Invalid: as for :func:`conditions`.
    """
    specs = fields.of("account")
    alone = [(name, text) for name, text in filters if _has_index(specs[name], text)]
    return [each for pair in alone for each in conditions([pair], by=by, sort=pair[0])]


def _has_index(spec: Field, text: str) -> bool:
    return text != EMPTY and spec.kind not in SEARCHED_KINDS | {Kind.MULTI_PICK_LIST}


def _condition(spec: Field, text: str, by: User, narrow: bool) -> ColumnElement[bool]:
    own = Account.__table__.c.custom
    value, lookups = value_at(own, spec.name), pick_lists.words_of(spec.pick_list)
    known = lookups.pick_lists.get(spec.pick_list or "", {})
    if text == EMPTY and EMPTY not in known:
        return value.is_(None)
    if spec.kind is Kind.YES_NO:
        yes = and_(value.is_not(None), is_true(own, spec.name))
        return yes if parse(spec, text, lookups) else or_(value.is_(None), not_(yes))
    if spec.kind is Kind.MULTI_PICK_LIST:
        codes = parse(spec, text, lookups)
        return and_(*(has_item(own, spec.name, code) for code in codes))
    if spec.kind is Kind.PICK_LIST:
        return and_(value.is_not(None), value == parse(spec, text, lookups))
    if spec.kind is Kind.ACCOUNT:
        account = condition_links.meant([text], by=by).get(text)
        number = number_at(own, spec.name)
        return and_(number.is_not(None), number == float(account)) if account else false()
    if spec.kind in _RANGES:
        return _between(spec, text)
    found = found_by(text).alone() if narrow and len(fold(text)) >= SHORT else true()
    return and_(value.is_not(None), value.icontains(text, autoescape=True), found)


def _between(spec: Field, text: str) -> ColumnElement[bool]:
    """Build the condition of a value, or of a range: ``10..20``, ``10..``, ``..20``."""
    first, dots, last = text.partition(UNTIL)
    ends = (first, last if dots else first)
    low, high = (_compared(spec, parse(spec, end, pick_lists.words_of(None))) for end in ends)
    value = sorted_by(spec)
    parts: list[ColumnElement[bool]] = [value.is_not(None)]
    if low is not None:
        parts.append(value >= low)
    if high is not None:
        parts.append(value <= high)
    return and_(*parts)


def sorted_by(spec: Field) -> ColumnElement[Any]:
    """Return what the list is sorted by: the value as its index has it."""
    own = Account.__table__.c.custom
    return number_at(own, spec.name) if spec.kind in NUMERIC else value_at(own, spec.name)


def sort_value(spec: Field, account: Account) -> str | float | None:
    """Return what :func:`sorted_by` is of ``account``."""
    return _compared(spec, account.value(spec))


def _compared(spec: Field, value: Any) -> str | float | None:
    if value is None:
        return None
    return float(value) if spec.kind in NUMERIC else str(freeze(value))


def stretches(spec: Field) -> list[Stretch] | None:
    """Return (token, condition) of the stretches of a list that is sorted by a field of few values.

    Their order is that of the pick list, *no* before *yes*; ``None`` for a field of many values.
    """
    own = Account.__table__.c.custom
    value = value_at(own, spec.name)
    if spec.kind is Kind.YES_NO:
        yes = is_true(own, spec.name)
        return [("no", and_(value.is_not(None), not_(yes))), ("yes", and_(value.is_not(None), yes))]
    if spec.kind is not Kind.PICK_LIST:
        return None
    codes = session.scalars(
        select(PickListValue.code)
        .where(PickListValue.list_code == spec.pick_list)
        .order_by(PickListValue.position, PickListValue.id)
    )
    return [(f"={code}", and_(value.is_not(None), value == code)) for code in codes]


def token(spec: Field, account: Account) -> str:
    """Return the token of the stretch that ``account`` stands in when the list is sorted by it."""
    value = account.value(spec)
    if value is None:
        return "none"
    if spec.kind is Kind.YES_NO:
        return "yes" if value else "no"
    return f"={value}" if spec.kind is Kind.PICK_LIST else "has"
