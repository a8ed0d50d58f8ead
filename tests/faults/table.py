"""Try every combination of a fault and a phase on both databases, and write what was seen down.

``python -m tests.faults.table`` writes the tables of ``docs/faults.md``, which takes half an hour;
what stands above them stays. Of the databases that are named with ``--less`` it tries what every
test run does.
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


def main(words: Sequence[str]) -> int:
    """Write the page; the exit code says whether everything held."""
    parser = ArgumentParser(description="Try every combination of a fault and a phase.")
    parser.add_argument("--less", nargs="*", choices=DATABASES, default=[])
    less = parser.parse_args(words).less
    sections: dict[str, Mapping[str, Mapping[str, bool]]] = {}
    head = FILE.read_text().partition(f"\n## {next(iter(TESTS))}\n")[0]
    everything = [database not in less for database in DATABASES]
    for title, name in TESTS.items():
        with ThreadPoolExecutor() as pool:
            sections[title] = dict(pool.map(partial(seen, name), DATABASES, everything))
        FILE.write_text("\n".join([head, *(section(*each) for each in sections.items())]))
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
