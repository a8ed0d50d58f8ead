"""Unfiled letters: what came by the mailbox and belongs to no account yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.letter_batches import (
    Place,
    everything_meant,
    go_on,
    settled_text,
    tell,
    tell_what_stays,
    tell_what_stays_filed,
)
from crmapp.domain.fields import BadValue
from crmapp.errors import FileLost, Forbidden
from crmapp.i18n import N_, Text
from crmapp.models import Account
from crmapp.services import accounts, quick_add
from crmapp.services import unfiled as services
from crmapp.services.unfiled import RIGHT
from crmapp.services.unfiled_batches import Verb
from crmapp.web.access import current_user, person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import numbered
from crmapp.web.run_pages import asked_page

_NONE = N_("Tick at least one letter.")
_REASONS = {
    "": N_("All"),
    "no_account": N_("No account"),
    "stranger": N_("Unknown sender"),
    "too_large": N_("Too large"),
    "unreadable": N_("Unreadable"),
}
_NOT_HERS = N_("You may not change this account. Choose another one.")


@bp.get("/unfiled")
@requires(RIGHT)
def unfiled() -> ResponseReturnValue:
    """Show a page of the letters that wait, or of those that are settled."""
    return _show()


@bp.post("/unfiled/filings")
@requires(RIGHT)
def file_letters() -> ResponseReturnValue:
    """File the ticked letters on an account, or all that match."""
    ids, errors, everything = _ticked(), {}, everything_meant()
    if not ids and not everything:
        errors["id"] = Text(_NONE)
    try:
        account = accounts.get(
            quick_add.account_meant(request.form.get("account", ""), by=person()), by=person()
        )
        if everything:
            return go_on(Verb.FILE, account)
        done = [] if errors else services.file(ids, account.id, by=current_user)
    except BadValue as bad:
        return _show({**errors, "account": bad.text})
    except Forbidden:
        return _show({**errors, "account": Text(_NOT_HERS)})
    except FileLost as lost:
        return _show({"id": lost.message})
    if errors:
        return _show(errors)
    return _settled(ids, done, account)


@bp.post("/unfiled/discards")
@requires(RIGHT)
def discard_letters() -> ResponseReturnValue:
    """Discard the ticked letters, or all that match."""
    if everything_meant():
        return go_on(Verb.DISCARD)
    ids = _ticked()
    if not ids:
        return _show({"id": Text(_NONE)})
    done = services.discard(ids, by=current_user)
    return _settled(ids, done, None)


@bp.post("/unfiled/returns")
@requires(RIGHT)
def bring_letters_back() -> ResponseReturnValue:
    """Have letters wait again; what they were filed as is deleted."""
    if everything_meant():
        return go_on(Verb.RETURN)
    ids = _ticked()
    if not ids:
        return _show({"id": Text(_NONE)}, settled=True)
    back = services.bring_back(ids, by=current_user)
    tell_what_stays_filed(len(ids) - len(back))
    if back:
        text = ngettext("%(num)s letter waits again.", "%(num)s letters wait again.", len(back))
        flash(text, "success")
    return see_other(url_for("settings.unfiled"))


def _ticked() -> list[int]:
    """Read the ids of letters: each by itself, or several with commas between them."""
    words = ",".join(request.form.getlist("id")).split(",")
    found = {int(each) for each in words if each.isascii() and each.isdecimal() and len(each) < 10}
    return sorted(found)[: services.PAGE]


def _settled(
    ids: Sequence[int], done: Sequence[int], account: Account | None
) -> ResponseReturnValue:
    """Say what is settled now, with a way back, and what somebody else was quicker with."""
    if done:
        tell(settled_text(len(done), account), {"id": ",".join(map(str, done))})
    tell_what_stays(len(ids) - len(done))
    return see_other(Place.read(request.args).address(asked_page()))


def _show(errors: dict[str, Text] | None = None, *, settled: bool = False) -> ResponseReturnValue:
    place = Place.read(request.form if request.method == "POST" else request.args)
    place = replace(place, settled=settled or place.settled)
    shown = services.listed(asked_page(), place.asked, by=current_user)
    return page(
        "settings/unfiled.html",
        status=422 if errors else 200,
        shown=shown,
        settled=place.settled,
        place=place,
        pager=numbered(shown.first, len(shown.letters), shown.count, services.PAGE, place.address),
        reasons=services.REASONS,
        reason_choices=[(reason, _(name)) for reason, name in _REASONS.items()],
        errors=errors or {},
        ticked=set(_ticked()) if errors else set(),
        typed=request.form.get("account", ""),
        open_section="unfiled",
    )
