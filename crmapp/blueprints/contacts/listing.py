"""The list of all contacts, and an address for every state of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.contacts import bp
from crmapp.domain.permissions import Right
from crmapp.services import accounts, contact_list, pick_lists
from crmapp.services.contact_list import ROLES, Asked
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, put_address
from crmapp.web.paging import Pager
from crmapp.web.templating import number, url_with
from crmapp.web.texts import language
from crmapp.web.whole_numbers import whole_number

_ACTIVE = {"yes": True, "no": False}


@bp.get("/contacts")
@requires(Right.ACCOUNT_VIEW)
def index() -> ResponseReturnValue:
    """List the contacts that the address asks for, by name."""
    labels = pick_lists.labels(language())
    asked = _asked(labels.get(ROLES, {}))
    found = contact_list.page(asked, by=person())
    answer = page(
        "contacts/index.html",
        "contacts/_table.html",
        contacts=found.rows,
        editable=accounts.editable_among({row.account_id for row in found.rows}, by=person()),
        pager=_pager(asked, found),
        chips=_chips(asked, labels.get(ROLES, {})),
        asked=asked,
        active=request.args.get("active", ""),
        roles=pick_lists.choices(ROLES, language(), keep=(asked.role,)),
        labels=labels,
    )
    return put_address(answer, url_with(), push=True)


def _asked(roles: Mapping[str, str]) -> Asked:
    """Read the filters from the address; what is not known there asks for nothing."""
    args = request.args
    role = args.get("role", "")
    return Asked(
        words=args.get("q", "").replace("\x00", "").strip()[:200],
        role=role if role in roles else "",
        active=_ACTIVE.get(args.get("active", "")),
        after=whole_number(args.get("after", "")),
        before=whole_number(args.get("before", "")),
    )


def _pager(asked: Asked, found: contact_list.Page) -> Pager:
    """Link to the pages before and after."""
    rows, first = found.rows, url_with(after=None, before=None)
    return Pager(
        label=_counted(*contact_list.count(asked, by=person())) if rows else "",
        first=first if found.earlier else None,
        previous=url_with(after=None, before=rows[0].id) if rows and found.earlier else None,
        next=url_with(after=rows[-1].id, before=None) if rows and found.later else None,
    )


def _counted(count: int, many: bool) -> str:
    if many:
        return _("More than %(count)s contacts", count=number(count))
    return ngettext("%(count)s contact", "%(count)s contacts", count, count=number(count))


def _chips(asked: Asked, roles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Say each filter that is set, with the address of the list without it."""
    said = {
        "q": asked.words and _("Search: %(words)s", words=asked.words),
        "role": asked.role and roles[asked.role],
        "active": {True: _("Active"), False: _("Inactive"), None: ""}[asked.active],
    }
    return [
        {"text": text, "href": url_with(**{name: None, "after": None, "before": None})}
        for name, text in said.items()
        if text
    ]
