"""A Salesforce that answers from a list, for what a whole pretend one need not be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from crmapp.connectors.port import Description, RemoteField, RemoteKind, Tokens
from crmapp.connectors.registry import connect
from crmapp.connectors.salesforce.connector import Salesforce
from crmapp.connectors.salesforce.settings import SalesforceSettings
from tests.connectors.stores import InMemory
from tests.connectors.wire import Script

ACME = SalesforceSettings("https://acme.my.salesforce.com", "client-1", client_secret="secret-1")
TOKENS = Tokens("access-1", "refresh-1", "https://acme.my.salesforce.com")
ACCOUNT = Description(
    "Account",
    "Account",
    (
        RemoteField("Id", "Account ID", RemoteKind.ID, "id"),
        RemoteField("Name", "Account Name", RemoteKind.TEXT, "string"),
        RemoteField("AnnualRevenue", "Annual Revenue", RemoteKind.MONEY, "currency"),
        RemoteField("SystemModstamp", "Modified", RemoteKind.DATE_TIME, "datetime"),
        RemoteField("BillingAddress", "Billing Address", RemoteKind.ADDRESS, "address"),
        RemoteField("Start__c", "Start", RemoteKind.DATE, "date"),
        RemoteField("Code__c", "Code", RemoteKind.TEXT, "string", external_id=True),
    ),
)


def answer(body: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str):
        return httpx.Response(status, text=body, headers=named)
    return httpx.Response(status, json=body, headers=named)


def refusal(code: str, message: str = "", status: int = 400, *fields: str) -> httpx.Response:
    error = {"message": message, "errorCode": code, **({"fields": fields} if fields else {})}
    return answer([error], status)


def salesforce(
    answers: Sequence[httpx.Response] | Callable[[httpx.Request], httpx.Response],
    *,
    tokens: InMemory | None = None,
    settings: SalesforceSettings = ACME,
    **more: Any,
) -> tuple[Salesforce, Script]:
    """Return a connector that gets ``answers``, and what keeps its requests."""
    script = Script(answers)
    made = connect(
        "salesforce",
        settings,
        tokens or InMemory(TOKENS),
        more.pop("log", lambda _exchange: None),
        known=[ACCOUNT],
        pause=more.pop("pause", lambda _seconds: None),
        transport=script.transport,
        **more,
    )
    assert isinstance(made, Salesforce)
    return made, script


def body_of(request: httpx.Request) -> Any:
    return json.loads(request.content)
