"""The command palette over a bare Flask page of the same statements and HTML, a million accounts.

    python -m bench.palette --rows 1000000

The bare page runs the statements that the palette ran, by hand through ``sqlite3``, and fills what
it finds into a plain Jinja template, in the rest of the real answer kept as text. It knows no
sessions, rights, translations or order. Asserts that both have the same bytes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import event

from bench.bare import Bare, as_text, compare, run
from bench.figures import Figure, Size
from bench.filled import Filled
from crmapp.db import db

HEADERS = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#palette-results"}
WORDS = ("alpine", "harbor works", "works 0123", "C0123456", "nothing")
ITEM = re.compile(r'<a class="palette-item" href="/accounts/(\d+)".*?</a>', re.S)
Statement = tuple[str, Any]


def statements(
    of: Filled, address: str, headers: Mapping[str, str] = MappingProxyType(HEADERS)
) -> list[Statement]:
    """Return what a page, the palette unless ``headers`` say otherwise, asks about accounts.

    The values stand in the statements, as the database tells them.
    """
    found: list[Statement] = []

    def note(statement: str) -> None:
        if "account" in statement and not statement.startswith("--"):  # what an index does itself
            found.append((statement, ()))

    def listen(connection: sqlite3.Connection, *_rest: Any) -> None:
        connection.set_trace_callback(note)

    def end(connection: sqlite3.Connection, *_rest: Any) -> None:
        connection.set_trace_callback(None)

    with of.app.app_context():
        engine = db.engine
    event.listen(engine, "checkout", listen)
    event.listen(engine, "checkin", end)
    of.ask(address, headers)
    event.remove(engine, "checkout", listen)
    event.remove(engine, "checkin", end)
    return found


def template(html: str) -> str:
    """Make a template of an answer: each account is filled in by the query's columns."""
    parts, place = [], 0
    for number, item in enumerate(ITEM.finditer(html)):
        parts += [as_text(html[place : item.start()]), _item(item[0], f"rows[{number}]")]
        place = item.end()
    return "".join([*parts, as_text(html[place:])])


def _item(html: str, row: str) -> str:
    html = re.sub(r"/accounts/\d+", "/accounts/{{ %s[0] }}" % row, html, count=1)  # noqa: UP031  # braces
    named = r'(?<=class="palette-text">)[^<]*'
    detail = r'(?<=class="palette-detail">)[^<]*'
    html = re.sub(named, "{{ %s[1] }}" % row, html)  # noqa: UP031
    return re.sub(detail, "{{ %s[3] }} · {{ %s[4] }}" % (row, row), html)  # noqa: UP031


def figures_of(of: Filled, size: Size) -> Iterator[Figure]:
    """What the palette answers to some words, over bare answers."""
    for words in WORDS:
        address = f"/search?q={words.replace(' ', '+')}"
        html = of.ask(address, HEADERS).decode()
        shown = [int(found[1]) for found in ITEM.finditer(html)]
        asked = statements(of, address)

        def read(
            connection: sqlite3.Connection,
            asked: list[Statement] = asked,
            shown: list[int] = shown,
        ) -> Mapping[str, Any]:
            rows = {row[0]: row for sql, values in asked for row in connection.execute(sql, values)}
            return {"rows": [rows[each] for each in shown]}

        bare = Bare(of.database)
        bare.page("/search", template(html), read)
        what = f"palette: “{words}”, {len(asked)} statements"
        yield compare(what, of, bare, [(address, "/search")], size, HEADERS)


if __name__ == "__main__":
    run(__doc__, figures_of)
