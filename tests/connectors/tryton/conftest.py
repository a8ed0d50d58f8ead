"""A real Tryton for the tests of this folder, which share a database where they can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from crmapp.connectors.tryton.connector import Tryton, connect
from crmapp.connectors.tryton.settings import TrytonSettings, reach
from tests.support.tryton import PASSWORD, USER, Erp, TrytonServer

Connect = Callable[..., Tryton]
OURS = reach(["127.0.0.1"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    with TrytonServer(tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture(scope="module")
def erp(server: TrytonServer) -> Iterator[Erp]:
    """A database for tests that only look at their own customers: a new one takes a second."""
    with server.erp() as erp:
        yield erp


@pytest.fixture
def new_erp(server: TrytonServer) -> Iterator[Erp]:
    with server.erp() as erp:
        yield erp


@pytest.fixture
def connected() -> Iterator[Connect]:
    """Return a function that connects to a database, by other settings if they are given."""
    with ExitStack() as opened:

        def connected(erp: Erp, *, page: int | None = None, **changed: str) -> Tryton:
            kept = {"url": erp.url, "database": erp.database, "user": USER, "password": PASSWORD}
            settings = TrytonSettings.from_json(kept | changed)
            return opened.enter_context(connect(settings, OURS, page=page))

        yield connected


@pytest.fixture
def tryton(erp: Erp, connected: Connect) -> Tryton:
    return connected(erp)
