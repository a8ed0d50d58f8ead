"""What the documents point to is there."""

from __future__ import annotations

import re

from crmapp.config import ROOT

LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
TEST = re.compile(r"`(tests/(?:\w+/)*test_\w+\.py)(?:::(\w+))?`")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_link_of_a_document_leads_to_a_file():
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in DOCUMENTS
        for target in LINK.findall(path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]

    assert broken == []


def test_every_test_that_a_document_names_is_there():
    named = {found for path in DOCUMENTS for found in TEST.findall(path.read_text())}
    gone = [f"{path}::{name}" for path, name in sorted(named) if not _is_there(path, name)]

    assert len(named) > 100
    assert gone == []


def _is_there(path: str, name: str) -> bool:
    file, wanted = ROOT / path, f"def {name}(" if name else "def test_"
    return file.exists() and wanted in file.read_text()


def test_every_fault_names_the_tests_that_hold_it():
    text = (ROOT / "docs" / "faults.md").read_text()
    rows = text.partition("\n## Files\n")[2].partition("\n## Salesforce")[0].splitlines()
    faults = [row for row in rows if row.startswith("| ") and "what is wrong" not in row]

    assert len(faults) > 40
    assert [row for row in faults if not TEST.search(row)] == []
