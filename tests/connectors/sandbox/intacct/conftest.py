"""A pretend Sage Intacct of its own for each test, with a caller for each interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmapp.connectors.sandbox.intacct import create_app
from crmapp.connectors.sandbox.intacct.app import Intacct
from tests.support.intacct import Caller, Gateway


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Intacct]:
    app = create_app(tmp_path)
    yield app
    app.store.close()


@pytest.fixture
def gateway(sandbox: Intacct) -> Gateway:
    return Gateway(sandbox)


@pytest.fixture
def rest(sandbox: Intacct) -> Caller:
    return Caller(sandbox)
