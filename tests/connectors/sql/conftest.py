"""An ERP's database of each kind in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.sql.databases import CUSTOMERS, KINDS, SERVERS, Erp, close_servers, opened


@pytest.fixture(scope="session")
def _servers() -> Iterator[None]:
    yield
    close_servers()


@pytest.fixture(params=KINDS)
def erp(request: pytest.FixtureRequest, tmp_path, _servers) -> Iterator[Erp]:
    """An ERP with a table of customers that has no rows yet."""
    yield from _with_customers(request.param, tmp_path)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path, _servers) -> Iterator[Erp]:
    """Such an ERP that is on a server, with users and rights."""
    yield from _with_customers(request.param, tmp_path)


@pytest.fixture
def file(tmp_path) -> Iterator[Erp]:
    """Such an ERP that is a file."""
    yield from _with_customers("sqlite", tmp_path)


def _with_customers(kind: str, folder: Path) -> Iterator[Erp]:
    with opened(kind, folder) as erp:
        erp.run(f"CREATE TABLE {erp.table} ({CUSTOMERS[kind]})")
        yield erp
