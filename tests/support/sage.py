"""A pretend Sage Intacct in a process of its own, looked into and changed as people there do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from crmapp.connectors.sandbox.intacct import company

TERRITORY = "accounts-receivable/territory"
CUSTOMER, PHONE = "accounts-receivable/customer", "contacts.default.phone1"


@dataclass(frozen=True)
class Sage:
    """``url`` is the address of its REST API, with the version."""

    url: str

    def territories(self) -> dict[str, str]:
        """Return the active ones: id → name."""
        question = {"object": TERRITORY, "fields": ["id", "name", "status"], "size": 1000}
        rows = self._send("POST", "services/core/query", question)["ia::result"]
        return {row["id"]: row["name"] for row in rows if row["status"] == "active"}

    def add_territory(self, name: str) -> None:
        """Add one whose id is its name."""
        self._send("POST", f"objects/{TERRITORY}", {"id": name, "name": name})

    def set_status(self, id: str, status: str) -> None:
        """Make a territory ``active`` or ``inactive``."""
        self._change(TERRITORY, id, {"status": status})

    def set_interests(self, customer: str, interests: list[str]) -> None:
        self._change(CUSTOMER, customer, {"nsp::INTERESTS": interests})

    def _change(self, object_: str, id: str, values: dict[str, Any]) -> None:
        question: dict[str, Any] = {"object": object_, "fields": ["id", "key"], "size": 1000}
        rows = self._send("POST", "services/core/query", question)["ia::result"]
        (key,) = (row["key"] for row in rows if row["id"] == id)
        self._send("PATCH", f"objects/{object_}/{key}", values)

    def phone(self, customer: str) -> str:
        """Return the phone of the customer with this id."""
        fields = ["id", PHONE]
        question = {"object": CUSTOMER, "fields": fields, "size": 1000}
        rows = self._send("POST", "services/core/query", question)["ia::result"]
        (found,) = (row for row in rows if row["id"] == customer)
        return str(found[PHONE])

    def _send(self, method: str, path: str, value: dict[str, Any]) -> Any:
        given = {
            "grant_type": "client_credentials",
            "client_id": company.CLIENT,
            "client_secret": company.CLIENT_SECRET,
            "username": f"crmapp_sync@{company.COMPANY}",
        }
        token = httpx.post(f"{self.url}/oauth2/token", data=given).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, f"{self.url}/{path}", headers=headers, json=value)
        assert answer.is_success, answer.text
        return answer.json()
