"""Plan and run of an upsert against the same rows written with ``sqlite3`` by hand.

``python -m bench.upserts --rows 100000 --times 5``. Half of the rows create an account, half update
three fields of one; then the same rows come once more, and none of them differs. By hand is
:mod:`bench.upserts_by_hand`; :mod:`bench.upserts_postgres` does the same on PostgreSQL.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import upserts_by_hand as by_hand
from bench.figures import Figure, Size, rate, times_over
from bench.made import row
from bench.people import furnish, manager, opened
from bench.timing import Timing, ratio
from crmapp.domain.mapping import FieldMapping
from crmapp.models import User
from crmapp.services import runs, sources, upserts
from crmapp.services.sources import SourceColumn

MAPPING = FieldMapping(
    {
        "name": "name",
        "number": "code",
        "phone": "phone",
        "billing_city": "city",
        "billing_country": "country",
    }
)
MOST, RATE, RATE_UNCHANGED = 3, 20_000, 100_000


class Generated:
    """Rows ``first`` … ``first + count``, on the port of sources."""

    def __init__(self, kept: Mapping[str, Any], _by: User) -> None:
        self._end, self._edition = kept["count"], kept["edition"]

    def columns(self, locale: str = "") -> list[SourceColumn]:
        return [SourceColumn(name, name) for name in row(0, 0)]

    def count(self) -> int:
        return int(self._end)

    def rows(self, after: str | None, limit: int) -> sources.Rows:
        start = int(after[1:]) + 1 if after else 0
        cells = (
            row(number, self._edition) for number in range(start, min(start + limit, self._end))
        )
        return sources.by_key([(each["code"], each) for each in cells])


def by_pipeline(count: int, edition: int) -> None:
    """Plan and run ``count`` rows as a worker does."""
    by = manager()
    source = {
        "kind": "generated",
        "count": count,
        "edition": edition,
        "identity": ["bench", "rows"],
    }
    run_id = upserts.start(source, title="Bench", by=by, key=None)
    upserts.plan_later(run_id, MAPPING, confirmed=None, by=by)
    runs.work(run_id)
    planned = runs.get(run_id, by=by)
    upserts.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=by)
    runs.work(run_id)
    ended = runs.get(run_id, by=by)
    if ended.status != "done" or sum(ended.done.values()) != count:
        raise SystemExit(f"the run ended as {ended.status}: {ended.done} {ended.error}")


@dataclass
class Compared:
    """What both ways took: for rows that differ, and for the same rows once more."""

    raw: Timing
    ours: Timing
    raw_again: Timing
    again: Timing

    def print(self, rows: int) -> None:
        for timing in (self.raw, self.ours, self.raw_again, self.again):
            print(timing.line(rows))
        print(ratio(self.ours, self.raw), ratio(self.again, self.raw_again), sep="\n", flush=True)


def compared(by: str, clock: Callable[[], float] | None = None) -> Compared:
    """Begin to compare with what is done by hand with ``by``; nothing has been measured yet."""
    found = Compared(
        Timing(f"{by} by hand"),
        Timing("plan + run"),
        Timing(f"{by} by hand, unchanged"),
        Timing("plan + run, unchanged"),
    )
    if clock is not None:
        for timing in (found.raw, found.ours, found.raw_again, found.again):
            timing.clock = clock
    return found


def turn(
    found: Compared, rows: int, hand: Callable[[int, int], None], after: Callable[[], object]
) -> None:
    """Let both have half of the rows, then time all of them in another edition, twice.

    We are inside the application; ``after`` is called when both have the first half.
    """
    sources.register("generated", Generated)
    hand(rows // 2, 1)
    by_pipeline(rows // 2, 1)
    after()
    found.raw.run(lambda: hand(rows, 2))
    found.ours.run(lambda: by_pipeline(rows, 2))
    found.raw_again.run(lambda: hand(rows, 2))
    found.again.run(lambda: by_pipeline(rows, 2))


def measured(rows: int, times: int) -> Compared:
    """Do both in turn, each time with empty databases."""
    found = compared("sqlite3")
    for number in range(times):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            home = Path(folder)
            furnish(home)
            with closing(by_hand.opened(home / "raw.db")) as connection, opened(home):
                turn(found, rows, partial(by_hand.write, connection), lambda: None)
        print(f"turn {number + 1} of {times}: {ratio(found.ours, found.raw)}", flush=True)
    return found


def figures(size: Size, _folder: Path) -> Iterator[Figure]:
    """Rows that differ and rows that do not, on SQLite."""
    found = measured(size.rows, size.times)
    found.print(size.rows)
    by = "with sqlite3 by hand"
    what = f"plan + run, {size.rows:,} rows, SQLite"
    yield times_over(what, found.ours, found.raw, MOST, by)
    yield rate(what, found.ours, found.raw, size.rows, RATE, by)
    what = f"unchanged rows, {size.rows:,}, SQLite"
    yield rate(what, found.again, found.raw_again, size.rows, RATE_UNCHANGED, by)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    measured(options.rows, options.times).print(options.rows)


if __name__ == "__main__":
    main()
