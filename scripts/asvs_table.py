"""Write the table of ``docs/security.md`` from ``docs/security/asvs.csv``."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
SOURCE, DOCUMENT = DOCS / "security" / "asvs.csv", DOCS / "security.md"
BEGIN = "<!-- made by scripts/asvs_table.py -->\n"
WORDS = {
    "test": "held",
    "document": "documented",
    "operator": "by the operator",
    "open": "**open**",
    "none": "does not apply",
}
"""How a requirement is answered, as the table says it."""


@dataclass(frozen=True)
class Requirement:
    """One requirement: how it is answered, by which tests, and what there is to say."""

    id: str
    level: str
    answer: str
    what: str
    tests: tuple[str, ...]
    note: str


def requirements() -> list[Requirement]:
    """Read them all."""
    with SOURCE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [Requirement(**{**row, "tests": tuple(row["tests"].split())}) for row in rows]


def table() -> str:
    """Return what stands below the mark."""
    known = requirements()
    count = Counter(each.answer for each in known)
    applies = len(known) - count["none"]
    lines = [
        f"{len(known)} requirements, of which {applies} apply: {count['test']} are held by tests,"
        f" {count['document']} documented, {count['operator']} are the operator's,"
        f" {count['open']} are open.",
        "",
        "| id | requirement | answer | tests | note |",
        "|---|---|---|---|---|",
    ]
    for each in known:
        tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in each.tests)
        cells = (each.id, each.what, WORDS[each.answer], tests, each.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def written(document: str) -> str:
    """Return the document with the table of today."""
    return f"{document.partition(BEGIN)[0]}{BEGIN}\n{table()}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
