"""The grid's pages, from the request to the last byte, over the best SQL we can write by hand.

    python -m bench.grid --lines 6000000

Both ask the same snapshot for the same page: fifty rows with their names, the totals, the count.
The hand-written statements know the snapshot's tables and nothing else of crmapp. Each page is
asked for by SQL by hand, of the engine alone, and over HTTP from the real application behind the
real web server: once where nothing is remembered (a miss) and once where it is (a hit). They run in
turn; it prints medians and ratios of wall and CPU time, and asserts that all say the same, never
how fast.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb

from bench import grid_by_hand as by_hand
from bench.figures import Figure, Size, at_least, at_most, short, table, written
from bench.people import cookie_of, furnish
from bench.served import Served
from bench.timing import Timing, over, ratio
from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.across import NOTHING_ACROSS, Across
from crmapp.analytics.engine import Answer
from crmapp.analytics.engines.duckdb import DuckDBEngine, Limits
from crmapp.analytics.query import Question
from crmapp.analytics.sql import Writer

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
NAME = "made"
_MOST, _BESIDES, _HIT, _FASTER, _BUILT = 1.3, 10, 10, 15, 5
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


def generate(folder: Path, lines: int, customers: int = CUSTOMERS) -> None:
    """Write the same customers, products and lines every time; few customers buy most."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"COPY (SELECT 'C' || lpad(i::VARCHAR, 6, '0') AS code, 'Customer ' || hash(i) AS name,"
            f" '+33 ' || hash(i, 1) % 100000000 AS phone, 'City ' || hash(i, 2) % 300 AS city"
            f" FROM range({customers}) AS t(i)) TO '{folder / 'customers.parquet'}'"
        )
        connection.execute(
            f"COPY (SELECT (DATE '2020-03-01' + to_months((hash(i, 1) % {MONTHS})::INTEGER)"
            f"   + to_days((hash(i, 2) % 28)::INTEGER))::DATE AS day,"
            f" 'C' || lpad({_skewed('i, 3', customers)}, 6, '0') AS customer,"
            f" 'P' || lpad({_skewed('i, 4', PRODUCTS)}, 5, '0') AS product,"
            f" i // 4 AS ticket, (1 + hash(i, 5) % 50)::INTEGER AS quantity,"
            f" ((hash(i, 6) % 500000) / 100)::DECIMAL(12, 2) AS value"
            f" FROM range({lines}) AS t(i)) TO '{folder / 'lines.parquet'}'"
        )
    (folder / f"{NAME}.yml").write_text(DATASET, encoding="utf-8")


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


@dataclass
class Asked:
    """What one page took in each way, and to write its SQL, in milliseconds."""

    name: str
    raw: Timing
    engine: Timing
    miss: Timing
    hit: Timing
    built: float

    def lines(self) -> list[str]:
        timings = (self.raw, self.engine, self.miss, self.hit)
        ratios = (ratio(self.engine, self.raw), ratio(self.miss, self.raw))
        sql = f"its SQL is written in {self.built:.2f} ms"
        return [*(timing.line() for timing in timings), *ratios, sql, ""]


def compare(home: Path, times: int, only: str = "") -> Iterator[Asked]:
    """Ask in every way for the same pages; show that they agree."""
    directory = home / "snapshots" / NAME
    file = snapshots.path_of(directory, snapshots.current(directory) or "")
    engine, cookie = DuckDBEngine(file, Limits(remembered=0)), cookie_of(home)
    with (
        by_itself(file) as connection,
        Served(home, cookie, forget=True) as forgetful,
        Served(home, cookie) as remembering,
    ):
        for name, dimension, args, sql in PAGES:
            if only not in name:
                continue
            question = Question.from_args(engine.dataset, dimension, args)
            agree(engine.answer(question), connection.execute(sql).fetchall(), name)
            address = f"/analytics/{NAME}/{dimension}?{urlencode(args)}".rstrip("?")
            for server in (forgetful, remembering):
                server.rows(address, len(engine.answer(question).rows))
            asked = Asked(
                name,
                Timing(f"by hand: {name}"),
                Timing(f"engine: {name}"),
                Timing(f"over HTTP: {name}", forgetful.cpu),
                Timing(f"over HTTP, once more: {name}", remembering.cpu),
                built(engine, question),
            )
            for _ in range(times):
                asked.raw.run(lambda sql=sql: connection.execute(sql).fetchall())
                asked.engine.run(lambda question=question: engine.answer(question))
                asked.miss.run(lambda address=address: forgetful.get(address))
                asked.hit.run(lambda address=address: remembering.get(address))
            yield asked


