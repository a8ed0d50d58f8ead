"""What a person typed in a form of an account, less what stands in fields that do not count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmapp.domain.fields import BadValue, Field, Kind, parse
from crmapp.models import Account, User
from crmapp.services import account_links, editing, layouts
from crmapp.services.pick_lists import lookups

_ALWAYS = "name"
"""No account goes without it, whatever a layout says."""
_AS_SENT = frozenset({Kind.ACCOUNT, Kind.CONTACT})
"""Kinds of fields of which a condition asks only whether there is a value."""


def only(
    typed: Mapping[str, object], *, by: User, account: Account | None = None, version: int = 0
) -> dict[str, object]:
    """Return what was typed in fields that count once it is saved; what the others hold stays.

    Whether they count is asked of the values that the account will have: what ``by`` typed, and of
    an account that she saw at ``version`` what others changed since, where she changed nothing.
    """
    values = {**layouts.deciding(account, by=by), **_decided(typed, by, account, version)}
    away = {typed_as(name) for name in layouts.left_out(values, by=by)} - {_ALWAYS}
    return {name: text for name, text in typed.items() if name not in away}


def typed_as(name: str) -> str:
    """Return what a field is called in forms."""
    return "parent" if name == "parent_id" else name


def _decided(
    typed: Mapping[str, object], by: User, account: Account | None, version: int
) -> dict[str, Any]:
    """Return what was typed in the fields that decide, as far as it will be written."""
    sent = {
        spec.name: _value(spec, typed[typed_as(spec.name)])
        for spec in layouts.decisive(by=by)
        if typed_as(spec.name) in typed
    }
    if account is None:
        return sent
    old = account.version != version
    saw = editing.before("account", account.id, version, sent) if old else {}
    unseen = _unseen(account, by) if sent else set()
    return {
        name: value
        for name, value in sent.items()
        if not (name in saw and value == saw[name]) and not (name in unseen and not value)
    }


def _value(spec: Field, text: object) -> Any:
    """Return what was typed as a record holds it; what cannot be read is refused later."""
    if spec.kind in _AS_SENT:
        return str(text or "").strip()
    try:
        return parse(spec, text, lookups(ids=True))
    except BadValue:
        return text


def _unseen(account: Account, by: User) -> set[str]:
    """Return the fields that name an account which is not open to ``by``: her form has none."""
    links = [spec for spec in layouts.decisive(by=by) if spec.kind is Kind.ACCOUNT]
    held = {spec.name: account.value(spec) for spec in links}
    there = account_links.standing({*held.values()} - {None}, by=by)
    return {name for name, id_ in held.items() if id_ is not None and id_ not in there}
