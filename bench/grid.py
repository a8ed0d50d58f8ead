"""The grid page over the best SQL we can write by hand, on generated sales.

    python -m bench.grid --lines 6000000

Both ask the same snapshot: customers by the last twelve months, their names, the totals, the
count and the first fifty. The hand-written statement knows the snapshot's tables and nothing else
of crmapp. Prints medians and ratios of wall and CPU time; asserts that both say the same, never
how fast.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.engines.duckdb import DuckDBEngine, Limits
from crmapp.analytics.query import Question

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CUSTOMERS, PRODUCTS, MONTHS = 20_000, 30_000, 80
FIRST, LAST = 2025 * 12 + 10, 2026 * 12 + 9  # November 2025 to October 2026

DATASET = """\
name: made
label: {en: Made, fr: Inventé}
accounts: customers
fact: {file: lines.parquet, day: day}
dimensions:
  customers:
    label: {en: Customers, fr: Clients}
    file: customers.parquet
    join: customer
    key: code
    name: name
    shown: [code, name]
    properties:
      code: {label: {en: Code, fr: Code}, sql: code}
      name: {label: {en: Name, fr: Nom}, sql: name}
      phone: {label: {en: Phone, fr: Téléphone}, sql: phone}
      city: {label: {en: City, fr: Ville}, sql: city}
  products:
    label: {en: Products, fr: Produits}
    key: code
    properties:
      code: {label: {en: Code, fr: Code}, sql: product}
measures:
  value: {label: {en: Value, fr: Montant}, sql: SUM(value), kind: money}
  quantity: {label: {en: Quantity, fr: Quantité}, sql: SUM(quantity)}
  orders: {label: {en: Orders, fr: Commandes}, sql: COUNT(DISTINCT ticket)}
  price: {label: {en: Price, fr: Prix}, sql: "SUM(value) / NULLIF(SUM(quantity), 0)", kind: money}
"""

_IN_THE_YEAR = f"_month BETWEEN {FIRST} AND {LAST}"
_COLUMNS = [f"m{n}" for n in range(1, 13)]
BY_HAND = f"""
WITH a AS (
  SELECT d_customers AS id, _month AS ym, sum(_x1) AS v FROM fact WHERE {_IN_THE_YEAR} GROUP BY 1, 2
), g AS MATERIALIZED (
  SELECT id, {", ".join(f"sum(v) FILTER (WHERE ym = {FIRST + n}) AS m{n + 1}" for n in range(12))},
         sum(v) AS t
  FROM a GROUP BY 1
), p AS (SELECT * FROM g ORDER BY t DESC, id LIMIT 50)
SELECT 0 AS k, c.code, c.name, {", ".join(_COLUMNS)}, t, NULL AS n
FROM p JOIN d_customers AS c ON c._id = p.id
UNION ALL
SELECT 1, NULL, NULL, {", ".join(f"sum({name})" for name in _COLUMNS)}, sum(t), count(*) FROM g
ORDER BY k, t DESC, code
"""


@dataclass(frozen=True)
class Timing:
    """Medians in milliseconds."""

    wall: float
    cpu: float


def generate(folder: Path, lines: int) -> None:
    """Write the same customers, products and lines every time; few customers buy most."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"COPY (SELECT 'C' || lpad(i::VARCHAR, 5, '0') AS code, 'Customer ' || hash(i) AS name,"
            f" '+33 ' || hash(i, 1) % 100000000 AS phone, 'City ' || hash(i, 2) % 300 AS city"
            f" FROM range({CUSTOMERS}) AS t(i)) TO '{folder / 'customers.parquet'}'"
        )
        connection.execute(
            f"COPY (SELECT (DATE '2020-03-01' + to_months((hash(i, 1) % {MONTHS})::INTEGER)"
            f"   + to_days((hash(i, 2) % 28)::INTEGER))::DATE AS day,"
            f" 'C' || lpad({_skewed('i, 3', CUSTOMERS)}, 5, '0') AS customer,"
            f" 'P' || lpad({_skewed('i, 4', PRODUCTS)}, 5, '0') AS product,"
            f" i // 4 AS ticket, (1 + hash(i, 5) % 50)::INTEGER AS quantity,"
            f" ((hash(i, 6) % 500000) / 100)::DECIMAL(12, 2) AS value"
            f" FROM range({lines}) AS t(i)) TO '{folder / 'lines.parquet'}'"
        )
    (folder / "made.yml").write_text(DATASET, encoding="utf-8")


