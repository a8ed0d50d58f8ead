"""Pretend systems, served on the loopback, and connections to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.connectors.sandbox.serving import Server
from crmapp.services import (
    account_details,
    connections,
    demo_connections,
    integrations,
    remote_fields,
)
from crmapp.services.integrations import Options


@dataclass
class Pretended:
    """A pretend system, and how a test lets things go wrong in it."""

    app: Any
    url: str

    def fault(self, kind: str, **more: Any) -> None:
        self.app.faults.add(Fault(Kind(kind), **more))

    def well(self) -> None:
        self.app.faults.clear()


class Salesforce(Pretended):
    """A pretend Salesforce, and how a test looks into it and changes it."""

    def ask(self, question: str) -> list[dict[str, Any]]:
        """Ask by SOQL, as a program of its own."""
        answer = self._send("GET", "query", params={"q": question})
        return list(answer.json()["records"])

    def account(self, id: str) -> dict[str, Any]:
        """Return an account as it is there."""
        return dict(self._send("GET", f"sobjects/Account/{id}").json())

    def change(self, id: str, **values: Any) -> None:
        """Change an account, as somebody does who works there."""
        self._send("PATCH", f"sobjects/Account/{id}", json=values)

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = httpx.post(
            f"{self.url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
            },
        ).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{self.url}/services/data/v66.0/{path}"
        answer = httpx.request(method, address, headers=headers, **more)
        answer.raise_for_status()
        return answer


@contextmanager
def pretend(system: str, folder: Path) -> Iterator[Pretended]:
    """Serve the pretend ``system``, whose file lies in ``folder``."""
    app = create_app(system, folder)
    made = Salesforce if system == "salesforce" else Pretended
    with Server(app) as server:
        yield made(app, server.url)
    app.store.close()


@contextmanager
def salesforce(folder: Path) -> Iterator[Salesforce]:
    """Serve a pretend Salesforce whose file lies in ``folder``."""
    with pretend("salesforce", folder) as found:
        assert isinstance(found, Salesforce)
        yield found


def connect_salesforce(url: str, *, by: Any) -> None:
    """Connect to the pretend Salesforce at ``url``, and test that it answers."""
    _connect("salesforce", url, by)


def connect_intacct(url: str, *, by: Any) -> None:
    """Connect to the pretend Sage Intacct at ``url``, and test that it answers."""
    _connect("intacct", url, by)


def _connect(system: str, url: str, by: Any) -> None:
    connections.save(system, demo_connections.wanted(system, url), version=0, by=by)
    assert connections.check(system, by=by) is None


def show_details(url: str, fields: tuple[str, ...], *, by: Any) -> None:
    """Connect to the pretend Salesforce at ``url``, and choose fields of its accounts."""
    account_details.turns.forget()
    connect_salesforce(url, by=by)
    remote_fields.read_anew()
    integrations.save(Options(True, fields), seen=0, by=by)
