"""``./run.sh bench``: measure everything that has an aim, and print one table of it.

Each part runs in a process of its own, so that neither memory nor state passes from one to the
next. Nothing is asserted about time; what cannot be measured fails.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from bench.figures import Figure, Size, keep, kept, quick, table

PARTS = {
    "grid": "the grid over HTTP, over SQL by hand in DuckDB",
    "upserts": "plan and run on SQLite, over sqlite3 by hand",
    "postgres": "the same on PostgreSQL, over COPY and SQL by hand",
    "imports": "imports from a file, from PostgreSQL and from a grid, over sqlite3 by hand",
    "pages": "lists, records and the palette, over bare Flask pages",
    "busy": "the web while a bulk run goes",
    "first-view": "requests and bytes of the first view, in Chromium",
    "memory": "a worker's memory, and an undo over its run",
    "calls": "requests to Salesforce and Sage Intacct, over the least possible number",
    "delta": "changed accounts read by the connectors, over httpx by hand",
    "list-sync": "a resync of a managed list, over httpx by hand",
    "account-sync": "a sync of accounts with both systems: requests over the least possible",
    "bulk-edits": "an edit of many accounts, planned and run, over sqlite3 by hand",
    "overheads": "what permissions and seals cost, over the same without them",
}
MODULES = {"postgres": "upserts_postgres"}


def main() -> int:
    """Do what the command line asks for; return 1 if a part could not be measured."""
    asked = _arguments().parse_args()
    for sig in (signal.SIGINT, signal.SIGTERM):  # an end at which whatever we started ends, too
        signal.signal(sig, lambda number, _frame: sys.exit(128 + number))
    if asked.part:
        _measure(asked)
        return 0
    unknown = {each for each in asked.only if each not in PARTS}
    if unknown:
        raise SystemExit(f"no part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    began, first = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="crmapp-bench-") as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = {part: _part(part, folder) for part in asked.only or PARTS}
    figures = [figure for each in found.values() for figure in each or ()]
    loads = f"load {first:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end"
    print(f"\n{os.cpu_count()} cores, {loads}, {(time.monotonic() - began) / 60:.0f} minutes")
    print(table(figures))
    for part in (part for part, figures in found.items() if figures is None):
        print(f"{part} could not be measured: see above")
    return int(None in found.values())


def _part(part: str, folder: Path) -> list[Figure] | None:
    """Measure a part in a process of its own; ``None`` if it failed."""
    print(f"\n=== {part}: {PARTS[part]} (load {os.getloadavg()[0]:.1f})", flush=True)
    results = folder / f"{part}.json"
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench", *sys.argv[1:], "--folder", str(folder)]
    process = subprocess.Popen([*command, "--part", part])
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        return None
    figures = kept(results)
    results.unlink()
    return figures


def _measure(asked: argparse.Namespace) -> None:
    """Measure a part in this process."""
    logging.disable(logging.WARNING)
    size = quick(asked.times) if asked.quick else Size(asked.times)
    module = import_module(f"bench.{MODULES.get(asked.part, asked.part.replace('-', '_'))}")
    keep(asked.folder / f"{asked.part}.json", module.figures(size, asked.folder))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run.sh bench",
        description=(__doc__ or "").splitlines()[0],
        epilog="parts: " + "; ".join(f"{name}: {about}" for name, about in PARTS.items()),
    )
    parser.add_argument(
        "--only", action="extend", default=[], type=lambda text: text.split(","), metavar="PART,…"
    )
    parser.add_argument("--quick", action="store_true", help="much less of everything, to try it")
    parser.add_argument("--times", type=int, default=5, help="runs of each; 5 unless given")
    parser.add_argument("--folder", type=Path, help="keep the made data here and use it again")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