@contextmanager
def by_itself(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a snapshot as anybody would who knows no more than its tables."""
    copy = file.with_suffix(".by-hand")  # one process opens a file with one configuration
    shutil.copy(file, copy)
    try:
        with duckdb.connect(copy, read_only=True, config={"threads": Limits().threads}) as opened:
            opened.execute("SET enable_progress_bar = false")
            yield opened
    finally:
        copy.unlink()


def agree(answer: Answer, by_hand: list[tuple[Any, ...]], name: str) -> None:
    """Show that a page and the same page by hand hold the same rows, totals and count."""
    shown = [column.name for column in answer.columns]
    ours = [tuple(row.values[name] for name in shown) for row in answer.rows]
    *theirs, total = by_hand
    assert [line[1:-3] for line in theirs] == ours, name
    texts = len(answer.question.properties)
    assert total[texts + 1 : -3] == tuple(answer.totals.values())[texts:], name
    assert total[-3] == answer.count, name


def built(engine: DuckDBEngine, question: Question) -> float:
    """Return the milliseconds that it takes to write the statements of a page."""
    across = Across((1, 2, 3), others=1) if question.mode == "matrix" else NOTHING_ACROSS
    began = time.process_time()
    for _ in range(_BUILDS):
        Writer(engine.dataset, engine.calendar, across=across).page(question)
    return (time.process_time() - began) / _BUILDS * 1000


def prepare(home: Path, lines: int) -> None:
    """Make an installation in ``home`` with one database of so many lines, unless it is there."""
    if not (home / "crmapp.db").exists():
        furnish(home)
    build(home, lines)


def build(home: Path, lines: int, customers: int = CUSTOMERS) -> None:
    """Give an installation a database of so many lines, unless it has it."""
    directory = home / "snapshots" / NAME
    if snapshots.current(directory) is None:
        began = time.perf_counter()
        tables = home / "tables"
        tables.mkdir(parents=True, exist_ok=True)
        generate(tables, lines, customers)
        snapshots.refresh(datasets.load(tables / f"{NAME}.yml"), tables, directory, NOW)
        shutil.rmtree(tables)
        print(f"snapshot of {lines:,} lines: {time.perf_counter() - began:.1f} s")
    file = snapshots.path_of(directory, snapshots.current(directory) or "")
    print(f"{lines:,} lines in {file.stat().st_size / 1e6:,.0f} MB", flush=True)


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """All pages with some lines, the first one with many."""
    for lines, only in ((size.lines, ""), (size.many_lines, PAGES[0][0])):
        home = folder / f"grid-{lines}"
        prepare(home, lines)
        for asked in compare(home, size.times, only):
            print(*asked.lines(), sep="\n", flush=True)
            yield from _figures(asked, f"{lines / 1e6:g}M lines")


def _figures(asked: Asked, lines: str) -> Iterator[Figure]:
    name = f"grid over HTTP: {asked.name}, {lines}"
    allowed = _MOST * asked.raw.cpu_ms + _BESIDES
    yield Figure(
        f"{name}, a miss",
        written(asked.miss.cpu_ms),
        f"{written(asked.raw.cpu_ms)} in DuckDB by hand",
        f"{over(asked.miss, asked.raw):.2f}x",
        f"≤ {_MOST}x + {_BESIDES} ms CPU",
        asked.miss.cpu_ms / allowed,
    )
    if asked.name != PAGES[0][0]:
        return
    yield Figure(
        f"{name}, a hit",
        f"{short(asked.hit.wall_ms)} ms, {written(asked.hit.cpu_ms)}",
        aim=f"≤ {_HIT} ms",
        share=asked.hit.wall_ms / _HIT,
    )
    faster = asked.raw.wall_ms / asked.hit.wall_ms
    yield at_least(f"{name}, a hit: faster than by hand", faster, _FASTER, "times")
    yield at_most(f"grid: SQL written, {lines}", asked.built, _BUILT, "ms CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=Size.lines)
    parser.add_argument("--times", type=int, default=5, help="at least 5")
    parser.add_argument("--folder", type=Path, help="keep the made data here and use it again")
    parser.add_argument("--only", default="", help="only pages with these letters in their name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        home = (options.folder or Path(temporary)) / f"grid-{options.lines}"
        prepare(home, options.lines)
        found: list[Figure] = []
        for asked in compare(home, max(5, options.times), options.only):
            print(*asked.lines(), sep="\n", flush=True)
            found += _figures(asked, f"{options.lines / 1e6:g}M lines")
        print(table(found))


if __name__ == "__main__":
    main()
