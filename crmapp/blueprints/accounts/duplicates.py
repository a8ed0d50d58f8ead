"""The list of accounts that may be the same, and what people say about its pairs."""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.accounts import bp
from crmapp.db import LARGEST_ID
from crmapp.domain.duplicates import REASONS
from crmapp.errors import AlreadyRunning
from crmapp.services import account_pair_search, account_pairs
from crmapp.services.account_pairs import RIGHT, Place
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import polling_pace


@bp.get("/duplicates")
@requires(RIGHT)
def duplicates() -> ResponseReturnValue:
    """List the pairs, best first, or those that somebody keeps apart."""
    different = request.args.get("show") == "different"
    by = person()
    return page(
        "accounts/duplicates.html",
        "accounts/_duplicates.html",
        found=account_pairs.listed(by=by, different=different, after=_place()),
        counts={each: account_pairs.count(by=by, different=each) for each in (False, True)},
        different=different,
        first=_place() is None,
        reasons=REASONS,
        working=account_pair_search.working(),
        newest=account_pair_search.newest(),
        pace=polling_pace(),
    )


@bp.post("/duplicates")
@requires(RIGHT)
def create_search() -> ResponseReturnValue:
    """Have all accounts searched for pairs."""
    try:
        account_pair_search.start(by=person())
    except AlreadyRunning:
        flash(_("They are being searched already."), "info")
    return see_other(url_for("accounts.duplicates"))


@bp.post("/duplicates/<int:first>/<int:second>/difference")
@requires(RIGHT)
def create_difference(first: int, second: int) -> ResponseReturnValue:
    """Keep two accounts apart for ever."""
    account_pairs.keep_apart(first, second, by=person())
    flash(_("They are kept apart. You find them under “Not the same”."), "success")
    return see_other(url_for("accounts.duplicates"))


@bp.post("/duplicates/<int:first>/<int:second>/likeness")
@requires(RIGHT)
def create_likeness(first: int, second: int) -> ResponseReturnValue:
    """Take back that two accounts are not the same."""
    account_pairs.bring_back(first, second, by=person())
    flash(_("They are among those that may be the same again."), "success")
    return see_other(url_for("accounts.duplicates", show="different"))


def _place() -> Place | None:
    """Read from the address where the page begins."""
    parts = request.args.get("after", "").split("-")
    numbers = [int(each) for each in parts if each.isascii() and each.isdecimal()]
    if len(numbers) != len(parts) or len(numbers) != 3 or max(numbers) > LARGEST_ID:
        return None
    return Place(*numbers)
