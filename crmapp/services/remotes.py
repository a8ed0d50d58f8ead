"""The seam to other systems for work in the background: the connections here, or what stands in."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import select

from crmapp.connectors.port import Connector, Description
from crmapp.db import db, session
from crmapp.models import Connection
from crmapp.services import connections
from crmapp.services.remote_jobs import RowJobs


class Remotes(Protocol):
    """Opens connections by the name of their system: ``salesforce`` or ``intacct``."""

    def connected(self) -> set[str]:
        """Return the systems that are connected."""

    def opened(
        self, system: str, known: Iterable[Description] = ()
    ) -> AbstractContextManager[Connector]:
        """Open the connection to a system for the time of a block.

        Raises:
            ConnectorError: it cannot be opened.
        """


_instead: list[Remotes] = []


def use(remotes: Remotes | None) -> None:
    """Open connections by ``remotes`` from now on; by those that are set up here if it is None."""
    _instead[:] = [] if remotes is None else [remotes]


def connected() -> set[str]:
    """Return the systems that are connected."""
    return _instead[0].connected() if _instead else connections.connected()


def opened(system: str, known: Iterable[Description] = ()) -> AbstractContextManager[Connector]:
    """Open the connection to a system for the time of a block, outside any transaction.

    ``known`` are descriptions that need not be read again. A large job that Salesforce was given
    by a worker that died is waited for, not sent again.

    Raises:
        ConnectorError, NotConnected, SecretsLost: it cannot be opened.
    """
    if _instead:
        return _instead[0].opened(system, known)
    return connections.opened(system, jobs=RowJobs(db.engine), known=known)


def kind_of(system: str) -> str:
    """Return the kind of the connection to a system; empty if none is kept."""
    return session.scalar(select(Connection.kind).where(Connection.system == system)) or ""
