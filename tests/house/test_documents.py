"""What the documents point to is there."""

from __future__ import annotations

import re

from crmapp.config import ROOT

LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_link_of_a_document_leads_to_a_file():
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in DOCUMENTS
        for target in LINK.findall(path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]

    assert broken == []
