"""A shop of a few lines in the place of the demo's sales: each test writes what was bought."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from crmapp.analytics import dataset, snapshots
from crmapp.config import Settings

REFRESHED = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""The last twelve months are November 2025 to October 2026."""
_SHOP = """\
name: sales
label: {en: Shop, fr: Magasin}
currency: EUR
accounts: customers
categories: groups
fact: {file: sold.csv, day: day}
dimensions:
  customers:
    label: {en: Customers, fr: Clients}
    key: code
    properties: {code: {label: {en: Code, fr: Code}, sql: customer}}
  groups:
    label: {en: Product groups, fr: Groupes de produits}
    key: name
    missing: {en: (none), fr: (aucun)}
    properties: {name: {label: {en: Group, fr: Groupe}, sql: product}}
measures:
  orders: {label: {en: Orders, fr: Commandes}, sql: COUNT(DISTINCT day)}
  value: {label: {en: Value, fr: Montant}, sql: "SUM(CAST(amount AS DECIMAL(12, 2)))", kind: money}
"""


def lay_out_shop(settings: Settings, *lines: str, categories: bool = True) -> None:
    """Make the database *sales* of ``day,customer,product,amount`` lines.

    Somebody else bought last on the day of the refresh.
    """
    folder = settings.snapshots_dir / "sales"
    folder.mkdir(parents=True)
    written = ["day,customer,product,amount", *lines, "2026-11-22,Z,Other,1.00"]
    (folder / "sold.csv").write_text("\n".join(written), encoding="utf-8")
    text = _SHOP if categories else _SHOP.replace("categories: groups\n", "")
    snapshots.refresh(dataset.parse(text, "sales.yml"), folder, folder, REFRESHED)


def bought(customer: str, product: str, amount: str, days: Iterable[str]) -> list[str]:
    """Write the lines of a customer who bought for the same amount on some days."""
    return [f"{day},{customer},{product},{amount}" for day in days]
