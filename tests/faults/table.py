"""Try every combination of a fault and a phase on both databases, and write what was seen down.

``python -m tests.faults.table`` writes ``docs/faults.md``, which takes half an hour. Of the
databases that are named with ``--less`` it tries what every test run does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from crmapp.config import ROOT

FILE = ROOT / "docs" / "faults.md"
DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
TESTS = {
    "A resync of a managed list": "test_integration_faults",
    "A sync of accounts": "test_account_faults",
    "A sync of 5,000 accounts": "test_large_sync",
    "A resync of a managed list, with real processes": "test_integration_kills",
    "A sync of accounts, with real processes": "test_account_kills",
    "An import of a file, with real processes": "test_import_kills",
}
HEAD = """# Faults

What was tried with the pretend Salesforce and Sage Intacct, and what was seen. Each row is one
combination of `tests/faults/battery.py`: a whole run over real connections meets one fault in one
phase. It holds if the run ends by itself, says what is wrong while it waits or fails, and if all
sides hold what they are to hold in the end, compared row by row: nothing is lost, there twice, or
changed that was not to be, and the receipt counts what was done. `python -m tests.faults.table`
writes this page; each test run tries a seventh of it. A dash: not tried on that database.

*One request* has the fault meet a single request, *until noticed* lasts until the run was put off,
*on and on* until the run has given up; the next run, once all is well, does what is left.

An import of a file is killed once in each phase that its row names, by the process that works on it
or by the worker that started that; what is there in the end is compared with what an undisturbed
import left: accounts, change log, identities, exceptions, receipts, plans and messages, row by row
but for ids and moments. `CRMAPP_FAULTS_ROWS`, `CRMAPP_FAULTS_KILLS` and `CRMAPP_FAULTS_SEED` say
how many rows, how many kills, and which.
"""


def main(words: Sequence[str]) -> int:
    """Write the page; the exit code says whether everything held."""
    parser = ArgumentParser(description="Try every combination of a fault and a phase.")
    parser.add_argument("--less", nargs="*", choices=DATABASES, default=[])
    less = parser.parse_args(words).less
    sections: dict[str, Mapping[str, Mapping[str, bool]]] = {}
    everything = [database not in less for database in DATABASES]
    for title, name in TESTS.items():
        with ThreadPoolExecutor() as pool:
            sections[title] = dict(pool.map(partial(seen, name), DATABASES, everything))
        FILE.write_text("\n".join([HEAD, *(section(*each) for each in sections.items())]))
    held = [cells for found in sections.values() for cells in found.values()]
    sys.stdout.write(f"{FILE}: {sum(map(len, held))} rows\n")
    return 0 if all(cells and all(cells.values()) for cells in held) else 1


def seen(name: str, database: str, everything: bool) -> tuple[str, Mapping[str, bool]]:
    """Run tests on a database; return it and each combination with whether it held."""
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        chosen = {"CRMAPP_TEST_DB": database, "CRMAPP_FAULTS_ALL": str(int(everything))}
        options = ["-q", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"tests/faults/{name}.py"],
            cwd=ROOT,
            env={**os.environ, **chosen},
            check=False,
        )
        return database, dict(_combinations(report))


def _combinations(report: Path) -> Iterator[tuple[str, bool]]:
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  (pytest's own file)
        failed = case.find("failure") is not None or case.find("error") is not None
        told = case.find("properties/property[@name='combination']")
        yield (str(case.get("name")) if told is None else str(told.get("value")), not failed)


def section(title: str, found: Mapping[str, Mapping[str, bool]]) -> str:
    """Return the table of some tests."""
    rows = sorted({row for held in found.values() for row in held})
    counts = ", ".join(
        f"{sum(held.values())} of {len(held)} hold on {DATABASES[name]}"
        for name, held in found.items()
    )
    names = " | ".join(DATABASES[name] for name in found)
    lines = [f"## {title}", "", f"{counts}.", ""]
    lines += [
        f"| Where | Phase | Fault | Lasts | Seen | {names} |",
        "|---" * (5 + len(found)) + "|",
    ]
    for row in rows:
        marks = " | ".join(_mark(held.get(row)) for held in found.values())
        lines.append(f"| {row} | {marks} |")
    return "\n".join([*lines, ""])


def _mark(held: bool | None) -> str:
    return "–" if held is None else "holds" if held else "**broken**"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
