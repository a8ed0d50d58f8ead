"""Accounts: listed with the filters of the list, read, created, changed, deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from crmapp.blueprints.api import records
from crmapp.blueprints.api.door import Operation, operation
from crmapp.blueprints.api.schemas import TEXT
from crmapp.domain.fields import Field
from crmapp.domain.permissions import Right
from crmapp.domain.scopes import Scope
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.models import Account
from crmapp.services import (
    account_links,
    account_list,
    accounts,
    fields,
    lost_accounts,
    published,
)
from crmapp.services.account_question import ARGUMENTS, Question
from crmapp.services.duplicate_checks import Overruling
from crmapp.web.access import person, requires

OVERRULING = {
    "duplicate_seal": N_("That of the refusal: these accounts were looked at, it is another one"),
    "duplicate_reason": N_("Why it is another one, in a few words; the history keeps them"),
}
"""Member → what it says beside the fields, of an account that may exist already."""
_FILTERS: dict[str, Mapping[str, Any]] = {
    **{name: TEXT for name in ARGUMENTS if name != "columns"},
    "location": {"type": "array", "items": TEXT},
    "cursor": TEXT,
    "limit": {"type": "integer", "minimum": 1, "maximum": 200},
}


def specs() -> dict[str, Field]:
    """Return the fields that an account has here, those of the installation as well."""
    return dict(fields.of("account"))


@operation(
    Operation(
        "GET", "/accounts", Scope.ACCOUNTS_READ, N_("List accounts"), answers="Accounts",
        arguments=_FILTERS,
    )
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def list_accounts() -> ResponseReturnValue:
    """List the accounts that the address asks for, a page at a time."""
    args = records.arguments(*_FILTERS)
    size, place = records.limit(args.pop("limit", None)), args.pop("cursor", "")
    me, places = person().id, request.args.getlist("location")
    question = Question.from_args({**args, "from": place}, me=me, locations=places)
    lost_accounts.refuse(question, by=person())
    found = account_list.page(replace(question, size=size), by=person())
    rows = account_list.records([line.id for line in found.rows], question, by=person())
    return records.many(_shown(rows), str(found.next) if found.next else None)


@operation(
    Operation("GET", "/accounts/<int:account_id>", Scope.ACCOUNTS_READ, N_("Read an account"),
              answers="Account", versioned=True)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def read_account(account_id: int) -> ResponseReturnValue:
    """Send an account."""
    return records.one(_one(account_id))


@operation(
    Operation("POST", "/accounts", Scope.ACCOUNTS_WRITE, N_("Create an account"),
              sends="NewAccount", answers="Account", status=201, gives_away=True,
              may_exist=True)
)  # fmt: skip
@requires(Right.ACCOUNT_CREATE)
def create_account() -> ResponseReturnValue:
    """Create an account; sent again with the same key, it is the same account."""
    sent, known = records.body(), specs()
    values = records.typed(sent, known, OVERRULING)
    with records.refused_by_member(known):
        account_id = accounts.create(
            values, by=person(), key=records.key("account"), overruled=_overruled(sent)
        )
    return _written(account_id, 201, url_for("api.read_account", account_id=account_id))


@operation(
    Operation("PATCH", "/accounts/<int:account_id>", Scope.ACCOUNTS_WRITE, N_("Change an account"),
              sends="AccountChanges", answers="Account", versioned=True, gives_away=True,
              may_exist=True)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def change_account(account_id: int) -> ResponseReturnValue:
    """Change the members that were sent, of the version that If-Match names."""
    version = accounts.need_editable(account_id, by=person()).version
    records.need_version(version)
    sent, known = records.body(), specs()
    values = records.typed(sent, known, OVERRULING)
    with records.refused_by_member(known):
        accounts.update(
            account_id, values, version, by=person(), overruled=_overruled(sent), exact=True
        )
    return _written(account_id)


@operation(
    Operation("DELETE", "/accounts/<int:account_id>", Scope.ACCOUNTS_WRITE, N_("Delete an account"),
              status=204, versioned=True)
)  # fmt: skip
@requires(Right.ACCOUNT_VIEW)
def delete_account(account_id: int) -> ResponseReturnValue:
    """Delete an account softly, of the version that If-Match names."""
    version = accounts.get(account_id, by=person()).version
    records.need_version(version)
    accounts.delete(account_id, by=person(), version=version)
    return "", 204


def _written(account_id: int, status: int = 200, location: str = "") -> ResponseReturnValue:
    """Send what was written; nothing of an account that she has given to somebody else by it."""
    try:
        return records.one(_one(account_id), status, location)
    except NotFound:
        return "", 204, {"Location": location} if location else {}


def _one(account_id: int) -> dict[str, Any]:
    (shown,) = _shown([accounts.get(account_id, by=person(), deleted=True)])
    return shown


def _shown(found: Collection[Account]) -> list[dict[str, Any]]:
    known = specs()
    links = account_links.standing(published.linked(found, known), by=person())
    return [published.written(account, known, links) for account in found]


def _overruled(sent: Mapping[str, Any]) -> Overruling:
    """Return her word that this is another account than those that are like it."""
    seal, reason = (sent.get(name, "") for name in OVERRULING)
    return Overruling(seal, reason)
