"""What the pages of plans and of runs share: the tab that was asked for, and how often to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from crmapp import artefacts
from crmapp.domain.permissions import Right
from crmapp.domain.plan import Planned
from crmapp.models import Run
from crmapp.services import plans
from crmapp.web import reader
from crmapp.web.access import current_user
from crmapp.web.paging import Pager, numbered, page_number
from crmapp.web.texts import translated

_PACES = ((10, 1), (50, 3))
_SLOWEST = 10


@dataclass(frozen=True)
class Pace:
    """How long a page waits before it looks again, in seconds, and how often it has looked."""

    seconds: int
    looked: int


def polling_pace() -> Pace:
    """Read from the address how often the page has looked, which slows it down."""
    text = request.args.get("looked", "")
    looked = int(text) if text.isdecimal() and len(text) < 7 else 0
    seconds = next((seconds for limit, seconds in _PACES if looked < limit), _SLOWEST)
    return Pace(seconds, looked + 1)


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
