"""An installation whose sources may read a folder of the ERP, for these stories alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser.placed import cookies, walks
from tests.support.processes import Installation

CITIES = ("Lyon", "Québec", "Reims")


@pytest.fixture(scope="package")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what an ERP keeps its customers in: a database, and a file."""
    folder = tmp_path_factory.mktemp("erp")
    rows = [(f"{each:05}", f"Toys {each} & Sons", CITIES[each % 3]) for each in range(1, 31)]
    with closing(sqlite3.connect(folder / "erp.db")) as there, there:
        there.execute("CREATE TABLE customer (number TEXT PRIMARY KEY, name TEXT, city TEXT)")
        there.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)
    lines = ["number;name;city", *(";".join(row) for row in rows)]
    file = folder / "customers.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    os.utime(file, (0, 0))  # a file of this moment may not be whole yet
    return folder


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory, erp: Path) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("place") / "home"
    told = {"CRMAPP_DEMO": "1", "CRMAPP_SANDBOXES": "0", "CRMAPP_SOURCE_FOLDERS": str(erp)}
    told["CRMAPP_SOURCE_HOSTS"] = "127.0.0.1"
    with Installation(home, told) as installation:
        yield installation
        installation.stop()


__all__ = ["cookies", "walks"]
