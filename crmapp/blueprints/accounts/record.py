"""The record page of an account: its values, and a tab each for what hangs on it."""

from __future__ import annotations

from functools import lru_cache

from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from crmapp.blueprints.accounts import bp
from crmapp.blueprints.accounts.addresses import tail
from crmapp.blueprints.accounts.facts import filled, written
from crmapp.blueprints.accounts.figures import sales as written_sales
from crmapp.blueprints.accounts.tabs import tab
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.services import (
    account_sales,
    accounts,
    contacts,
    field_owners,
    fields,
    identities,
    pick_lists,
    related,
)
from crmapp.web.access import person, requires
from crmapp.web.record_forms import grouped


@bp.get("/<int:account_id>")
@requires(Right.ACCOUNT_VIEW)
def show(account_id: int) -> ResponseReturnValue:
    """Show the account's values."""
    account = accounts.get(account_id, by=person(), deleted=True)
    specs = fields.of("account")
    groups, some = _groups(fields.word()), filled(account, specs.values())
    names = {spec.name for spec in some}
    known = identities.of(account.id, locale=str(get_locale()))
    keepers = field_owners.of(account.id) if any(each.fed for each in known) else {}
    return tab(
        "details",
        account,
        groups=groups,
        entered=tuple(any(spec.name in names for spec in each) for _label, each in groups),
        fields_word=fields.word(),
        keepers=keepers,
        keepers_word=tuple(keepers.items()),
        facts={"record": account.id, "tail": tail(), **written(account, specs, some)},
        identities=known,
        related=related.of(account, by=person()),
    )


@lru_cache(maxsize=10)
def _groups(_fields_word: str) -> list[tuple[str, list[Field]]]:
    """Group the fields as they are under this word."""
    return grouped(fields.of("account").values())


@bp.get("/<int:account_id>/contacts", endpoint="contacts")
@requires(Right.ACCOUNT_VIEW)
def contacts_(account_id: int) -> ResponseReturnValue:
    """Show the people at the account."""
    account = accounts.get(account_id, by=person(), deleted=True)
    labels = pick_lists.labels(str(get_locale()))
    return tab("contacts", account, contacts=contacts.of(account), labels=labels)


@bp.get("/<int:account_id>/sales")
@requires(Right.ACCOUNT_VIEW)
def sales(account_id: int) -> ResponseReturnValue:
    """Show what the account bought."""
    account = accounts.get(account_id, by=person(), deleted=True)
    found, problems = account_sales.of(account.id, by=person())
    return tab(
        "sales", account, databases=[written_sales(each) for each in found], problems=problems
    )
