"""Both pretend systems on the loopback, connected as an implementer would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmapp.connectors.sandbox import salesforce as salesforce_org
from crmapp.connectors.sandbox.intacct.app import create_app as create_intacct
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.connectors.sandbox.serving import Server
from crmapp.models import User
from crmapp.services import connections
from tests.support.connections import connect, rest, salesforce, xml


@dataclass(frozen=True)
class Pair:
    """The addresses of the two."""

    salesforce: str
    intacct: str


@contextmanager
def sandbox_pair(folder: Path) -> Iterator[Pair]:
    """Serve a pretend Salesforce and a pretend Sage Intacct."""
    folders = [folder / name for name in ("salesforce", "intacct")]
    for each in folders:
        each.mkdir()
    with (
        Server(salesforce_org.create_app(folders[0])) as here,
        Server(create_intacct(folders[1])) as there,
    ):
        yield Pair(here.url, there.url)


def connect_both(pair: Pair, *, by: User, by_rest: bool = False) -> None:
    """Set both connections up, and test them."""
    known: dict[str, Any] = {
        "values": {"instance_url": pair.salesforce, "client_id": CLIENT_ID},
        "secrets": {"client_secret": CLIENT_SECRET},
    }
    connect("salesforce", salesforce(pair.salesforce, **known), by=by)
    connect("intacct", (rest if by_rest else xml)(pair.intacct), by=by)
    for system in ("salesforce", "intacct"):
        problem = connections.check(system, by=by)
        assert problem is None, problem
