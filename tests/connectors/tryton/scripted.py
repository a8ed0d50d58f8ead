"""A Tryton that answers as a test says, for what the real one does only in bad times."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from crmapp.connectors.port import Exchange
from crmapp.connectors.tryton.connector import Tryton, connect
from crmapp.connectors.tryton.settings import TrytonSettings, reach
from tests.connectors.wire import Script

ACME = TrytonSettings("https://erp.acme.example", "acme", "reader", "password-1")
Answers = Mapping[str, httpx.Response | Callable[[httpx.Request], httpx.Response]]


def result(value: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "result": value})


def refusal(*error: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "error": error})


PLAIN: Answers = {
    "common.server.version": result("8.2"),
    "common.db.login": result([7, "token-1", None]),
    "common.db.logout": result(None),
    "model.res.user.get_preferences": result({"name": "Reader", "language": "fr", "groups": [3]}),
    "model.ir.model.search_read": result([]),
    "model.lead.lead.fields_get": result(
        {
            "id": {"type": "integer", "string": "ID"},
            "name": {"type": "char", "string": "Name", "size": 40},
            "worth": {"type": "numeric", "string": "Worth", "digits": [16, 2]},
        }
    ),
    "model.lead.lead.search": result([]),
}


def method(request: httpx.Request) -> str:
    return str(json.loads(request.content)["method"])


def params(request: httpx.Request) -> Any:
    return json.loads(request.content)["params"]


def tryton(
    answers: Answers, log: Callable[[Exchange], None] = lambda _exchange: None, **more: Any
) -> tuple[Tryton, Script]:
    """Return a reader that gets ``answers`` by the method it calls, and what keeps its requests."""

    def answered(request: httpx.Request) -> httpx.Response:
        answer = {**PLAIN, **answers}[method(request)]
        return answer(request) if callable(answer) else answer

    script = Script(answered)
    made = connect(
        more.pop("settings", ACME), reach(), log, transport=script.transport,
        pause=lambda _seconds: None, **more,
    )  # fmt: skip
    return made, script
