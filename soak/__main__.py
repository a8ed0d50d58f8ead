"""``./run.sh soak``: faults at length and generated bad requests, on one or both databases."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from soak import faults, requests


def main() -> int:
    """Do what the command line asks for; return 1 if anything broke."""
    asked = _arguments().parse_args()
    for sig in (signal.SIGINT, signal.SIGTERM):  # an end at which whatever we started ends, too
        signal.signal(sig, lambda number, _frame: sys.exit(128 + number))
    kinds = ["sqlite", "postgres"] if asked.database == "both" else [asked.database]
    say(f"seed {asked.seed}")
    summary, broken = [], False
    for kind in kinds:
        for part in [asked.only] if asked.only else ["faults", "requests"]:
            started = time.monotonic()
            toll = PARTS[part](kind, asked)
            seconds = time.monotonic() - started
            summary.append(f"{part} on {kind}, seed {asked.seed}: {toll}, {seconds:.0f} s")
            broken = broken or bool(toll.breaks)
    say("\n".join(["", *summary]))
    return int(broken)


def _faults(kind: str, asked: argparse.Namespace) -> faults.Toll:
    return faults.soak(kind, asked.kills, asked.rows, asked.seed, say)


def _requests(kind: str, asked: argparse.Namespace) -> requests.Toll:
    return requests.soak(kind, asked.requests, asked.seed, say)


PARTS = {"faults": _faults, "requests": _requests}


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run.sh soak", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--only", choices=sorted(PARTS))
    parser.add_argument("--kills", type=int, default=500, help="processes, on each database")
    parser.add_argument("--rows", type=int, default=500_000, help="entered, on each database")
    parser.add_argument("--requests", type=int, default=20_000, help="to each database")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser


def say(text: str) -> None:
    """Print a line now."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
