"""The list of accounts over a bare Flask page of the same query and HTML, a million accounts.

    python -m bench.accounts --rows 1000000

The bare page runs the list's SQL by hand through ``sqlite3`` and fills the same rows into a plain
Jinja template, in the shell of the real page kept as text. It knows no sessions, rights, forms or
translations. Prints medians and ratios, and the sizes of both pages; asserts nothing about time.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask import session as cookie
from flask.testing import FlaskClient
from flask_security import login_user

from bench.timing import Timing, ratio
from crmapp import create_app
from crmapp.config import Settings
from crmapp.db import db, session, unit_of_work
from crmapp.db.bulk import insert_rows
from crmapp.db.schema import migrate
from crmapp.domain.records import derived
from crmapp.models import Account, User
from crmapp.services import users
from crmapp.services.account_question import Cursor

CHUNK = 20_000
WORDS = ("Alpine", "Baltic", "Coastal", "Delta", "Eastern", "Ferro", "Granite", "Harbor", "Iberian")
TRADES = ("Supplies", "Trading", "Industries", "Imports", "Tools", "Systems", "Works", "Partners")
CITIES = ("Lyon", "Graz", "Porto", "Austin", "Boise", "Turin", "Gdańsk", "Aarhus", "Ghent")

QUERY = """
    SELECT a.id, a.name, a.number, a.location, a.phone, c.first_name, c.last_name, o.name, t.name
    FROM account a
    LEFT JOIN contact c ON c.id = a.primary_contact_id
    LEFT JOIN user o ON o.id = a.owner_id
    LEFT JOIN team t ON t.id = a.team_id
    WHERE a.deleted_at IS NULL ORDER BY a.name_key, a.id LIMIT 51
"""
COUNT = "SELECT count(*) FROM (SELECT 1 FROM account WHERE deleted_at IS NULL LIMIT 10001)"
DEEP = QUERY.replace("ORDER BY", "AND (a.name_key, a.id) > (?, ?) ORDER BY")
SEARCH = QUERY.replace(
    "WHERE",
    "WHERE a.id IN (SELECT rowid FROM account_search WHERE account_search MATCH ?) AND",
)
ROW = """{% for r in rows %}<tr id="account-{{ r[0] }}">
<th scope="row"><a href="/accounts/{{ r[0] }}">{{ r[1] }}</a></th>
<td>{{ r[2] or "–" }}</td><td>{{ r[3] or "–" }}</td>
<td><a href="tel:{{ r[4] }}">{{ r[4] or "–" }}</a></td>
<td>{{ r[5] or "–" }}</td><td>{{ r[7] or "–" }}</td><td>{{ r[8] or "–" }}</td>
</tr>{% endfor %}"""


def fill(count: int, owner: int) -> None:
    """Write ``count`` accounts that look like a distributor's."""
    defaults = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in Account.__table__.columns
        if column.default is not None
    }
    for start in range(0, count, CHUNK):
        rows = []
        for number in range(start, min(start + CHUNK, count)):
            values: dict[str, Any] = {
                "name": f"{WORDS[number % 9]} {TRADES[number // 9 % 8]} {number:07}",
                "number": f"C{number:07}",
                "phone": f"+33 1 {number:08}",
                "location": CITIES[number % 9],
                "billing_city": CITIES[number % 9],
                "owner_id": owner if number % 3 else None,
            }
            rows.append({**defaults, **values, **derived("account", values), "id": number + 1})
        with unit_of_work():
            insert_rows(Account.__table__, rows)  # type: ignore[arg-type]  # a Table


def bare_page(database: Path, shell: str, middle: tuple[str, int]) -> Flask:
    """Make the application with nothing but the page."""
    app = Flask("bare")
    head, _table, tail = _around(shell)
    template = app.jinja_env.from_string("{{ head|safe }}" + ROW + "{{ tail|safe }}{{ count }}")
    connection = sqlite3.connect(database, check_same_thread=False)
    connection.execute("PRAGMA cache_size=-32000")

    @app.get("/accounts")
    def accounts() -> str:
        rows = connection.execute(QUERY).fetchmany(50)
        (count,) = connection.execute(COUNT).fetchone()
        return template.render(head=head, tail=tail, rows=rows, count=count)

    @app.get("/deep")
    def deep() -> str:
        rows = connection.execute(DEEP, middle).fetchmany(50)
        (count,) = connection.execute(COUNT).fetchone()
        return template.render(head=head, tail=tail, rows=rows, count=count)

    @app.get("/search")
    def search() -> str:
        rows = connection.execute(SEARCH, ['"0123"']).fetchmany(50)
        return template.render(head=head, tail=tail, rows=rows, count=len(rows))

    return app


def _middle(database: Path, rows: int) -> tuple[str, int]:
    """Return the place half-way through the list."""
    order = "SELECT name_key, id FROM account ORDER BY name_key, id LIMIT 1 OFFSET ?"
    with sqlite3.connect(database) as connection:
        (found,) = connection.execute(order, [rows // 2]).fetchall()
    return found  # type: ignore[no-any-return]  # a name's key and an id


def _around(page: str) -> tuple[str, str, str]:
    head, _tbody, rest = page.partition("<tbody>")
    table, _end, tail = rest.partition("</tbody>")
    return head + "<tbody>", table, "</tbody>" + tail


def signed_in(app: Flask, user_id: int) -> FlaskClient:
    """Return a client with a session of the person."""
    client = app.test_client()
    with app.test_request_context():
        login_user(session.get_one(User, user_id))
        content = dict(cookie)
    with client.session_transaction() as kept:
        kept.update(content)
    return client


def measure(ask: Callable[[], Any], timing: Timing, times: int) -> None:
    """Ask once unmeasured, then ``times`` times fifty pages."""
    if ask().status_code != 200:
        raise SystemExit(f"{timing.name}: {ask().status}")
    for _turn in range(times):
        timing.run(lambda: [ask() for _page in range(50)])


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
    shell = ours.get("/accounts").get_data(as_text=True)
    middle = _middle(folder / "crmapp.db", options.rows)
    bare = bare_page(folder / "crmapp.db", shell, middle).test_client()
    sizes = {"ours": len(shell), "bare": len(bare.get("/accounts").get_data())}
    print(f"{options.rows:,} accounts; 50 pages a run; bytes {json.dumps(sizes)}")
    for title, mine, theirs in (
        ("list", "/accounts", "/accounts"),
        ("half-way page", f"/accounts?from={Cursor('', middle)}", "/deep"),
        ("search", "/accounts?q=0123", "/search"),
    ):
        page, plain = Timing(f"{title}, crmapp"), Timing(f"{title}, bare")
        for _turn in range(options.times):
            measure(lambda: bare.get(theirs), plain, 1)  # noqa: B023  (run at once)
            measure(lambda: ours.get(mine), page, 1)  # noqa: B023  (run at once)
        print(plain.line(50), page.line(50), ratio(page, plain), sep="\n")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
