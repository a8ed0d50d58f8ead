"""A database with many accounts, fields and views of them, and how its pages are asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import EnvironBuilder

from bench.people import furnish, manager, opened, signed_in
from bench.served import Served
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import defaults_of, insert_rows
from crmapp.domain.fields import CUSTOM
from crmapp.domain.permissions import Role
from crmapp.models import Account, Activity, User
from crmapp.services import custom_fields, saved_views, users
from crmapp.services.records import table_of
from tests.support.columns import derived

CHUNK = 20_000
FIELD, RANK, SINCE = (f"{CUSTOM}{name}" for name in ("zone", "rank", "since"))
ZONES = ("na", "emea", "apac", "japan")
FIELDS: tuple[dict[str, str], ...] = (
    {"label_en": "Zone", "name": "zone", "kind": "pick_list", "pick_list": "territory"},
    {"label_en": "Rank", "name": "rank", "kind": "number"},
    {"label_en": "Since", "name": "since", "kind": "date"},
)
PEOPLE = ("Bea", "Cleo", "Dora", "Emil", "Fritz", "Gwen", "Hugo", "Ida")
VIEWS = 50
QUIET = 50_000
"""So many accounts have no activity, of the others each tenth one."""
WORDS = ("Alpine", "Baltic", "Coastal", "Delta", "Eastern", "Ferro", "Granite", "Harbor", "Iberian")
TRADES = ("Supplies", "Trading", "Industries", "Imports", "Tools", "Systems", "Works", "Partners")
CITIES = ("Lyon", "Graz", "Porto", "Austin", "Boise", "Turin", "Gdańsk", "Aarhus", "Ghent")


@dataclass
class Filled:
    """An installation whose database has ``count`` accounts; ``cookie`` is its manager's."""

    app: Flask
    database: Path
    count: int
    cookie: str

    def ask(self, address: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Ask for a page in this process; return its body."""
        return Asked(self.app, address, {"Cookie": self.cookie, **(headers or {})})()

    def served(self) -> Served:
        """Serve it, and ask as the manager does, for pages that are not compressed."""
        return Served(self.database.parent, self.cookie, headers={"Accept": "text/html"})

    def places(self, count: int, seed: int) -> list[tuple[str, int]]:
        """Return places here and there in the list sorted by name, other ones for each seed."""
        ids = Random(seed).sample(range(1, self.count - 60), count)
        return [self.place("id = ?", each) for each in ids]

    def at(self, share: float) -> tuple[str, int]:
        """Return the place after this share of the list."""
        return self.place("1 ORDER BY name_key, id LIMIT 1 OFFSET ?", int(self.count * share))

    def place(self, where: str, value: int) -> tuple[str, int]:
        with closing(sqlite3.connect(self.database)) as connection:
            query = f"SELECT name_key, id FROM account WHERE {where}"
            (found,) = connection.execute(query, [value]).fetchall()
        return found  # type: ignore[no-any-return]  # a name's key and an id


class Asked:
    """One request, sent straight to the application."""

    def __init__(self, app: Flask, address: str, headers: Mapping[str, str]) -> None:
        builder = EnvironBuilder(address, headers=headers)
        self._environ = builder.get_environ()
        self._answer: Callable[..., Iterable[bytes]] = app.wsgi_app

    def __call__(self) -> bytes:
        said: list[str] = []
        body = self._answer(self._environ.copy(), lambda status, *_: said.append(status))
        try:
            text = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()
        if said != ["200 OK"]:
            raise SystemExit(f"{self._environ['PATH_INFO']}: {said} {text[:500]!r}")
        return text


@contextmanager
def filled(home: Path, count: int) -> Iterator[Filled]:
    """Open the installation in ``home``, with accounts that look like a distributor's."""
    if not (home / "filled-with-views").exists():
        furnish(home)
        with opened(home):
            _define_fields()
            _fill(count, [manager().id, *_people()])
            _keep_views(count)
        (home / "filled-with-views").touch()
    with opened(home) as app:
        cookie = signed_in(app)
        session.remove()
    yield Filled(app, home / "crmapp.db", count, cookie)


def _define_fields() -> None:
    by = session.get_one(
        User, users.add(name="Ada", email="a@bench.example", role=Role.ADMIN, by=None)
    )
    for typed in FIELDS:
        custom_fields.create({**typed, "filterable": "1"}, by=by)


def _people() -> list[int]:
    return [
        users.add(name=name, email=f"{name}@bench.example", role=Role.REP, by=None)
        for name in PEOPLE
    ]


def _keep_views(count: int) -> None:
    """Let the manager keep views: some filters, most of them sorted by a field of her own."""
    by = manager()
    owners = [str(each) for each in session.scalars(select(User.id).order_by(User.id))]
    for number in range(VIEWS):
        pairs = [(FIELD, ZONES[number % 4]), (RANK, f"{count // VIEWS * number}..")]
        pairs += [("owner", owners[number % len(owners)])] if number % 3 else []
        pairs += [("sort", (RANK, SINCE, "name")[number % 3])]
        typed = {"name": f"View {number + 1:02}", "audience": "mine"}
        saved_views.keep(pairs, typed, by=by)


def _fill(count: int, owners: Sequence[int]) -> None:
    """Write ``count`` accounts, and activities of some."""
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        accounts = [_account(number, owners) | {"id": number + 1} for number in numbers]
        activities = [_activity(number) for number in numbers if number > QUIET and number % 10 < 1]
        with unit_of_work():
            _write(Account, accounts)
            _write(Activity, activities)
        if not numbers.stop % (10 * CHUNK):
            print(f"{numbers.stop:,} accounts", flush=True)


def _write(model: type[Account | Activity], rows: list[dict[str, Any]]) -> None:
    table = table_of(model)
    defaults = defaults_of(table)
    insert_rows(table, [{**defaults, **row} for row in rows])


def _account(number: int, owners: Sequence[int]) -> dict[str, Any]:
    own = {
        FIELD: ZONES[number // 7 % 4],
        RANK: str(number * 7919 % 1_000_000),
        SINCE: (date(2000, 1, 1) + timedelta(days=number * 31 % 9_000)).isoformat(),
    }
    values: dict[str, Any] = {
        "name": f"{WORDS[number % 9]} {TRADES[number // 9 % 8]} {number:07}",
        "number": f"C{number:07}",
        "phone": f"+33 1 {number:08}",
        "location": CITIES[number % 9],
        "billing_city": CITIES[number % 9],
        "owner_id": owners[number // 3 % len(owners)] if number % 3 else None,
        "custom": own,
    }
    return values | derived("account", values)


def _activity(number: int) -> dict[str, Any]:
    """Return a call with an account, some time in the last three years."""
    values = {"account_id": number + 1, "kind": "call", "subject": f"Call {number}"}
    at = datetime.now(UTC) - timedelta(hours=number % 26_280)
    return {**values, "happens_at": at} | derived("activity", values)
