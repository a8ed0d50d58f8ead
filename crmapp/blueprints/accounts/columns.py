"""The columns of the list of accounts: their heads, and what stands in them as people read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _

from crmapp.domain.fields import LISTED, Field, Kind, thaw
from crmapp.domain.records import GROUP_BILLING, GROUP_SHIPPING
from crmapp.services import account_columns, account_fields, account_links, fields, pick_lists
from crmapp.services.account_columns import NAME
from crmapp.services.account_lines import Line
from crmapp.services.account_links import Named
from crmapp.services.account_question import SORTS
from crmapp.web.access import current_user
from crmapp.web.texts import language, translated
from crmapp.web.typed_numbers import FIGURES

_PLAIN = frozenset(Kind) - LISTED - {Kind.EMAIL, Kind.PHONE, Kind.URL, Kind.ACCOUNT}
"""Kinds of standard fields whose values are shown as they are."""
_ALONE = _PLAIN | {Kind.EMAIL, Kind.PHONE, Kind.URL}
"""Kinds of standard fields of which nothing but their values decides what is shown."""
Cell = tuple[Any, str]
"""What a column holds, as people read it, and where it leads."""


class Head(NamedTuple):
    """The head of a column: whether it holds ``figures``, and whether the list sorts by it."""

    name: str
    label: str
    figures: bool
    sortable: bool


def label(name: str, spec: Field) -> str:
    """Return what a column is called; two addresses have a city."""
    if name == NAME:
        return _("Account")
    said = translated(spec.label)
    if spec.group in (GROUP_BILLING, GROUP_SHIPPING):
        return _("%(field)s (%(group)s)", field=said, group=translated(spec.group))
    return said


def called(names: Collection[str]) -> list[str]:
    """Return what columns are called, those that are gone as well."""
    ever = account_columns.ever()
    return [label(name, ever[name]) if name in ever else name[:80] for name in names]


def heads(columns: Mapping[str, Field]) -> tuple[Head, ...]:
    """Return the head of each column."""
    return _heads(tuple(columns), fields.word(), language())


@lru_cache(maxsize=200)
def _heads(names: tuple[str, ...], _fields_word: str, _locale: str) -> tuple[Head, ...]:
    return tuple(
        Head(
            name,
            label(name, spec),
            spec.kind in FIGURES,
            name in SORTS or account_fields.can_sort(name),
        )
        for name, spec in account_columns.shown(names).items()
    )


def cells(lines: Sequence[Line], columns: Mapping[str, Field]) -> dict[int, list[Cell]]:
    """Return account → what stands in its columns, after its name."""
    others = [(name, spec) for name, spec in columns.items() if name != NAME]
    listed = any(spec.pick_list for _name, spec in others)
    labels = pick_lists.labels(language()) if listed else {}
    names = [name for name, spec in others if spec.kind is Kind.ACCOUNT]
    held = {line.id: line.held for line in lines}
    ids = {id_ for each in held.values() for name in names if (id_ := each.get(name)) is not None}
    links = account_links.standing(ids, by=current_user)
    asked = [(name, spec, spec.kind in _PLAIN and not spec.custom) for name, spec in others]
    return {
        id_: [
            (value, "")
            if (value := each.get(name)) is None or plain
            else _said(spec, value, labels, links)
            for name, spec, plain in asked
        ]
        for id_, each in held.items()
    }


def follows(spec: Field) -> bool:
    """Say whether what a column shows follows from what it holds, and from its reader."""
    return spec.kind in _ALONE and not spec.custom


def _said(
    spec: Field, held: Any, labels: Mapping[str, Mapping[str, str]], links: Mapping[int, Named]
) -> Cell:
    value = thaw(spec, held)
    if spec.kind in LISTED:
        known = labels.get(spec.pick_list or "", {})
        if isinstance(value, list):
            return [known.get(code, code) for code in value], ""
        return known.get(value, value), ""
    if spec.kind is Kind.ACCOUNT:
        if value not in links:
            return _("An account that is not open to you"), ""
        return links[value].name, url_for("accounts.show", account_id=links[value].id)
    return value, _address(spec, value)


def _address(spec: Field, value: Any) -> str:
    if spec.kind is Kind.PHONE:
        return f"tel:{value.replace(' ', '')}"
    if spec.kind is Kind.EMAIL:
        return f"mailto:{value}"
    is_web = spec.kind is Kind.URL and value.startswith(("http://", "https://"))
    return value if is_web else ""
