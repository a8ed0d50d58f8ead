"""The list of runs, and an address for every state of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.runs import bp
from crmapp.domain.permissions import Right
from crmapp.domain.runs import KIND_LABELS, STATUS_LABELS, Status
from crmapp.services import run_list
from crmapp.services.run_list import Asked
from crmapp.web import reader
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, put_address
from crmapp.web.paging import Pager
from crmapp.web.run_trends import trend
from crmapp.web.templating import day, number, url_with
from crmapp.web.texts import translated

PAGE = 50
_SCHEDULE = "none"  # stands for runs that nobody started


@bp.get("")
@requires(Right.RUN_VIEW)
def index() -> ResponseReturnValue:
    """List the runs that the address asks for, newest first."""
    before = request.args.get("before", "")
    place = int(before) if before.isdecimal() and len(before) < 10 else None
    people = run_list.starters(by=current_user)
    asked = _asked(dict(people))
    found = run_list.recent(asked, by=current_user, before=place, limit=PAGE + 1)
    start = url_with(before=None) if place is not None else None
    more = url_with(before=found[PAGE - 1].id) if len(found) > PAGE else None
    answer = page(
        "runs/index.html",
        "runs/_table.html",
        runs=found[:PAGE],
        trends={job: trend(past) for job, past in run_list.pasts(found[:PAGE]).items()},
        counts=_counts(asked),
        pager=Pager(first=start, previous=start, next=more),
        chips=_chips(asked, dict(people)),
        options=_options(people),
        kinds=KIND_LABELS,
        args=request.args,
    )
    return put_address(answer, url_with(), push=True)


def _asked(people: dict[int, str]) -> Asked:
    """Read the filters from the address; what is not known there asks for nothing."""
    args = request.args
    status, kind, person = (args.get(name, "") for name in ("status", "kind", "person"))
    known = person.isdecimal() and len(person) < 10 and int(person) in people
    return Asked(
        status=status if status in list(Status) else "",
        kind=kind if kind in KIND_LABELS else "",
        person=int(person) if known else None,
        nobody=person == _SCHEDULE,
        since=reader.midnight(args.get("since", "")),
        until=reader.midnight(args.get("until", ""), after=1),
        like=int(like) if (like := args.get("like", "")).isdecimal() and len(like) < 10 else None,
    )


def _options(people: list[tuple[int, str]]) -> dict[str, list[tuple[str, str]]]:
    """Return the choices of each filter."""
    anything = ("", _("All"))
    nobody = (_SCHEDULE, _("Schedule"))
    statuses = [(status.value, translated(text)) for status, text in STATUS_LABELS.items()]
    kinds = [(kind, translated(text)) for kind, text in KIND_LABELS.items()]
    persons = [(str(id_), name) for id_, name in people]
    return {
        "status": [anything, *statuses],
        "kind": [anything, *kinds],
        "person": [("", _("Anybody")), *persons, nobody],
    }


def _chips(asked: Asked, people: dict[int, str]) -> list[dict[str, Any]]:
    """Say each filter that is set, with the address of the list without it."""
    said = {
        "status": asked.status and translated(STATUS_LABELS[Status(asked.status)]),
        "kind": asked.kind and translated(KIND_LABELS[asked.kind]),
        "person": _("Schedule") if asked.nobody else people.get(asked.person or 0, ""),
        "since": asked.since and _("since %(day)s", day=day(asked.since)),
        "until": asked.until and _("until %(day)s", day=day(asked.until - timedelta(days=1))),
        "like": asked.like and _("the job of run %(id)s", id=asked.like),
    }
    return [
        {"text": text, "href": url_with(**{name: None, "before": None})}
        for name, text in said.items()
        if text
    ]


def _counts(asked: Asked) -> list[dict[str, Any]]:
    """Say how many runs there are, then of each status, with the address of the list of those."""
    any_status = replace(asked, status="")
    found = [("", _("All"), run_list.count(any_status, by=current_user))]
    by_status = run_list.counts(asked, by=current_user)
    found += [(s, translated(STATUS_LABELS[Status(s)]), by_status[s]) for s in by_status]
    return [
        {
            "text": text,
            "count": _("more than %(count)s", count=number(n)) if many else number(n),
            "href": url_with(status=status or None, before=None),
            "here": status == asked.status,
        }
        for status, text, (n, many) in found
    ]
