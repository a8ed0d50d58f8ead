"""Pretend systems, served on the loopback, and connections to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from crmapp.connectors import registry
from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.connectors.sandbox.serving import Server
from crmapp.services import connections, integrations, remote_fields
from crmapp.services.integrations import Options


@dataclass
class Salesforce:
    """A pretend Salesforce, and how a test looks into it and changes it."""

    app: Any
    url: str

    def fault(self, kind: str, **more: Any) -> None:
        self.app.faults.add(Fault(Kind(kind), **more))

    def well(self) -> None:
        self.app.faults.clear()

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
def salesforce(folder: Path) -> Iterator[Salesforce]:
    """Serve a pretend Salesforce whose file lies in ``folder``."""
    app = create_app("salesforce", folder)
    with Server(app) as server:
        yield Salesforce(app, server.url)
    app.store.close()


def connect_salesforce(url: str, *, by: Any) -> None:
    """Connect to the pretend Salesforce at ``url``, and test that it answers."""
    wanted = connections.Wanted(
        registry.Kind.SALESFORCE,
        "client_credentials",
        {"instance_url": url, "client_id": CLIENT_ID},
        {"client_secret": CLIENT_SECRET},
        sandbox=True,
    )
    connections.save("salesforce", wanted, version=0, by=by)
    assert connections.check("salesforce", by=by) is None


def show_details(url: str, fields: tuple[str, ...], *, by: Any) -> None:
    """Connect to the pretend Salesforce at ``url``, and choose fields of its accounts."""
    connect_salesforce(url, by=by)
    remote_fields.read_anew()
    integrations.save(Options(True, fields), seen=0, by=by)
