"""Search everything, as a page and in the palette; the sheet of keyboard shortcuts."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.palette import bp, commands
from crmapp.blueprints.palette.groups import closest_first, records
from crmapp.services.account_question import LONGEST_SEARCH
from crmapp.web.access import person
from crmapp.web.htmx import page
from crmapp.web.paging import page_number
from crmapp.web.shortcuts import SHORTCUTS


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
    groups = closest_first(found)
    return page("palette/index.html", "palette/_results.html", words=words, groups=groups)


@bp.get("/shortcuts")
def shortcuts() -> ResponseReturnValue:
    """List the keys, in the drawer or as a page, with the switch that turns them off."""
    return page("palette/shortcuts.html", "palette/_shortcuts.html", shortcuts=SHORTCUTS)
