"""Addresses of the grid: from the browser's arguments to a question, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from crmapp.analytics.query import Question
from crmapp.services import grids
from crmapp.web.access import current_user

NO_ARGS: Mapping[str, Any] = MappingProxyType({})
LISTS = ("measures", "properties")
"""Arguments with several values: a form repeats them, an address holds them once, with commas."""
DAYS = {"period": ("from", "to"), "against": ("against-from", "against-to")}
"""Periods that a form sends as two days; an address has them in one: ``2026-01-05..2026-03-31``."""


def asked(dataset: str, dimension: str, besides: Collection[str] = ()) -> Question:
    """What the reader asks by this request's address; ``besides`` are others' arguments."""
    args = {name: value for name, value in _plain(request.args).items() if name not in besides}
    return grids.ask(dataset, dimension, args, by=current_user)


def is_tidy() -> bool:
    """Whether the address is as :func:`address` writes it: nothing empty, nothing twice."""
    ends = {end for ends in DAYS.values() for end in ends}
    return all(
        name not in ends and values == [*filter(None, values)][:1]
        for name, values in request.args.lists()
    )


def address(question: Question, endpoint: str = "grid.show") -> str:
    """The address that asks ``question``."""
    return grid_url(question.dataset, question.dimension, question.to_args(), endpoint)


def grid_url(
    dataset: str, dimension: str, args: Mapping[str, Any] = NO_ARGS, endpoint: str = "grid.show"
) -> str:
    """The address of a dimension's grid with these arguments."""
    return url_for(endpoint, dataset=dataset, dimension=dimension, **args)


def _plain(args: MultiDict[str, str]) -> Mapping[str, str]:
    found = {
        name: ",".join(values) if name in LISTS else values[0]
        for name, values in args.lists()
        if any(values)
    }
    for period, ends in DAYS.items():
        days = [found.pop(end, "") for end in ends]
        if any(days):
            found[period] = "..".join(days)
    return found
