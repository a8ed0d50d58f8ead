"""How many requests reading and writing what changed takes, over the least possible number.

    python -m bench.calls --rows 10000

Requests are counted from the log of requests that every connector keeps, once it is signed in and
knows its object. The least possible number follows from what one request may hold at most:

* Salesforce gives 2,000 records in a page of a query and takes 200 in a request of Collections. A
  job of Bulk API 2.0 takes five requests, whatever it holds: it is opened, given its rows, begun,
  asked once, and its results are read. How often it is asked while it works depends on how long
  Salesforce takes, so that questions after the first are told apart.
* Intacct's REST API gives 4,000 records in a page and takes 500 in a request. What is there already
  must be asked by the keys of what is written: 1,000 keys in a question.
* Intacct's XML gateway gives 2,000 records in a page and takes 100 in a request; 1,000 keys in a
  question.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, Size, table
from bench.pretended import SYSTEMS, Pretended, count_of, pretended
from crmapp.connectors.port import Exchange, Record
from crmapp.connectors.registry import AnyConnector

ROWS = 10_000
MOST = 1.1
PAGE = {"salesforce": 2000, "intacct_rest": 4000, "intacct_xml": 2000}
BATCH = {"salesforce": 200, "intacct_rest": 500, "intacct_xml": 100}
KEYS = 1000
JOB = 5
COLLECTIONS = 2000
"""Rows that Salesforce gets at a time if they go by Collections."""


def rows_of(kind: str, first: int, count: int, edition: int) -> list[Record]:
    system = SYSTEMS[kind]
    return [
        {system.match: f"T{number:06}", system.name: f"Tried {number}, {edition}"}
        for number in range(first, first + count)
    ]


def write(connector: AnyConnector, kind: str, rows: Sequence[Record], at_once: int) -> None:
    """Write rows, so many at a time; all of them must arrive."""
    system = SYSTEMS[kind]
    for start in range(0, len(rows), at_once):
        results = connector.upsert(system.object, system.match, rows[start : start + at_once])
        wrong = next((each.error for each in results if each.error), None)
        assert wrong is None, wrong.remote


def least(kind: str, rows: int) -> int:
    """Return the least number of requests that ``rows`` are written in."""
    return -(-rows // BATCH[kind]) + (0 if kind == "salesforce" else -(-rows // KEYS))


def told(log: list[Exchange]) -> int:
    """Say what was asked, and return how often; the log is empty afterwards."""
    kinds = Counter(f"{each.method} {each.path.partition('?')[0]}" for each in log)
    print(*(f"  {count:5} {what}" for what, count in kinds.most_common(8)), sep="\n", flush=True)
    count = len(log)
    log.clear()
    return count


def figure(what: str, used: int, fewest: int) -> Figure:
    return Figure(
        what,
        f"{used:,} requests",
        f"{fewest:,} at least",
        f"{used / fewest:.2f}x",
        f"≤ {MOST:g}x",
        used / fewest / MOST,
    )


def counted(kind: str, peers: Pretended, rows: int) -> Iterator[Figure]:
    """Write half of the rows, then twice all of them, changed; then read them."""
    system, log = SYSTEMS[kind], list[Exchange]()
    with peers.connected(kind, log) as connector:
        *_, last = connector.read(system.object, [system.match])
        at_once = COLLECTIONS if kind == "salesforce" else connector.capabilities.max_batch
        mixed = rows_of(kind, 0, rows, 1)
        write(connector, kind, mixed[::2], at_once)
        log.clear()
        print(f"{system.label}: write", flush=True)
        write(connector, kind, rows_of(kind, 0, rows, 2), at_once)
        by = " by Collections" if kind == "salesforce" else ""
        what = f"requests, {rows:,} changed accounts, {system.label}"
        yield figure(f"{what}: write{by}, half of them new", told(log), least(kind, rows))
        write(connector, kind, rows_of(kind, 0, rows, 3), at_once)
        yield figure(f"{what}: write{by}", told(log), least(kind, rows))
        print(f"{system.label}: read", flush=True)
        found = count_of(connector.read(system.object, system.fields, last.cursor))
        assert found >= rows, found
        yield figure(f"{what}: read", told(log), -(-found // PAGE[kind]))
        if kind == "salesforce":
            print(f"{system.label}: write by a job", flush=True)
            write(connector, kind, rows_of(kind, 0, rows, 4), rows)
            asked = sum(each.method == "GET" and "Results" not in each.path for each in log)
            yield figure(f"{what}: write by a Bulk job, asked once", told(log) - asked + 1, JOB)
            yield Figure(f"{what}: write by a Bulk job, questions", f"{asked} requests")


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """The requests of each connector, over the least possible."""
    rows = min(ROWS, size.rows)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place,
        pretended(Path(place)) as peers,
    ):
        for kind in SYSTEMS:
            yield from counted(kind, peers, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        print(table(figures(Size(1, rows=options.rows), Path(folder))))


if __name__ == "__main__":
    main()
