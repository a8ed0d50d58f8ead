"""The page that shows one record, where links into Salesforce lead."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from werkzeug.wrappers import Request, Response

from crmapp.connectors.sandbox.faulty import due_of
from crmapp.connectors.sandbox.salesforce import ids
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.query import Reader

_ADDRESS = re.compile(r"/lightning/r/(?P<object>\w+)/(?P<id>\w+)/view/?")
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;margin:2rem}}th{{text-align:left;padding-right:2rem}}</style>
<p>The pretend Salesforce</p><h1>{title}</h1>
<table>{rows}</table></html>
"""


def record(request: Request, database: Database, version: str) -> Response:
    """Answer ``/lightning/r/OBJECT/ID/view`` to anybody: what is here is pretended."""
    asked = _ADDRESS.fullmatch(request.path)
    object = database.objects.get(asked["object"].lower()) if asked else None
    id = ids.whole(asked["id"]) if asked else None
    found = None
    if object is not None and id is not None:
        [found] = Reader(database, due_of(request), version).record(object, [id])
    if object is None or found is None:
        return Response("There is no such page.", 404, content_type="text/plain")
    labels = [(each.label, found.get(each.name)) for each in object.fields.values()]
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(_shown(value))}</td></tr>"
        for label, value in labels
        if value is not None
    )
    title = escape(str(found.get("Name") or id))
    return Response(_PAGE.format(title=title, rows=rows), content_type="text/html; charset=utf-8")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part is not None)
    return str(value)
