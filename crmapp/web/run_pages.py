"""What the pages of plans and of runs share: the tab, how often to look, how a plan is begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp import artefacts
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned
from crmapp.domain.runs import Status
from crmapp.errors import AlreadyRunning, Conflict
from crmapp.models import Run, User
from crmapp.services import plans
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.htmx import see_other
from crmapp.web.paging import Pager, numbered, page_number
from crmapp.web.texts import translated
from crmapp.web.whole_numbers import whole_number

_PACES = ((10, 1), (50, 3))
_SLOWEST = 10


@dataclass(frozen=True)
class Pace:
    """How long a page waits before it looks again, in seconds, and how often it has looked."""

    seconds: int
    looked: int


def polling_pace() -> Pace:
    """Read from the address how often the page has looked, which slows it down."""
    looked = whole_number(request.args.get("looked")) or 0
    seconds = next((seconds for limit, seconds in _PACES if looked < limit), _SLOWEST)
    return Pace(seconds, looked + 1)


class Kind(Protocol):
    """The service of a kind of runs whose plans people look at before they are carried out."""

    def get(self, run_id: int, *, by: User) -> Run: ...
    def run_later(self, run_id: int, *, plan_hash: str, key: str | None, by: User) -> None: ...


def carried_out(
    run_id: int, kind: Kind, show: Callable[[Run, str, int], ResponseReturnValue]
) -> ResponseReturnValue:
    """Have the plan of the form carried out, or ``show`` it again with what speaks against it."""
    plan_hash, key = request.form.get("plan_hash", ""), request.form.get("idempotency_key")
    try:
        kind.run_later(run_id, plan_hash=plan_hash, key=key, by=current_user)
    except AlreadyRunning:
        flash(_("This run has begun already."), "info")
    except Conflict as conflict:
        found = kind.get(run_id, by=current_user)
        if found.status == Status.PLANNED:
            return show(found, translated(conflict.message), conflict.status)
        flash(translated(conflict.message), "error")
    else:
        flash(_("The run has begun."), "success")
    return see_other(url_for("runs.show", run_id=run_id))


def rows_shown(run: Run, endpoint: str, otherwise: Planned | None = None) -> dict[str, Any]:
    """Read the tab and the page from the address; return what templates need to show them.

    ``endpoint`` is the page that has the tabs. Without a tab in the address it is ``otherwise``;
    with neither, no rows are read. ``lost`` says that there is no file to read them from.
    """
    if run.artefacts and artefacts.lost([part["name"] for part in run.artefacts]):
        return {"action": None, "counts": [], "endpoint": endpoint, "lost": True}
    action = _action(otherwise)
    counts = [(each, translated(plans.ACTIONS[each]), n) for each, n in plans.counts(run)]
    if action is None or not run.artefacts:
        return {"action": None, "counts": counts, "endpoint": endpoint}
    shown = plans.rows(
        run,
        action,
        asked_page(),
        by=current_user,
        locale=reader.locale(),
        reason=request.args.get("reason", ""),
        about=request.args.get("about", ""),
    )
    return {
        "action": action,
        "counts": counts,
        "endpoint": endpoint,
        "shown": shown,
        "pager": _pager(shown, run, endpoint, action),
    }


def mapping_page(run: Run) -> str | None:
    """Return the page of the CRM mapping that a run is of, if she may open it."""
    return address_of("settings.crm_mapping", mapping_id=run.source["mapping"])


def address_of(endpoint: str, **values: Any) -> str | None:
    """Return the address of a page about feeds, if she may open it."""
    return url_for(endpoint, **values) if current_user.can(Right.INTEGRATION_MANAGE) else None


def asked_page() -> int:
    """Return the number of the page that was asked for."""
    return page_number(request.args.get("page"))


def _action(otherwise: Planned | None) -> Planned | None:
    asked = request.args.get("show", "")
    return Planned(asked) if asked in list(Planned) else otherwise


def _pager(shown: plans.Shown, run: Run, endpoint: str, action: Planned) -> Pager:
    narrow: dict[str, Any] = {name: request.args.get(name) for name in ("reason", "about")}

    def at(page: int | None) -> str:
        return url_for(endpoint, run_id=run.id, show=action, page=page, **narrow)

    return numbered(shown.first, len(shown.rows), shown.count, plans.PAGE, at)
