"""Addresses of the list of accounts: of a place in it, of its files, of an account seen from it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request, url_for

from crmapp.domain.fields import is_custom
from crmapp.services.account_question import ARGUMENTS, Cursor, Question
from crmapp.services.account_sets import Chosen
from crmapp.web.access import person

Pairs = list[tuple[str, str]]


def asked() -> Question:
    """Read which list the address asks for; the page of an account has its list's arguments too.

    Raises:
        Invalid: an argument cannot be used.
    """
    args = request.args
    return Question.from_args(args, me=person().id, locations=args.getlist("location"))


def arguments(*without: tuple[str, str | None]) -> Pairs:
    """Return the list's arguments of this address, less those named: (name, value or ``None``)."""
    args = request.args
    pairs = [
        (name, value)
        for name in (*ARGUMENTS, *filter(is_custom, args))
        for value in args.getlist(name)
        if value
    ]
    return [
        (name, value)
        for name, value in dict.fromkeys(pairs)
        if (name, value) not in without and (name, None) not in without
        if (name, value) != ("sort", "name")
    ]


def chosen_accounts() -> Chosen:
    """Read which accounts of the list are meant: those that were ticked, or all that match it.

    Raises:
        Invalid: none, or too many one by one.
    """
    everything = "all" in request.values
    ids = request.values.getlist("without" if everything else "id")
    return Chosen.read(ids, everything=everything, arguments=arguments())


def tail(pairs: Pairs | None = None, cursor: Cursor | None = None) -> str:
    """Write arguments as the end of an address: ``?owner=me``, or nothing if there are none."""
    pairs = arguments() if pairs is None else pairs
    if cursor is not None:
        pairs = [*pairs, ("from", str(cursor))]
    return f"?{urlencode(pairs)}" if pairs else ""


def place(cursor: Cursor | None, pairs: Pairs | None = None) -> str:
    """Return the address of a place in the list, with the same filters and order."""
    return url_for("accounts.index") + tail(pairs, cursor)
