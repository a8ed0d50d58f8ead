"""Conditions of a built filter in words: *City is Lyon or Graz*."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.domain.conditions import DAYS, Condition, Operator
from crmapp.domain.fields import LISTED, Field, Kind
from crmapp.i18n import N_
from crmapp.services import condition_links, pick_lists
from crmapp.services.account_conditions import LAST_ACTIVITY, ME
from crmapp.web.access import person
from crmapp.web.templating import text
from crmapp.web.texts import language, translated

GAP = "…"
"""Stands for a value where an operator is offered."""
_PHRASES: dict[Operator, str] = {
    Operator.IS: N_("is %(value)s"),
    Operator.NOT: N_("is not %(value)s"),
    Operator.ANY: N_("is %(value)s"),
    Operator.NONE: N_("is not %(value)s"),
    Operator.CONTAINS: N_("contains %(value)s"),
    Operator.BEGINS: N_("begins with %(value)s"),
    Operator.LESS: N_("is less than %(value)s"),
    Operator.AT_MOST: N_("is at most %(value)s"),
    Operator.MORE: N_("is more than %(value)s"),
    Operator.AT_LEAST: N_("is at least %(value)s"),
    Operator.BETWEEN: N_("is between %(value)s"),
    Operator.BEFORE: N_("is before %(value)s"),
    Operator.AFTER: N_("is after %(value)s"),
    Operator.YES: N_("is yes"),
    Operator.NO: N_("is no"),
    Operator.EMPTY: N_("is empty"),
    Operator.FILLED: N_("is not empty"),
}
_OF_LISTS: dict[Operator, str] = {
    Operator.ANY: N_("has %(value)s"),
    Operator.ALL: N_("has %(value)s"),
    Operator.NONE: N_("does not have %(value)s"),
}
_OF_DAYS: dict[Operator, str] = {
    Operator.IS: N_("is on %(value)s"),
    Operator.NOT: N_("is not on %(value)s"),
}
_OF_PEOPLE: dict[Operator, str] = {
    Operator.EMPTY: N_("is nobody"),
    Operator.FILLED: N_("is somebody"),
}
_OF_ACTIVITIES: dict[Operator, str] = {
    Operator.EMPTY: N_("has never been"),
    Operator.FILLED: N_("has been"),
}
_BY_KIND: dict[Kind, dict[Operator, str]] = {
    Kind.TAGS: _OF_LISTS,
    Kind.MULTI_PICK_LIST: _OF_LISTS,
    Kind.DATE: _OF_DAYS,
    Kind.MOMENT: _OF_DAYS,
    Kind.USER: _OF_PEOPLE,
}


def offered(spec: Field, operator: Operator) -> str:
    """Say what an operator asks of a field, with gaps for its values: *is before …*."""
    if operator in DAYS:
        return _days(spec, operator, 2, GAP)
    if operator is Operator.BETWEEN:
        return _phrase(spec, operator, _("%(some)s and %(last)s", some=GAP, last=GAP))
    if operator is Operator.ALL:
        return _phrase(spec, operator, _("all of %(values)s", values=GAP))
    if operator in (Operator.ANY, Operator.NONE):
        return _phrase(spec, operator, _("any of %(values)s", values=GAP))
    return _phrase(spec, operator, GAP)


def sentence(condition: Condition, specs: Mapping[str, Field]) -> str:
    """Say a condition in words."""
    spec, operator = specs[condition.field], condition.operator
    if operator in DAYS:
        (days,) = condition.values
        said = _days(spec, operator, int(days), days)
    else:
        said = _phrase(spec, operator, _joined(operator, _said(spec, condition.values)))
    return _("%(field)s %(condition)s", field=_called(spec, specs), condition=said)


def _called(spec: Field, specs: Mapping[str, Field]) -> str:
    """Return a field's label, with its group where another field before it has the same."""
    first = next(each for each in specs.values() if each.label == spec.label)
    label, group = translated(spec.label), translated(spec.group)
    return label if first is spec else _("%(label)s (%(group)s)", label=label, group=group)


def _phrase(spec: Field, operator: Operator, value: str) -> str:
    own = _OF_ACTIVITIES if spec.name == LAST_ACTIVITY else _BY_KIND.get(spec.kind, {})
    return _(own.get(operator) or _PHRASES[operator], value=value)


def _days(spec: Field, operator: Operator, count: int, days: str) -> str:
    if not count:
        return _today(spec, operator)
    if operator is Operator.PAST:
        return ngettext(
            "is within the last day", "is within the last %(days)s days", count, days=days
        )
    if operator is Operator.COMING:
        return ngettext(
            "is within the next day", "is within the next %(days)s days", count, days=days
        )
    if spec.name == LAST_ACTIVITY:
        return ngettext(
            "is more than a day ago, or never",
            "is more than %(days)s days ago, or never",
            count,
            days=days,
        )
    return ngettext("is more than a day ago", "is more than %(days)s days ago", count, days=days)


def _today(spec: Field, operator: Operator) -> str:
    """Say what no days ask for: French counts them as one."""
    if operator is not Operator.OLDER:
        return _("is today")
    return _("is before today, or never") if spec.name == LAST_ACTIVITY else _("is before today")


def _said(spec: Field, values: Sequence[str]) -> list[str]:
    """Return values as people read them; what is none of the field's stays as it is."""
    if spec.kind in LISTED:
        labels = pick_lists.labels(language()).get(spec.pick_list or "", {})
        return [labels.get(value, value) for value in values]
    if spec.kind in (Kind.USER, Kind.TEAM):
        names = pick_lists.names_of_all()[spec.kind is Kind.TEAM]
        called = {ME: _("Me"), **{str(id_): name for id_, name in names.items()}}
        return [called.get(value, value) for value in values]
    if spec.kind is Kind.ACCOUNT:
        return list(map(account_said, values))
    return [text(_read(spec, value)) for value in values]


def account_said(value: str) -> str:
    """Return what the account of a condition is called now, if its reader may know."""
    name = condition_links.called(value, by=person())
    return _("an account that is not open to you") if name is None else name


def _read(spec: Field, value: str) -> Any:
    """Return a number or a day of an address, so that it is written as the reader writes it."""
    try:
        if spec.kind in (Kind.NUMBER, Kind.MONEY):
            return Decimal(value)
        if spec.kind in (Kind.DATE, Kind.MOMENT):
            return date.fromisoformat(value)
    except (InvalidOperation, ValueError):
        pass
    return value


def _joined(operator: Operator, said: Sequence[str]) -> str:
    """Join values as a sentence does: *Lyon, Graz or Turin*."""
    *some, last = said or [""]
    if not some:
        return last
    if operator in (Operator.ALL, Operator.BETWEEN):
        return _("%(some)s and %(last)s", some=", ".join(some), last=last)
    return _("%(some)s or %(last)s", some=", ".join(some), last=last)
