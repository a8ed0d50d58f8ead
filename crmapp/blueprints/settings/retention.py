"""How long things are kept: days for each kind, with a word on what would be lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, fields

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.domain.permissions import Right
from crmapp.domain.runs import KIND_LABELS
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.services import retention as services
from crmapp.services.retention import Loss
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other

BESIDE = {
    services.DELETED_FILES: N_("Deleted files of accounts"),
    services.LETTERS: N_("Unfiled letters"),
}
"""What is kept for a time beside the files of runs."""
EVERY = KIND_LABELS | BESIDE


@bp.get("/retention")
@requires(Right.SETTINGS_MANAGE)
def retention() -> ResponseReturnValue:
    """Show for how long the files of each kind of run are kept, and what else is."""
    days = services.days()
    return _form({kind: "" if days.get(kind) is None else str(days[kind]) for kind in EVERY})


@bp.post("/retention")
@requires(Right.SETTINGS_MANAGE)
def keep_files() -> ResponseReturnValue:
    """Set it, or say what is wrong or what would be lost."""
    typed = {kind: request.form.get(kind, "").strip() for kind in EVERY}
    wanted = {kind: _days(text) for kind, text in typed.items()}
    try:
        services.keep(wanted, confirmed=_confirmed(), by=current_user)
    except Invalid as invalid:
        loss = services.loss(wanted) if "confirm" in invalid.fields else None
        return _form(typed, invalid.fields, loss)
    flash(_("Saved. What is over its time is deleted soon."), "success")
    return see_other(url_for("settings.retention"))


def _days(text: str) -> int | None:
    """Read a number of days; what is none is one that nothing can be kept for."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _confirmed() -> Loss | None:
    """Read what she was told would be lost, and said yes to."""
    parts = request.form.get("confirm", "").split("-")
    known = all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts)
    return Loss(*map(int, parts)) if known and len(parts) == len(fields(Loss)) else None


def _form(
    typed: dict[str, str], errors: Mapping[str, str | Text] | None = None, loss: Loss | None = None
) -> ResponseReturnValue:
    return page(
        "settings/retention.html",
        kinds=KIND_LABELS,
        beside=BESIDE,
        typed=typed,
        errors=errors or {},
        loss=loss,
        confirms="-".join(map(str, astuple(loss))) if loss else "",
        most=services.MOST,
        status=422 if errors else 200,
    )
