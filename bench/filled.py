"""A database with many accounts and one custom field, and how its pages are asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder

from bench.people import furnish, manager, opened, signed_in
from bench.served import Served
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import insert_rows
from crmapp.domain.fields import CUSTOM
from crmapp.domain.permissions import Role
from crmapp.models import Account, User
from crmapp.services import custom_fields, users
from tests.support.columns import derived

CHUNK = 20_000
FIELD = f"{CUSTOM}zone"
ZONES = ("na", "emea", "apac", "japan")
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
    if not (home / "filled").exists():
        furnish(home)
        with opened(home):
            _define_field()
            _fill(count, manager().id)
        (home / "filled").touch()
    with opened(home) as app:
        cookie = signed_in(app)
        session.remove()
    yield Filled(app, home / "crmapp.db", count, cookie)


def _define_field() -> None:
    by = session.get_one(
        User, users.add(name="Ada", email="a@bench.example", role=Role.ADMIN, by=None)
    )
    typed = {"label_en": "Zone", "name": "zone", "kind": "pick_list", "pick_list": "territory"}
    custom_fields.create({**typed, "filterable": "1"}, by=by)


def _fill(count: int, owner: int) -> None:
    """Write ``count`` accounts."""
    defaults = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in Account.__table__.columns
        if column.default is not None
    }
    for start in range(0, count, CHUNK):
        rows = [
            {**defaults, **_account(number, owner), "id": number + 1}
            for number in range(start, min(start + CHUNK, count))
        ]
        with unit_of_work():
            insert_rows(Account.__table__, rows)  # type: ignore[arg-type]  # a Table
        if not (start + len(rows)) % (10 * CHUNK):
            print(f"{start + len(rows):,} accounts", flush=True)


def _account(number: int, owner: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": f"{WORDS[number % 9]} {TRADES[number // 9 % 8]} {number:07}",
        "number": f"C{number:07}",
        "phone": f"+33 1 {number:08}",
        "location": CITIES[number % 9],
        "billing_city": CITIES[number % 9],
        "owner_id": owner if number % 3 else None,
        "custom": {FIELD: ZONES[number // 7 % 4]},
    }
    return values | derived("account", values)
