"""The record page of an account: its values, and a tab each for what hangs on it."""

from __future__ import annotations

from functools import lru_cache

from flask import request
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
    activities,
    attachments,
    contacts,
    field_owners,
    fields,
    history,
    identities,
    mail_drop,
    pick_lists,
    related,
)
from crmapp.web.access import person, requires
from crmapp.web.paging import page_number
from crmapp.web.record_forms import grouped
from crmapp.web.texts import translated


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


@bp.get("/<int:account_id>/activities", endpoint="activities")
@requires(Right.ACCOUNT_VIEW)
def activities_(account_id: int) -> ResponseReturnValue:
    """Show what happened with the account, newest first."""
    account = accounts.get(account_id, by=person(), deleted=True)
    asked = {name: request.args.get(name, "") for name in ("kind", "person")}
    timeline = activities.timeline(account, before=request.args.get("before"), **asked)
    return tab(
        "activities",
        account,
        timeline=timeline,
        asked=asked,
        activity_kinds=[(kind, translated(text)) for kind, text in activities.KINDS.items()],
        people=pick_lists.all_people_and_teams()[0],
        labels=pick_lists.labels(str(get_locale())),
        files=attachments.of_activities([each.id for each in timeline.rows]),
        mail_address=None if account.deleted_at else mail_drop.address_of(account),
    )


@bp.get("/<int:account_id>/sales")
@requires(Right.ACCOUNT_VIEW)
def sales(account_id: int) -> ResponseReturnValue:
    """Show what the account bought."""
    account = accounts.get(account_id, by=person(), deleted=True)
    found, problems = account_sales.of(account.id, by=person())
    return tab(
        "sales", account, databases=[written_sales(each) for each in found], problems=problems
    )


@bp.get("/<int:account_id>/history", endpoint="history")
@requires(Right.ACCOUNT_VIEW)
def history_(account_id: int) -> ResponseReturnValue:
    """Show each change of the account, newest first."""
    account = accounts.get(account_id, by=person(), deleted=True)
    before = request.args.get("before")
    found = history.of(
        "account",
        account_id,
        by=person(),
        locale=str(get_locale()),
        before=page_number(before, 2**31 - 1) if before else None,
    )
    return tab("history", account, found=found)
