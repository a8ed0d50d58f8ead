"""A real Tryton for the tests of this folder, with a new database for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from crmapp.connectors.tryton.connector import Tryton, connect
from crmapp.connectors.tryton.settings import TrytonSettings, reach
from tests.support.customers import party
from tests.support.tryton import PASSWORD, USER, Erp, TrytonServer

Connect = Callable[..., Tryton]
OURS = reach(["127.0.0.1"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    with TrytonServer(tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture
def erp(server: TrytonServer) -> Iterator[Erp]:
    with server.erp() as erp:
        yield erp


@contextmanager
def connecting(erp: Erp) -> Iterator[Connect]:
    """Give out a function that connects to a database, by other settings if they are given."""
    with ExitStack() as opened:

        def connected(*, page: int | None = None, **changed: str) -> Tryton:
            kept = {"url": erp.url, "database": erp.database, "user": USER, "password": PASSWORD}
            settings = TrytonSettings.from_json(kept | changed)
            return opened.enter_context(connect(settings, OURS, page=page))

        yield connected


@pytest.fixture
def connected(erp: Erp) -> Iterator[Connect]:
    with connecting(erp) as connected:
        yield connected


@pytest.fixture
def tryton(connected: Connect) -> Tryton:
    return connected()


@pytest.fixture(scope="module")
def looking(server: TrytonServer) -> Iterator[Connect]:
    """Connect to a database that nobody changes: there is one customer in it."""
    with server.erp() as erp, connecting(erp) as looking:
        erp.create("party.party", party("Acme"))
        yield looking
