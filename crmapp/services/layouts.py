"""How accounts are arranged for the people of each role, and when fields are shown: what holds.

All of it is one set of versions, which :mod:`crmapp.services.layout_edits` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from crmapp.db import while_unchanged
from crmapp.domain.conditions import Condition
from crmapp.domain.field_conditions import Rules, absent, as_text, from_text
from crmapp.domain.fields import Field
from crmapp.domain.layouts import Layout, Section, Tab, shown, standard, whole
from crmapp.domain.permissions import Role
from crmapp.models import Account, User
from crmapp.services import fields, integration_versions

CODE = "account_layouts"
EVERYONE = "everyone"
AUDIENCES = (EVERYONE, *Role)
"""For whom a layout may be: for all, or for the people of one role."""


@dataclass(frozen=True)
class Kept:
    """What was arranged: layouts by audience, and field → when it is shown, in every layout."""

    layouts: Mapping[str, Layout] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Kept:
        conditions = {name: from_text(text) for name, text in kept.get("conditions", {}).items()}
        return cls(
            {who: Layout.from_json(each) for who, each in kept.get("layouts", {}).items()},
            {name: each for name, each in conditions.items() if each is not None},
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "layouts": {who: each.as_json() for who, each in self.layouts.items()},
            "conditions": {name: as_text(each) for name, each in self.conditions.items()},
        }


def kept() -> Kept:
    """Return what is arranged now."""
    return while_unchanged(CODE, lambda: Kept.from_json(integration_versions.options(CODE)))


def of(audience: str) -> Layout:
    """Return the layout for a role: its own, else everyone's, else the standard one."""
    made = kept().layouts
    own = made.get(audience) or made.get(EVERYONE)
    return own if own is not None else standard_now()


def standard_now() -> Layout:
    """Return the standard layout of the fields as they are now."""
    return _standard(fields.word())


@lru_cache(maxsize=10)
def _standard(_fields_word: str) -> Layout:
    """Return the standard layout of the fields as they are under this word."""
    return standard(fields.of("account"))


def sections(layout: Layout) -> list[tuple[Section, list[Field]]]:
    """Return the sections with the fields that people meet there now."""
    return _sections(layout, fields.word())


@lru_cache(maxsize=20)
def _sections(layout: Layout, _fields_word: str) -> list[tuple[Section, list[Field]]]:
    return shown(layout, fields.of("account"))


def met(layout: Layout) -> frozenset[str]:
    """Return the fields that people meet under a layout, some only if their conditions hold."""
    return _met(layout, fields.word())


@lru_cache(maxsize=20)
def _met(layout: Layout, _fields_word: str) -> frozenset[str]:
    return frozenset(spec.name for _section, specs in sections(layout) for spec in specs)


def tabs(layout: Layout, left_out: frozenset[str] = frozenset()) -> tuple[Tab, ...]:
    """Return the tabs of its own that show something when the fields ``left_out`` are not."""
    filled = {
        section.tab
        for section, specs in sections(layout)
        if any(spec.name not in left_out for spec in specs)
    }
    return tuple(tab for tab in layout.tabs if tab.key in filled)


def rules(layout: Layout) -> Rules:
    """Return field → all conditions that it is shown under: its own, and its section's."""
    return _rules(layout, fields.word(), tuple(kept().conditions.items()))


@lru_cache(maxsize=20)
def _rules(
    layout: Layout, _fields_word: str, conditions: tuple[tuple[str, Condition], ...]
) -> Rules:
    return rules_of(layout, dict(conditions))


def rules_of(layout: Layout, conditions: Mapping[str, Condition]) -> Rules:
    """Return field → all conditions that ``layout`` and ``conditions`` make for it."""
    found: dict[str, list[Condition]] = {}
    for section in whole(layout, fields.of("account")).sections:
        for name in section.fields:
            asked = [each for each in (conditions.get(name), section.when) if each is not None]
            if asked:
                found[name] = asked
    return MappingProxyType(found)


def left_out(values: Mapping[str, Any], *, by: User) -> frozenset[str]:
    """Return the fields that ``by`` is not shown of a record with ``values``: no condition holds.

    What they hold stays; none of them is required.
    """
    asked = rules(of(by.role))
    return absent(asked, fields.of("account"), values) if asked else frozenset()


def left_out_of(account: Account, *, by: User) -> frozenset[str]:
    """Return the fields that ``by`` is not shown of ``account``."""
    asked = rules(of(by.role))
    return left_out(deciding(account, by=by), by=by) if asked else frozenset()


def may_be_left_out(name: str, *, by: User) -> bool:
    """Say whether there are accounts of which ``by`` is not shown the field."""
    return bool(rules(of(by.role)).get(name))


def decisive(*, by: User) -> list[Field]:
    """Return the fields that decide which others ``by`` is shown."""
    living = fields.of("account")
    names = {each.field for asked in rules(of(by.role)).values() for each in asked}
    return [living[name] for name in sorted(names & living.keys())]


def deciding(account: Account | None, *, by: User) -> dict[str, Any]:
    """Return the values of ``account`` that decide which fields are shown; of none, nothing."""
    if account is None:
        return {}
    return {spec.name: account.value(spec) for spec in decisive(by=by)}
