"""The record page of an account: its values, and a tab each for what hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask.typing import ResponseReturnValue

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.facts import filled, written
from crmapp.blueprints.accounts.figures import sales as written_sales
from crmapp.blueprints.accounts.tabs import Opened, tab
from crmapp.domain.fields import Field
from crmapp.domain.layouts import DETAILS, Layout
from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.services import (
    account_sales,
    accounts,
    contacts,
    field_owners,
    fields,
    identities,
    layouts,
    pick_lists,
    related,
)
from crmapp.services.field_owners import Keeper
from crmapp.web.access import person, requires
from crmapp.web.texts import language


@bp.get("/<int:account_id>")
@requires(Right.ACCOUNT_VIEW)
def show(account_id: int) -> ResponseReturnValue:
    """Show the account's values."""
    account = accounts.get(account_id, by=person(), deleted=True)
    known = identities.of(account.id, locale=language())
    keepers = field_owners.of(account.id) if any(each.fed for each in known) else {}
    opened = Opened(account)
    around = related.of(account, by=person(), is_named=opened.glance.named)
    facts = _facts(opened, DETAILS, keepers)
    return tab("details", opened, **facts, identities=known, related=around)


@bp.get("/<int:account_id>/tabs/<key>")
@requires(Right.ACCOUNT_VIEW)
def own_tab(account_id: int, key: str) -> ResponseReturnValue:
    """Show the values that lie on a tab of this installation's own."""
    account = accounts.get(account_id, by=person(), deleted=True)
    opened = Opened(account)
    if opened.layout.tab(key) is None:
        raise NotFound
    facts = _facts(opened, key, field_owners.of(account.id))
    return tab("own_tab", opened, own_key=key, **facts)


def _facts(opened: Opened, key: str, keepers: Mapping[str, Keeper]) -> dict[str, Any]:
    """Return what a tab shows of the account's fields: the sections that lie on it."""
    account, layout, word = opened.account, opened.layout, fields.word()
    groups = _groups(layout, word, key, opened.left_out)
    specs = {spec.name: spec for _label, each in groups for spec in each}
    some = filled(account, specs.values())
    names = {spec.name for spec in some}
    return {
        "groups": groups,
        "groups_word": (layout, key, tuple(specs)),
        "entered": tuple(any(spec.name in names for spec in each) for _label, each in groups),
        "fields_word": word,
        "keepers": keepers,
        "keepers_word": tuple(keepers.items()),
        "facts": {"record": account.id, "tail": opened.tail, **written(account, specs, some)},
    }


@lru_cache(maxsize=100)
def _groups(
    layout: Layout, _fields_word: str, key: str, left_out: frozenset[str]
) -> list[tuple[str, list[Field]]]:
    """Return (label, fields) of the sections of a tab, as far as a condition leaves them."""
    here = [
        (section.label, [spec for spec in specs if spec.name not in left_out])
        for section, specs in layouts.sections(layout)
        if section.tab == key
    ]
    return [(label, specs) for label, specs in here if specs]


@bp.get("/<int:account_id>/contacts", endpoint="contacts")
@requires(Right.ACCOUNT_VIEW)
def contacts_(account_id: int) -> ResponseReturnValue:
    """Show the people at the account."""
    account = accounts.get(account_id, by=person(), deleted=True)
    labels = pick_lists.labels(language())
    return tab("contacts", Opened(account), contacts=contacts.of(account), labels=labels)


@bp.get("/<int:account_id>/sales")
@requires(Right.ACCOUNT_VIEW)
def sales(account_id: int) -> ResponseReturnValue:
    """Show what the account bought."""
    account = accounts.get(account_id, by=person(), deleted=True)
    found, problems = account_sales.of(account.id, by=person())
    shown = [written_sales(each) for each in found]
    return tab("sales", Opened(account), databases=shown, problems=problems)
