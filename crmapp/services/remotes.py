"""Which other systems are connected, and how one is spoken with: set once, when the house opens."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import select

from crmapp.connectors.port import Connector
from crmapp.db import session
from crmapp.models import Connection


class Remotes(Protocol):
    """Opens connections by the name of their system: ``salesforce`` or ``intacct``."""

    def connected(self) -> set[str]:
        """Return the systems that are connected."""

    def opened(self, system: str) -> AbstractContextManager[Connector]:
        """Open the connection to a system for the time of a block.

        Raises:
            ConnectorError: it cannot be opened.
        """


_remotes: list[Remotes] = []


def use(remotes: Remotes | None) -> None:
    """Open connections by ``remotes`` from now on; by nobody if it is None."""
    _remotes[:] = [] if remotes is None else [remotes]


def connected() -> set[str]:
    """Return the systems that are connected."""
    return _remotes[0].connected() if _remotes else set()


def opened(system: str) -> AbstractContextManager[Connector]:
    """Open the connection to a system for the time of a block.

    Raises:
        ConnectorError: it cannot be opened.
    """
    return _remotes[0].opened(system)


def kind_of(system: str) -> str:
    """Return the kind of the connection to a system; empty if none is kept."""
    return session.scalar(select(Connection.kind).where(Connection.system == system)) or ""
