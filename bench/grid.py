"""The grid's pages over the best SQL we can write by hand, on generated sales.

    python -m bench.grid --lines 6000000

Both ask the same snapshot for the same page: fifty rows with their names, the totals, the count.
The hand-written statements know the snapshot's tables and nothing else of crmapp. The two run in
turn; it prints medians and ratios of wall and CPU time, and asserts that both say the same, never
how fast.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from bench import grid_by_hand as by_hand
from bench.timing import Timing, ratio
from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.across import NOTHING_ACROSS, Across
from crmapp.analytics.engine import Answer
from crmapp.analytics.engines.duckdb import DuckDBEngine, Limits
from crmapp.analytics.query import Question
from crmapp.analytics.sql import Writer

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
_BUILDS = 50
CUSTOMERS, PRODUCTS, MONTHS = 20_000, 30_000, 80

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


PAGES: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("customers by month", "customers", {}, by_hand.by_month()),
    ("with a search", "customers", {"q": "customer 12"}, by_hand.searched()),
    ("products by month", "products", {}, by_hand.products()),
    ("average price by month", "customers", {"measures": "price"}, by_hand.prices()),
    ("distinct orders by month", "customers", {"measures": "orders"}, by_hand.orders()),
    ("rolling 12 months", "customers", {"mode": "moving"}, by_hand.rolling()),
    (
        "variance of two quarters",
        "customers",
        {"mode": "variance", "period": "quarter", "against": "just_before"},
        by_hand.variance(),
    ),
    ("share", "customers", {"mode": "share"}, by_hand.shares()),
    ("matrix", "customers", {"mode": "matrix", "across": "products"}, by_hand.matrix()),
)


def compare(file: Path, repeat: int, only: str = "") -> None:
    """Ask both for the same pages, show that they agree, print what it took."""
    engine, remembering = DuckDBEngine(file, Limits(remembered=0)), DuckDBEngine(file)
    copy = file.with_name("by-hand.copy")  # one process opens a file with one configuration
    shutil.copy(file, copy)
    with duckdb.connect(copy, read_only=True, config={"threads": Limits().threads}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, dimension, args, sql in PAGES:
            if only not in name:
                continue
            question = Question.from_args(engine.dataset, dimension, args)
            agree(engine.answer(question), connection.execute(sql).fetchall(), name)
            remembering.answer(question)
            raw, ours, again = (
                Timing(f"by hand: {name}"),
                Timing(name),
                Timing(f"once more: {name}"),
            )
            for _ in range(repeat):
                raw.run(lambda sql=sql: connection.execute(sql).fetchall())
                ours.run(lambda question=question: engine.answer(question))
                again.run(lambda question=question: remembering.answer(question))
            print(
                raw.line(),
                ours.line(),
                again.line(),
                ratio(ours, raw),
                built(engine, question),
                sep="\n",
            )


def agree(answer: Answer, by_hand: list[tuple[Any, ...]], name: str) -> None:
    """Show that a page and the same page by hand hold the same rows, totals and count."""
    shown = [column.name for column in answer.columns]
    ours = [tuple(row.values[name] for name in shown) for row in answer.rows]
    *theirs, total = by_hand
    assert [line[1:-3] for line in theirs] == ours, name
    texts = len(answer.question.properties)
    assert total[texts + 1 : -3] == tuple(answer.totals.values())[texts:], name
    assert total[-3] == answer.count, name


def built(engine: DuckDBEngine, question: Question) -> str:
    """What it takes to write the statements of a page, without running them."""
    across = Across((1, 2, 3), others=1) if question.mode == "matrix" else NOTHING_ACROSS
    began = time.process_time()
    for _ in range(_BUILDS):
        Writer(engine.dataset, engine.calendar, across=across).page(question)
    return f"its SQL is written in {(time.process_time() - began) / _BUILDS * 1000:.2f} ms\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=6_000_000)
    parser.add_argument("--repeat", type=int, default=11, help="at least 5")
    parser.add_argument("--folder", type=Path, help="keep the made data here and use it again")
    parser.add_argument("--only", default="", help="only pages with these letters in their name")
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
        compare(file, max(5, options.repeat), options.only)


if __name__ == "__main__":
    main()
