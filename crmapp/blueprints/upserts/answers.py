"""The preview as an answer: the plan, what was wrong, and a place to mend each bad cell."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from crmapp.domain.plan import Planned
from crmapp.domain.runs import Status
from crmapp.errors import CRMError, Invalid
from crmapp.i18n import Text
from crmapp.models import Run
from crmapp.services import decisions, engine, fixing, plans, upserts
from crmapp.services.bad_cells import BadCells
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import page, see_other
from crmapp.web.run_pages import rows_shown
from crmapp.web.texts import translated


def refused(run_id: int, error: CRMError) -> ResponseReturnValue:
    """Answer with the plan as it is now and what was wrong, or lead to the run."""
    found = upserts.get(run_id, by=current_user)
    said = error.fields.values() if isinstance(error, Invalid) else [error.message]
    messages = list(dict.fromkeys(translated(text) for text in said))
    if found.status == Status.PLANNED:
        return show(found, messages, error.status)
    flash(" ".join(messages), "error")
    return see_other(url_for("runs.show", run_id=run_id))


def show(
    run: Run,
    messages: list[str] | None = None,
    status: int = 200,
    errors: Mapping[str, Text] | None = None,
) -> ResponseReturnValue:
    """Answer with the plan; ``errors`` are about the inputs of fixes that were sent."""
    shown = rows_shown(run, "upserts.plan", plans.opening(run))
    return page(
        "upserts/plan.html",
        "upserts/_plan.html",
        status,
        run=run,
        writes=plans.written(run),
        decided=decisions.of(run.id),
        messages=messages or [],
        key=secrets.token_urlsafe(16),
        outdated=run.code_version != engine.CODE_VERSION,
        replannable=upserts.can_plan(run),
        **shown,
        **_fixes_shown(run, shown, errors),
    )


def _fixes_shown(
    run: Run, shown: Mapping[str, Any], errors: Mapping[str, Text] | None
) -> dict[str, Any]:
    """Return what templates need to show the bad cells of the rows that are ``shown``."""
    count = sum(kept.count for kept in fixing.kept(run.id))
    found: dict[str, Any] = {"fixed": count, "errors": errors or {}, "typed": None}
    if shown["action"] is not Planned.REJECTED:
        return found
    bad = BadCells(run, reader.locale())
    rows = shown["shown"].rows if "shown" in shown else []
    return {
        **found,
        "typed": request.form if errors else None,
        "cells": {row.row_no: bad.of(row.planned) for row in rows},
        "shared": bad.shared(request.args.get("about", "")),
    }
