"""Unfiled letters: what came by the mailbox and belongs to no account yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.blueprints.settings import bp
from crmapp.domain.fields import BadValue
from crmapp.errors import FileLost, Forbidden
from crmapp.i18n import N_, Text
from crmapp.services import accounts, quick_add
from crmapp.services import unfiled as services
from crmapp.services.unfiled import RIGHT
from crmapp.web.access import current_user, person, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.paging import numbered
from crmapp.web.run_pages import asked_page

_NONE = N_("Tick at least one letter.")
_NOT_HERS = N_("You may not change this account. Choose another one.")


@bp.get("/unfiled")
@requires(RIGHT)
def unfiled() -> ResponseReturnValue:
    """Show a page of the letters that wait, or of those that are settled."""
    return _show()


@bp.post("/unfiled/filings")
@requires(RIGHT)
def file_letters() -> ResponseReturnValue:
    """File the ticked letters on an account."""
    ids, errors = _ticked(), {}
    if not ids:
        errors["id"] = Text(_NONE)
    try:
        account = accounts.get(
            quick_add.account_meant(request.form.get("account", ""), by=person()), by=person()
        )
        done = [] if errors else services.file(ids, account.id, by=current_user)
    except BadValue as bad:
        return _show({**errors, "account": bad.text})
    except Forbidden:
        return _show({**errors, "account": Text(_NOT_HERS)})
    except FileLost as lost:
        return _show({"id": lost.message})
    if errors:
        return _show(errors)
    text = ngettext(
        "%(num)s letter filed on “%(name)s”.", "%(num)s letters filed on “%(name)s”.",
        len(done), name=account.name,
    )  # fmt: skip
    return _settled(ids, done, text)


@bp.post("/unfiled/discards")
@requires(RIGHT)
def discard_letters() -> ResponseReturnValue:
    """Discard the ticked letters."""
    ids = _ticked()
    if not ids:
        return _show({"id": Text(_NONE)})
    done = services.discard(ids, by=current_user)
    text = ngettext("%(num)s letter discarded.", "%(num)s letters discarded.", len(done))
    return _settled(ids, done, text)


@bp.post("/unfiled/returns")
@requires(RIGHT)
def bring_letters_back() -> ResponseReturnValue:
    """Have letters wait again; what they were filed as is deleted."""
    ids = _ticked()
    if not ids:
        return _show({"id": Text(_NONE)}, settled=True)
    back = services.bring_back(ids, by=current_user)
    if len(back) < len(ids):
        flash(_("A letter stays filed if somebody has changed its activity since."), "info")
    if back:
        text = ngettext("%(num)s letter waits again.", "%(num)s letters wait again.", len(back))
        flash(text, "success")
    return see_other(url_for("settings.unfiled"))


def _ticked() -> list[int]:
    """Read the ids of letters: each by itself, or several with commas between them."""
    words = ",".join(request.form.getlist("id")).split(",")
    found = {int(each) for each in words if each.isascii() and each.isdecimal() and len(each) < 10}
    return sorted(found)[: services.PAGE]


def _settled(ids: Sequence[int], done: Sequence[int], text: str) -> ResponseReturnValue:
    """Say what is settled now, with a way back, and what somebody else was quicker with."""
    if done:
        undo: Any = {"text": text, "button": _("Undo"), "icon": "undo-2"}
        undo |= {"action": url_for("settings.bring_letters_back")}
        flash(undo | {"fields": {"id": ",".join(map(str, done))}}, "success")
    if left := len(ids) - len(done):
        said = ngettext(
            "%(num)s letter stays as it is: it was settled meanwhile, or cannot be filed.",
            "%(num)s letters stay as they are: they were settled meanwhile, or cannot be filed.",
            left,
        )
        flash(said, "info")
    return see_other(_page(asked_page()))


def _page(number: int | None, *, settled: bool = False) -> str:
    number = number if number and number > 1 else None
    return url_for("settings.unfiled", show="settled" if settled else None, page=number)


def _show(errors: dict[str, Text] | None = None, *, settled: bool = False) -> ResponseReturnValue:
    settled = settled or request.args.get("show") == "settled"
    shown = services.listed(asked_page(), settled=settled, by=current_user)

    def at(number: int | None) -> str:
        return _page(number, settled=settled)

    return page(
        "settings/unfiled.html",
        status=422 if errors else 200,
        shown=shown,
        settled=settled,
        pager=numbered(shown.first, len(shown.letters), shown.count, services.PAGE, at),
        reasons=services.REASONS,
        errors=errors or {},
        ticked=set(_ticked()) if errors else set(),
        typed=request.form.get("account", ""),
        open_section="unfiled",
    )
