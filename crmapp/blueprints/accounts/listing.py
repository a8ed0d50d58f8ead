"""The list of accounts, an address for every state of it, and the page about its fields."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, gettext, ngettext

from crmapp.blueprints.accounts import bp
from crmapp.domain.permissions import Right
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.i18n import N_
from crmapp.services import account_list, pick_lists
from crmapp.services.account_question import ARGUMENTS, Cursor, Question
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, put_address
from crmapp.web.paging import Pager
from crmapp.web.record_forms import grouped

COLUMNS = {
    "name": N_("Account"),
    "number": N_("Number"),
    "location": N_("Location"),
    "phone": N_("Phone"),
    "primary_contact": N_("Primary contact"),
    "owner": N_("Owner"),
    "team": N_("Team"),
}
_KINDS = {
    "text": N_("Text"),
    "long_text": N_("Long text"),
    "email": N_("E-mail address"),
    "phone": N_("Phone number"),
    "url": N_("Web address"),
    "money": N_("Amount"),
    "yes_no": N_("Yes or no"),
    "tags": N_("Words, separated by commas"),
    "pick_list": N_("Pick list"),
    "user": N_("Person"),
    "team": N_("Team"),
    "account": N_("Another account"),
    "contact": N_("A contact of the account"),
}


@bp.get("")
@requires(Right.ACCOUNT_VIEW)
def index() -> ResponseReturnValue:
    """List the accounts that the address asks for."""
    question = Question.from_args(request.args, me=current_user.id)
    found = account_list.page(question, by=current_user)
    answer = page(
        "accounts/index.html",
        "accounts/_table.html",
        question=question,
        found=found,
        columns=COLUMNS,
        people=pick_lists.people(keep=question.owner),
        teams=pick_lists.teams(),
        pager=_pager(found),
    )
    return put_address(answer, _place(question.cursor), push=True)


@bp.get("/fields")
@requires(Right.ACCOUNT_VIEW)
def fields() -> ResponseReturnValue:
    """Explain every standard field."""
    return page("accounts/fields.html", groups=grouped(ACCOUNT_FIELDS.values()), kinds=_KINDS)


def _pager(found: account_list.Page) -> Pager:
    """Link to the pages before and after."""
    return Pager(
        label=_counted(found),
        first=_place(None) if found.previous else None,
        previous=_place(found.previous) if found.previous else None,
        next=_place(found.next) if found.next else None,
    )


def _place(cursor: Cursor | None) -> str:
    """Return the address of a place in the list, with the same filters and order."""
    asked = {name: request.args[name] for name in ARGUMENTS if request.args.get(name)}
    if asked.get("sort") == "name":
        del asked["sort"]
    if cursor is not None:
        asked["from"] = str(cursor)
    address = url_for("accounts.index")
    return f"{address}?{urlencode(asked)}" if asked else address


def _counted(found: account_list.Page) -> str:
    number = format_decimal(found.count)
    if found.many:
        return gettext("More than %(count)s accounts", count=number)
    return ngettext("%(count)s account", "%(count)s accounts", found.count, count=number)
