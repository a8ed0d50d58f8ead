"""Search everything, as a page and in the palette; the sheet of keyboard shortcuts."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.palette import bp, commands
from crmapp.blueprints.palette.groups import Item, closest_first, records
from crmapp.blueprints.palette.lines import Lines
from crmapp.domain.permissions import Right
from crmapp.models.user import User
from crmapp.services.account_question import LONGEST_SEARCH
from crmapp.web.access import person
from crmapp.web.htmx import page
from crmapp.web.navigation import places
from crmapp.web.paging import page_number
from crmapp.web.shortcuts import shortcuts_to

_lines = Lines()


@bp.get("/search")
def index() -> ResponseReturnValue:
    """Show what answers the words; without any, what was opened last and where one can go."""
    words = request.args.get("q", "")[:LONGEST_SEARCH]
    by = person()
    at = page_number(request.args["account"]) if "account" in request.args else None
    found = [
        *commands.for_account(words, at, by=by),
        *records(words, at, by=by),
        *commands.everywhere(words, by=by),
    ]
    return page(
        "palette/index.html",
        "palette/_results.html",
        words=words,
        groups=closest_first(found),
        whole=_in_the_list(words, by=by),
        lines=_lines,
    )


def _in_the_list(words: str, *, by: User) -> Item | None:
    """Return the way to all accounts whose text contains the words."""
    if not words.strip() or not by.can(Right.ACCOUNT_VIEW):
        return None
    text = _("Search all accounts for “%(words)s”", words=words)
    return Item(text, "search", "accounts.index", (("q", words),))


@bp.get("/shortcuts")
def shortcuts() -> ResponseReturnValue:
    """List the keys, in the drawer or as a page, with the switch that turns them off."""
    keys = shortcuts_to({place.key for place in places()})
    return page("palette/shortcuts.html", "palette/_shortcuts.html", shortcuts=keys)
