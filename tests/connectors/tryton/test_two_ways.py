"""The same customers by Tryton's interface and straight from its tables: equal values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.customers import party
from tests.support.tryton import Erp
from tests.support.tryton_tables import COLUMNS, QUERY


def by_tables(file: Path) -> Iterator[Mapping[str, Any]]:
    """Read all customers from the file, while the server works with it."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute(QUERY):
            yield {**dict(row), "active": bool(row["active"])}


def many_kinds_of_customers(erp: Erp) -> None:
    (country,) = erp.create("country.country", {"name": "Suisse", "code": "CH"})
    canton = {"name": "Genève", "code": "CH-GE", "type": "canton", "country": country}
    (subdivision,) = erp.create("country.subdivision", canton)
    addresses = [
        {"street": "1 rue\nNord", "city": "Lyon", "sequence": 2, "delivery": True},
        {"street": "2 rue Est", "postal_code": "01200", "sequence": 1, "invoice": True},
        {"street": "3 rue Sud", "country": country, "subdivision": subdivision},
        {"street": "4 rue Ouest", "city": "Genève", "sequence": 3, "invoice": True},
    ]
    site, mobile = (
        ["create", [{"type": type, "value": value}]]
        for type, value in (("website", "https://acme.example"), ("mobile", "+41791234567"))
    )
    loser, winner, resting, *_ = erp.create(
        "party.party",
        party("Acme"),
        party("Acme Genève", addresses=[["create", addresses]], contact_mechanisms=[mobile, site]),
        party("Beta"),
        party("", contact_mechanisms=[], identifiers=[], addresses=[]),
        party("Ümläut & Söhne, 株式会社"),
        party("Third", addresses=[["create", addresses[2:3]]]),
    )
    gone = erp.read("party.party", winner, "addresses")["addresses"][0]
    erp.write("party.address", gone, active=False)
    erp.write("party.party", resting, active=False)
    erp.merge(loser, into=winner)


def test_both_ways_to_the_same_customers_give_equal_values(connected, new_erp):
    many_kinds_of_customers(new_erp)

    pages = connected(new_erp, page=2).read("party.party", list(COLUMNS))

    by_interface = [dict(row) for page in pages for row in page.records]
    assert len(by_interface) == 6
    assert by_interface == [
        {name: value if value != "" else None for name, value in row.items()}
        for row in by_tables(new_erp.file)
    ]
