"""What the section of the sync tools shows, on whichever page it stands."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from crmapp.domain.list_values import TALLIES
from crmapp.domain.runs import ACTIVE
from crmapp.services import list_review, runs
from crmapp.services import managed_lists as lists_
from crmapp.web.access import current_user
from crmapp.web.run_pages import polling_pace


def sync_tools(place: str) -> dict[str, Any]:
    """Return what the partial ``settings/_sync_tools.html`` needs.

    The address says which list is chosen; ``place`` is the endpoint where another one is chosen.

    Raises:
        NotFound: the address says one that there is not.
    """
    lists = lists_.listed(by=current_user)
    asked = request.args.get("list") or lists[0].managed.code
    managed = lists_.get(asked)
    chosen = next(each for each in lists if each.managed == managed)
    running = runs.get(chosen.running, by=current_user) if chosen.running else None
    return {
        "place": url_for(place),
        "lists": lists,
        "chosen": chosen,
        "run": running,
        "active": running is not None and running.status in ACTIVE,
        "history": lists_.history(chosen.managed.code, by=current_user),
        "kept": list_review.kept(chosen.managed.code, by=current_user),
        "every": lists_.EVERY,
        "missing": lists_.missing(),
        "tallies": TALLIES,
        "pace": polling_pace(),
    }
