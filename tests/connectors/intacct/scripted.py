"""An Intacct that answers from a list, by either interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import httpx
from defusedxml.ElementTree import fromstring

from crmapp.connectors.intacct.settings import IntacctRestSettings, IntacctXmlSettings
from crmapp.connectors.port import Description, RemoteField, RemoteKind, Tokens
from crmapp.connectors.registry import connect
from tests.connectors.stores import InMemory
from tests.connectors.wire import Script

XML = IntacctXmlSettings("sender", "acme", "sync", "sender-secret", "user-secret")
REST = IntacctRestSettings("acme", "sync", "client-1", "client-secret")
ENDPOINT = "https://api-p02.intacct.com/ia/xml/xmlgw.phtml"
SESSION = Tokens("session-1", instance_url=ENDPOINT)
TOKEN = Tokens("access-1", "refresh-1")
CUSTOMER = Description(
    "CUSTOMER",
    "Customer",
    tuple(
        RemoteField(name, name, kind, kind.value)
        for name, kind in {
            "RECORDNO": RemoteKind.ID,
            "CUSTOMERID": RemoteKind.TEXT,
            "NAME": RemoteKind.TEXT,
            "CREDITLIMIT": RemoteKind.MONEY,
            "ONHOLD": RemoteKind.YES_NO,
            "WHENMODIFIED": RemoteKind.DATE_TIME,
            "LAST_INVOICEDATE": RemoteKind.DATE,
        }.items()
    ),
)
CONTROL = "<control><status>success</status><senderid>sender</senderid></control>"
SIGNED_IN = (
    "<authentication><status>success</status><userid>sync</userid><companyid>acme</companyid>"
    "<sessiontimeout>2099-01-01T00:00:00+00:00</sessiontimeout></authentication>"
)
Answers = Sequence[httpx.Response] | Callable[[httpx.Request], httpx.Response]


def response(inner: str, status: int = 200, **headers: str) -> httpx.Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<response>{inner}</response>'
    return httpx.Response(status, text=text, headers=headers)


def operation(*results: str) -> httpx.Response:
    return response(f"{CONTROL}<operation>{SIGNED_IN}{''.join(results)}</operation>")


def result(data: str) -> str:
    return (
        "<result><status>success</status><function>query</function>"
        f"<controlid>0</controlid>{data}</result>"
    )


def page(*rows: str, left: int = 0) -> httpx.Response:
    data = (
        f'<data listtype="CUSTOMER" totalcount="9" offset="0" count="{len(rows)}"'
        f' numremaining="{left}">{"".join(rows)}</data>'
    )
    return operation(result(data))


def errors(*told: tuple[str, str]) -> str:
    inner = "".join(
        f"<error><errorno>{number}</errorno><description></description>"
        f"<description2>{words}</description2><correction></correction></error>"
        for number, words in told
    )
    return f"<errormessage>{inner}</errormessage>"


def failure(*told: tuple[str, str]) -> str:
    return (
        "<result><status>failure</status><function>query</function><controlid>0</controlid>"
        f"{errors(*told)}</result>"
    )


def unauthenticated(number: str = "XL03000006", words: str = "Sign-in failed") -> httpx.Response:
    return response(
        f"{CONTROL}<operation><authentication><status>failure</status></authentication>"
        f"{errors((number, words))}</operation>"
    )


def session(id: str = "session-2", endpoint: str = ENDPOINT) -> httpx.Response:
    return operation(
        result(
            f"<data><api><sessionid>{id}</sessionid><endpoint>{endpoint}</endpoint></api></data>"
        )
    )


def by_xml(answers: Answers, *, tokens: InMemory | None = None, **more: Any) -> tuple[Any, Script]:
    script = Script(answers)
    made = connect(
        "intacct_xml",
        XML,
        tokens or InMemory(SESSION),
        more.pop("log", lambda _exchange: None),
        known=[CUSTOMER],
        pause=lambda _seconds: None,
        transport=script.transport,
        **more,
    )
    return made, script


def by_rest(answers: Answers, *, tokens: InMemory | None = None, **more: Any) -> tuple[Any, Script]:
    script = Script(answers)
    made = connect(
        "intacct_rest",
        more.pop("settings", REST),
        tokens or InMemory(TOKEN),
        more.pop("log", lambda _exchange: None),
        known=more.pop("known", ()),
        pause=lambda _seconds: None,
        transport=script.transport,
        **more,
    )
    return made, script


def sent(request: httpx.Request) -> Element:
    root: Element = fromstring(request.content)
    return root


def functions(request: httpx.Request) -> list[Element]:
    return [each[0] for each in sent(request).iterfind("operation/content/function")]
