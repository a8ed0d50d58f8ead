"""Files as people send them, and what becomes of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
import xlsxwriter

from crmapp.analytics.intake import files, proposals
from crmapp.analytics.intake.design import FILE, Design
from crmapp.analytics.intake.staging import Rejected, Stage, typed
from tests.support import duck

TODAY = date(2026, 11, 26)
SALES = (
    "Date;Customer no;Customer;City;Product code;Qty;Amount\n"
    "2026-10-01;0017;Acme;Lyon;P1;2;19.90\n"
    "2026-10-02;0018;Brown & Sons;Nice;P2;1;5.00\n"
    "2026-10-02;0017;Acme;Lyon;P2;3;1,015.00\n"
    "2026-10-05;0017;Acme;Lyon;P1;1;(9.95)\n"
)


@dataclass(frozen=True)
class Loaded:
    """What a file became: rows in, rows loaded, rows set aside with the reason."""

    rows: int
    loaded: int
    rejected: list[Rejected]
    table: Path

    def ask(self, sql: str):
        return duck.ask(sql.replace("lines", f"'{self.table}'"))


def propose(path: Path, title: str = "Sales") -> Design:
    """Look at a file and propose what its columns are."""
    with files.opened(path, files.look(path)) as table:
        rows = [row.cells for row in islice(table.rows(), 1000) if row.reason is None]
        return proposals.propose(table.columns, rows, title, TODAY)


def load(path: Path, design: Design | None = None) -> Loaded:
    """Load a file by what is proposed for it, or by a design."""
    design = design or propose(path)
    stage = Stage(path.parent / "rows.ndjson")
    try:
        with files.opened(path, files.look(path)) as table:
            headings = table.columns
            stage.add(table.rows(), path.name, lambda rows: None)
    finally:
        stage.close()
    lines = path.parent / FILE
    with typed(path.parent / "rows.ndjson", headings, design) as found:
        return Loaded(stage.rows, found.write(lines), list(found.rejected()), lines)


@pytest.fixture
def sent(tmp_path):
    """Return a function that writes a file as it was sent."""

    def write(content: str | bytes, name: str = "sales.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def workbook(path: Path, rows, sheet: str = "Sheet1", formula=None) -> Path:
    """Write rows as a workbook."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        if formula is not None:
            cell, text, value = formula
            page.write_formula(cell, text, None, value)
    return path