def _skewed(seed: str, count: int) -> str:
    """A number below ``count``, small ones more often: the square of an even one."""
    return f"floor(pow((hash({seed}) % 1000003) / 1000003.0, 2) * {count})::INTEGER::VARCHAR"


def timed(ask: Callable[[], Any], repeat: int) -> Timing:
    """Ask once to warm up, then ``repeat`` times."""
    ask()
    walls, cpus = [], []
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        ask()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return Timing(statistics.median(walls), statistics.median(cpus))


def compare(file: Path, repeat: int) -> None:
    """Ask both for the same page, show that they agree, print what it took."""
    engine = DuckDBEngine(file, Limits(remembered=0))
    question = Question.from_args(engine.dataset, "customers", {})
    copy = file.with_name("by-hand.copy")  # one process opens a file with one configuration
    shutil.copy(file, copy)
    with duckdb.connect(copy, read_only=True, config={"threads": Limits().threads}) as connection:
        connection.execute("SET enable_progress_bar = false")
        by_hand = connection.execute(BY_HAND).fetchall()
        answer = engine.answer(question)
        ours = [tuple(row.values.values()) for row in answer.rows]
        assert [line[1:-1] for line in by_hand[:-1]] == ours
        assert by_hand[-1][3:-1] == tuple(answer.totals.values())[2:]
        assert by_hand[-1][-1] == answer.count
        raw = timed(lambda: connection.execute(BY_HAND).fetchall(), repeat)
    show("written by hand", raw, raw)
    show("the grid's page", timed(lambda: engine.answer(question), repeat), raw)
    for name, dimension, args in PAGES:
        asked = Question.from_args(engine.dataset, dimension, args)
        show(name, timed(lambda asked=asked: engine.answer(asked), repeat), raw)
    remembering = DuckDBEngine(file)
    show("the same page again", timed(lambda: remembering.answer(question), repeat), raw)


PAGES = (
    ("year to date, 2 measures", "customers", {"period": "ytd", "measures": "value,quantity"}),
    ("with a search", "customers", {"q": "customer 12"}),
    ("sorted by name, page 40", "customers", {"sort": "name", "page": "40"}),
    ("products by month", "products", {}),
    ("distinct orders by month", "customers", {"measures": "orders"}),
    ("average price by month", "customers", {"measures": "price"}),
)


def show(name: str, found: Timing, raw: Timing) -> None:
    print(
        f"{name:26} wall {found.wall:8.1f} ms  ×{found.wall / raw.wall:5.2f}"
        f"   CPU {found.cpu:8.1f} ms  ×{found.cpu / raw.cpu:5.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=6_000_000)
    parser.add_argument("--repeat", type=int, default=11, help="at least 5")
    parser.add_argument("--folder", type=Path, help="keep the made data here and use it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        directory = folder / f"snapshots-{options.lines}"
        if snapshots.current(directory) is None:
            generate(folder, options.lines)
            began = time.perf_counter()
            dataset = datasets.load(folder / "made.yml")
            snapshots.refresh(dataset, folder, directory, NOW)
            print(f"snapshot of {options.lines:,} lines: {time.perf_counter() - began:.1f} s")
        file = snapshots.path_of(directory, snapshots.current(directory) or "")
        load = os.getloadavg()[0]
        print(f"{file.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores, load {load:.1f}")
        compare(file, max(5, options.repeat))


if __name__ == "__main__":
    main()
