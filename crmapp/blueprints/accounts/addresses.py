"""Addresses of the list of accounts: of a place in it, of its files, of an account seen from it."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlencode

from flask import request, url_for

from crmapp.domain.fields import is_custom
from crmapp.services.account_question import ARGUMENTS, Cursor, Question
from crmapp.services.account_sets import Chosen
from crmapp.services.view_questions import AS_IT_COMES, by_ids
from crmapp.web.access import person
from crmapp.web.context import this_request

Pairs = list[tuple[str, str]]
ALL = "all"
"""Stands for the list of all accounts where a view is named, since another view may open first."""
_EVERY = Question()
_VIEW = re.compile(r"(\d{1,10})(?:\.(\d{1,10}))?")


def asked() -> Question:
    """Read which list the address asks for; the page of an account has its list's arguments too.

    Raises:
        Invalid: an argument cannot be used.
    """
    args = this_request().args
    if not args:
        return _EVERY
    return Question.from_args(args.to_dict(), me=person().id, locations=args.getlist("location"))


def arguments(*without: tuple[str, str | None]) -> Pairs:
    """Return the list's arguments of this address, less those named: (name, value or ``None``).

    Of an argument that stands there twice, the first one counts, as it does for the list; only
    locations may be several.
    """
    args = this_request().args
    pairs = [
        (name, value)
        for name in (*ARGUMENTS, *filter(is_custom, args))
        if name in args
        for value in (args.getlist(name) if name == "location" else [args.get(name)])
        if value
    ]
    return [
        (name, value)
        for name, value in dict.fromkeys(pairs)
        if (name, value) not in without and (name, None) not in without
        if (name, value) != AS_IT_COMES
    ]


def view_asked() -> tuple[int, int] | None:
    """Return which view the list comes from, and the version of it that the reader opened.

    The address says it as ``view=12.3``; with ``view=12``, the version is 0.
    """
    said = this_request().args.get("view")
    found = _VIEW.fullmatch(said) if said else None
    return (int(found[1]), int(found[2] or 0)) if found else None


def chosen_accounts() -> Chosen:
    """Read which accounts of the list are meant: those that were ticked, or all that match it.

    Raises:
        Invalid: none, or too many one by one.
    """
    everything = "all" in request.values
    ids = request.values.getlist("without" if everything else "id")
    return Chosen.read(ids, everything=everything, arguments=by_ids(arguments(), by=person()))


def tail(pairs: Pairs | None = None, cursor: Cursor | None = None) -> str:
    """Write arguments as the end of an address: ``?owner=me``, or nothing if there are none.

    The view that the list comes from is one of them.
    """
    pairs = with_view(arguments() if pairs is None else pairs)
    if cursor is not None:
        pairs = [*pairs, ("from", str(cursor))]
    return _written(tuple(pairs)) if pairs else ""


@lru_cache(maxsize=2_000)
def _written(pairs: tuple[tuple[str, str], ...]) -> str:
    return f"?{urlencode(pairs)}"


def with_view(pairs: Pairs) -> Pairs:
    """Say as well which view the list comes from.

    A view alone would be opened anew, with its filters, and nothing at all would open another one.
    """
    if view_asked():
        return [("view", request.args["view"]), *(pairs or [AS_IT_COMES])]
    if not pairs and person().default_view is not None:
        return [("view", ALL)]
    return pairs


def place(cursor: Cursor | None, pairs: Pairs | None = None) -> str:
    """Return the address of a place in the list, with the same filters and order."""
    return url_for("accounts.index") + tail(pairs, cursor)
