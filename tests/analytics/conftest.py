"""Datasets to ask about: the demo's, and small ones written by a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.engine import Engine
from crmapp.analytics.engines.duckdb import DuckDBEngine
from crmapp.config import ROOT

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""The clock of every refresh here: the last full month is October 2026."""

ENGINES: Mapping[str, Callable[[Path], Engine]] = {"duckdb": DuckDBEngine}
"""Every engine passes the same suite; another one joins by a line here."""

DATASETS = ROOT / "datasets"


@pytest.fixture(scope="session")
def sales_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the demo's sales."""
    folder = tmp_path_factory.mktemp("snapshots")
    built = snapshots.refresh(datasets.load(DATASETS / "sales.yml"), DATASETS, folder, NOW)
    return snapshots.path_of(folder, built.name)


@pytest.fixture(params=sorted(ENGINES), scope="session")
def opener(request: pytest.FixtureRequest) -> Callable[[Path], Engine]:
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def engine(opener: Callable[[Path], Engine], sales_file: Path) -> Engine:
    """Each engine over the demo's sales."""
    return opener(sales_file)


class Workbench:
    """A folder with one small dataset, ``shop``, whose file and tables a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshots = folder / "snapshots"

    def write(self, text: str, **tables: str) -> Path:
        """Write ``shop.yml`` and a CSV file per table; return the former's path."""
        for name, rows in tables.items():
            (self.folder / f"{name}.csv").write_text(rows, encoding="utf-8")
        path = self.folder / "shop.yml"
        path.write_text(text, encoding="utf-8")
        return path

    def refresh(self, now: datetime = NOW) -> snapshots.Snapshot:
        dataset = datasets.load(self.folder / "shop.yml")
        return snapshots.refresh(dataset, self.folder, self.snapshots, now)

    def open(self, opener: Callable[[Path], Engine], name: str | None = None) -> Engine:
        current = name or snapshots.current(self.snapshots)
        assert current is not None
        return opener(snapshots.path_of(self.snapshots, current))


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    return Workbench(tmp_path)


SHOP = """\
name: shop
label: {en: Shop, fr: Magasin}
accounts: buyers
fact:
  file: sold.csv
  day: day
dimensions:
  buyers:
    label: {en: Buyers, fr: Acheteurs}
    key: code
    name: name
    properties:
      code: {label: {en: Code, fr: Code}, sql: code}
      name: {label: {en: Name, fr: Nom}, sql: name}
      phone: {label: {en: Phone, fr: Tel}, sql: phone}
  regions:
    label: {en: Regions, fr: Régions}
    key: name
    missing: {en: (none), fr: (aucune)}
    properties:
      name: {label: {en: Region, fr: Région}, sql: region}
measures:
  value: {label: {en: Value, fr: Montant}, sql: "SUM(CAST(amount AS DECIMAL(12, 2)))", kind: money}
  tickets: {label: {en: Tickets, fr: Tickets}, sql: COUNT(DISTINCT ticket)}
  lines: {label: {en: Lines, fr: Lignes}, sql: COUNT(*)}
  price:
    label: {en: Price, fr: Prix}
    sql: SUM(CAST(amount AS DECIMAL(12, 2))) / NULLIF(SUM(pieces), 0)
    kind: money
"""
"""A small dataset in the columns of :data:`SOLD`."""

SOLD = """\
day,code,name,phone,region,ticket,amount,pieces
2026-10-03,a1,Ann,111,North,1,10.10,1
2026-10-20,a1,Ann & Co,111,North,1,0.20,2
2026-09-05,b2,Bea,222,,2,5.00,0
2025-10-31,b2,Bea,222,South,3,7.00,1
2025-02-28,c3,Cid,333,South,4,-3.00,1
2024-01-01,d4,Dee,444,,5,99.99,3
"""
