"""The demo's customers as values, so that every sandbox holds the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from crmapp.config import ROOT

_TABLE = "vehicle_sales.parquet"
# The number is the rank by name, as datasets/sales.yml has it.
_CUSTOMERS = """
SELECT 'C' || lpad(CAST(row_number() OVER (ORDER BY customer_name) AS VARCHAR), 3, '0') AS number,
    customer_name, any_value(phone), any_value(address_line1), any_value(address_line2),
    any_value(city), any_value(state), any_value(postal_code), any_value(country),
    any_value(territory), any_value(contact_first_name), any_value(contact_last_name)
FROM read_parquet(?) GROUP BY customer_name ORDER BY customer_name
"""


@dataclass(frozen=True)
class Customer:
    """One customer of the demo; the table knows each of them by one address and one person."""

    number: str
    name: str
    phone: str | None
    address1: str | None
    address2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    territory: str | None
    first_name: str | None
    last_name: str | None

    @property
    def street(self) -> str | None:
        return ", ".join(filter(None, (self.address1, self.address2))) or None


def customers(folder: Path = ROOT / "datasets") -> list[Customer]:
    """Return the customers by number; none if the demo's table is not there."""
    table = folder / _TABLE
    if not table.exists():
        return []
    with duckdb.connect() as connection:
        rows = connection.execute(_CUSTOMERS, [str(table)]).fetchall()
    return [Customer(*row) for row in rows]
