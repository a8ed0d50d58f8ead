"""The command palette over a bare Flask page of the same statements and HTML, a million accounts.

    python -m bench.palette --rows 1000000

The bare page runs the statements that the palette ran, by hand through ``sqlite3``, and fills what
it finds into a plain Jinja template, in the rest of the real answer kept as text. It knows no
sessions, rights, translations or order. Prints medians and ratios; asserts nothing about time.
"""

from __future__ import annotations

import argparse
import logging
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from bench.accounts import fill, measure, signed_in
from bench.timing import Timing, ratio
from crmapp import create_app
from crmapp.config import Settings
from crmapp.db import db
from crmapp.db.schema import migrate
from crmapp.services import users

HEADERS = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#palette-results"}
WORDS = ("alpine", "harbor works", "works 0123", "C0123456", "nothing")
ITEM = re.compile(r'<(a|button) class="palette-item".*?</\1>', re.S)
PLAIN = """{% for r in rows %}<a class="palette-item" href="/accounts/{{ r[0] }}" role="option"
id="palette-{{ loop.index }}" aria-selected="false" tabindex="-1"><svg class="i" aria-hidden="true">
<use href="/static/icons.svg#building-2"></use></svg><span class="palette-text">{{ r[1] }}</span>
<span class="palette-detail">{{ r[3] }} · {{ r[4] }}</span></a>{% endfor %}"""
Statement = tuple[str, Any]


def statements(app: Flask, ask: FlaskClient, address: str) -> list[Statement]:
    """Return what the palette asks the database about records."""
    found: list[Statement] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "account" in statement:
            found.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    ask.get(address, headers=HEADERS)
    event.remove(engine, "before_cursor_execute", note)
    return found


def bare_page(database: Path, asked: dict[str, list[Statement]], shells: dict[str, str]) -> Flask:
    """Make the application with nothing but the answer."""
    app = Flask("bare")
    template = app.jinja_env.from_string("{{ shell|safe }}" + PLAIN)
    connection = sqlite3.connect(database, check_same_thread=False)
    connection.execute("PRAGMA cache_size=-32000")

    @app.get("/search/<words>")
    def search(words: str) -> str:
        rows = [row for sql, values in asked[words] for row in connection.execute(sql, values)]
        return template.render(rows=rows[:6], shell=shells[words])

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    app = create_app(Settings.from_env({"CRMAPP_HOME": str(folder), "HTMX_SOURCE": "local"}))
    with app.app_context():
        migrate(db.engine)
        manager = users.add(name="M", email="m@bench.example", role="manager", by=None)
        fill(options.rows, manager)
    with app.app_context():
        ours = signed_in(app, manager)
    addresses = {words: f"/search?q={words.replace(' ', '+')}" for words in WORDS}
    answers = {w: ours.get(each, headers=HEADERS).text for w, each in addresses.items()}
    asked = {words: statements(app, ours, each) for words, each in addresses.items()}
    shells = {words: ITEM.sub("", text) for words, text in answers.items()}
    bare = bare_page(folder / "crmapp.db", asked, shells).test_client()
    print(f"{options.rows:,} accounts; 50 answers a run")
    for words, address in addresses.items():
        mine, plain = Timing(f"{words}, crmapp"), Timing(f"{words}, bare")
        for _turn in range(options.times):
            measure(lambda: bare.get(f"/search/{words}"), plain, 1)  # noqa: B023  (run at once)
            measure(lambda: ours.get(address, headers=HEADERS), mine, 1)  # noqa: B023  (run at once)
        print(plain.line(50), mine.line(50), f"{len(asked[words])} statements", ratio(mine, plain))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
