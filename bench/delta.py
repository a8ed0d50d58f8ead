"""Reading what changed through the connectors, over the same reading with ``httpx`` by hand.

    python -m bench.delta --rows 100000 --times 5

So many customers were made in each pretend system since a reading; both read them, in turn, over
the same questions. The systems are processes of their own, so that CPU time is that of who asks.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.by_httpx import BareIntacctRest, BareIntacctXml, BareSalesforce
from bench.figures import Figure, Size, short
from bench.figures import table as written_table
from bench.pretended import SYSTEMS, Pretended, count_of, pretended
from bench.timing import Timing, ratio
from crmapp.connectors.intacct.values import MOMENT
from crmapp.connectors.port import Cursor

MOST = 2


@contextmanager
def by_hand(kind: str, peers: Pretended, cursor: Cursor) -> Iterator[Callable[[], int]]:
    """Return what reads by hand whatever changed since the cursor's moment."""
    system, since = SYSTEMS[kind], datetime.fromisoformat(cursor["since"]).astimezone(UTC)
    bare: BareSalesforce | BareIntacctRest | BareIntacctXml
    if kind == "salesforce":
        at = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        bare = BareSalesforce(peers.salesforce)
    elif kind == "intacct_rest":
        at = since.isoformat(timespec="seconds").replace("+00:00", "Z")
        bare = BareIntacctRest(peers.intacct)
    else:
        at = since.strftime(MOMENT)
        bare = BareIntacctXml(peers.intacct)
    with bare:
        yield lambda: len(bare.read(system.object, system.fields, at))


def compared(kind: str, peers: Pretended, rows: int, times: int) -> tuple[Timing, Timing]:
    """Let both read ``rows`` changed customers, in turn."""
    system = SYSTEMS[kind]
    ours, raw = Timing(f"{system.label}: connector"), Timing(f"{system.label}: httpx")
    with peers.connected(kind, []) as connector:
        *_, last = connector.read(system.object, [system.match])
        assert last.cursor is not None
        cursor = last.cursor
        peers.grow(kind, rows)
        counts: list[int] = []

        def read() -> None:
            counts.append(count_of(connector.read(system.object, system.fields, cursor)))

        with by_hand(kind, peers, cursor) as hand:
            for _turn in range(times):
                raw.run(lambda: counts.append(hand()))
                ours.run(read)
        assert min(counts) == max(counts) >= rows, counts
    return ours, raw


def figures(size: Size, folder: Path) -> Iterator[Figure]:
    """What each connector takes over the same reading by hand, by the clock and in CPU time."""
    for kind, system in SYSTEMS.items():
        with (
            tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place,
            pretended(Path(place)) as peers,
        ):
            ours, raw = compared(kind, peers, size.rows, size.times)
        print(ours.line(size.rows), raw.line(size.rows), ratio(ours, raw), sep="\n", flush=True)
        yield from lines(
            f"changed accounts read, {size.rows:,}, {system.label}", ours, raw, size.rows
        )


def lines(what: str, ours: Timing, raw: Timing, rows: int) -> Iterator[Figure]:
    """Two lines of the table: rows a second on the clock, and the CPU time of our side."""
    wall = median(a / b for a, b in zip(ours.wall, raw.wall, strict=True))
    cpu = median(a / b for a, b in zip(ours.cpu, raw.cpu, strict=True))
    for share, aside, mine, theirs in (
        (
            wall,
            "",
            f"{rows / ours.wall_ms * 1000:,.0f} rows/s",
            f"{rows / raw.wall_ms * 1000:,.0f} rows/s with httpx",
        ),
        (
            cpu,
            ", CPU of our side",
            f"{short(ours.cpu_ms / 1000)} s CPU",
            f"{short(raw.cpu_ms / 1000)} s CPU with httpx",
        ),
    ):
        yield Figure(f"{what}{aside}", mine, theirs, f"{share:.2f}x", f"≤ {MOST}x", share / MOST)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=Size.rows)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        size = Size(options.times, rows=options.rows)
        print(written_table(figures(size, Path(folder))))


if __name__ == "__main__":
    main()
