"""The audit trail: who did what, when and from where, filtered, page by page, and as a file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crmapp.blueprints.settings import bp
from crmapp.blueprints.settings.audit_words import OBJECTS, kinds, row, said
from crmapp.services import audit_trail
from crmapp.services.audit_trail import RIGHT, Asked, Cursor
from crmapp.web import reader
from crmapp.web.access import person, requires
from crmapp.web.htmx import page, put_address
from crmapp.web.paging import Pager
from crmapp.web.sheets import csv_response
from crmapp.web.templating import day, url_with

_NOBODY = "none"
FILTERS = ("person", "kind", "since", "until", "object", "record")


@bp.get("/audit")
@requires(RIGHT)
def audit() -> ResponseReturnValue:
    """List what was done, newest first, as the address asks for it."""
    people = audit_trail.people(by=person())
    asked, errors = _asked(dict(people))
    before = Cursor.read(request.args.get("before", ""))
    found = audit_trail.page(asked, before=before, by=person(), locale=reader.locale())
    first = url_with(before=None) if before != Cursor() else None
    answer = page(
        "settings/audit.html",
        "settings/_audit.html",
        items=[said(each) for each in found.items],
        pager=Pager(
            first=first, previous=first, next=url_with(before=found.older) if found.older else None
        ),
        chips=_chips(asked, dict(people)),
        options=_options(people),
        errors=errors,
        args=request.args,
        file=url_for("settings.audit_file", **{n: request.args.get(n) or None for n in FILTERS}),  # type: ignore[arg-type]  # Flask's own arguments begin with _
    )
    return put_address(answer, url_with(), push=True)


@bp.get("/audit.csv")
@requires(RIGHT)
def audit_file() -> ResponseReturnValue:
    """Send all that the address asks for, line by line as it is read."""
    asked, _errors = _asked(dict(audit_trail.people(by=person())))
    found = audit_trail.every(asked, by=person(), locale=reader.locale())
    header = [
        _("When"), _("Who"), _("What"), _("About"), _("Details"), _("Address"), _("Browser"),
        _("Request"),
    ]  # fmt: skip
    return csv_response("audit.csv", header, (row(each) for each in found))


def _asked(people: dict[int, str]) -> tuple[Asked, dict[str, str]]:
    """Read the filters from the address, and say of which nothing can be made."""
    args, errors = request.args, dict[str, str]()
    who, kind, object_ = (args.get(name, "") for name in ("person", "kind", "object"))
    known = who.isascii() and who.isdecimal() and len(who) < 10 and int(who) in people
    record = args.get("record", "").strip()
    number = int(record) if record.isascii() and record.isdecimal() and len(record) < 10 else None
    object_ = object_ if object_ in OBJECTS else ""
    if record and number is None:
        errors["record"] = _("Enter the number of a record, as in its address: 12.")
    elif record and not object_:
        errors["record"] = _("Choose what kind of record it is, too.")
    days = {name: reader.midnight(args.get(name, ""), after) for name, after in _DAYS.items()}
    for name, moment in days.items():
        if args.get(name) and moment is None:
            errors[name] = _("Enter a day, like 2026-06-15.")
    asked = Asked(
        person=int(who) if known else None,
        nobody=who == _NOBODY,
        kind=kind if kind in kinds() else "",
        object=object_,
        record_id=number if object_ else None,
        **days,
    )
    return asked, errors


_DAYS = {"since": 0, "until": 1}


def _options(people: list[tuple[int, str]]) -> dict[str, list[tuple[str, str]]]:
    """Return the choices of each filter."""
    anything = ("", _("All"))
    return {
        "person": [
            ("", _("Anybody")),
            *((str(id_), name) for id_, name in people),
            (_NOBODY, _("Nobody who had signed in")),
        ],
        "kind": [anything, *kinds().items()],
        "object": [anything, *((name, _(label)) for name, label in OBJECTS.items())],
    }


def _chips(asked: Asked, people: dict[int, str]) -> list[dict[str, Any]]:
    """Say each filter that is set, with the address of the list without it."""
    object_ = _(OBJECTS[asked.object]) if asked.object else ""
    number = "" if asked.record_id is None else f" {asked.record_id}"
    words = {
        "person": _("Nobody who had signed in") if asked.nobody else people.get(asked.person or 0),
        "kind": kinds().get(asked.kind),
        "since": asked.since and _("since %(day)s", day=day(asked.since)),
        "until": asked.until and _("until %(day)s", day=day(asked.until - timedelta(days=1))),
        "object": object_ + number,
    }
    gone = {"object": {"object": None, "record": None}}
    return [
        {"text": text, "href": url_with(**gone.get(name, {name: None}), before=None)}
        for name, text in words.items()
        if text
    ]
