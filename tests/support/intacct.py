"""A plain caller of the pretend Sage Intacct: sends what a test writes, and reads the answer."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring
from werkzeug.test import Client, TestResponse

from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.intacct.app import Intacct
from crmapp.connectors.sandbox.intacct.gateway.answering import PATH

REST = "/ia/api/v1"
USER = "crmapp_sync"


def login(user: str = USER, password: str = company.PASSWORD, **more: str) -> str:
    given = {"userid": user, "companyid": company.COMPANY, "password": password} | more
    return f"<login>{''.join(f'<{key}>{value}</{key}>' for key, value in given.items())}</login>"


class Gateway:
    """Speaks XML. ``do`` returns the result of the only function."""

    def __init__(self, app: Intacct) -> None:
        self.client = Client(app)

    def send(self, body: str | bytes) -> TestResponse:
        return self.client.post(PATH, data=body, content_type="application/xml")

    def ask(self, *functions: str, **more: str) -> TestResponse:
        return self.send(self.envelope(*functions, **more))

    def envelope(
        self, *functions: str, who: str = "", sender: str = company.SENDER,
        password: str = company.SENDER_PASSWORD, transaction: str = "false",
    ) -> str:  # fmt: skip
        control = (
            f"<control><senderid>{sender}</senderid><password>{password}</password>"
            "<controlid>test-1</controlid><uniqueid>false</uniqueid>"
            "<dtdversion>3.0</dtdversion></control>"
        )
        content = "".join(
            f'<function controlid="f{place}">{each}</function>'
            for place, each in enumerate(functions)
        )
        operation = (
            f'<operation transaction="{transaction}"><authentication>{who or login()}'
            f"</authentication><content>{content}</content></operation>"
        )
        return f"<request>{control}{operation}</request>"

    def results(self, *functions: str, **more: str) -> list[Element]:
        return fromstring(self.ask(*functions, **more).text).findall("operation/result")

    def do(self, function: str, **more: str) -> Element:
        [result] = self.results(function, **more)
        return result

    def data(self, function: str, **more: str) -> Element:
        result = self.do(function, **more)
        data = result.find("data")
        assert result.findtext("status") == "success", texts(result)
        assert data is not None
        return data

    def rows(self, function: str, **more: str) -> list[dict[str, str]]:
        return [record(each) for each in self.data(function, **more)]


class Caller:
    """Speaks REST, with a token of its own."""

    def __init__(self, app: Intacct, user: str = USER) -> None:
        self.client = Client(app)
        self.headers = {"Authorization": f"Bearer {self.token(user)['access_token']}"}

    def token(self, user: str = USER) -> dict[str, Any]:
        given = {
            "grant_type": "client_credentials",
            "client_id": company.CLIENT,
            "client_secret": company.CLIENT_SECRET,
            "username": f"{user}@{company.COMPANY}",
        }
        answer: dict[str, Any] = self.client.post(f"{REST}/oauth2/token", data=given).json
        return answer

    def ask(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"{REST}{path}", method=method, json=json, headers=self.headers | named
        )

    def query(self, object: str, fields: list[str], **more: Any) -> dict[str, Any]:
        payload = {"object": object, "fields": fields, **more}
        answer: dict[str, Any] = self.ask("POST", "/services/core/query", payload).json
        return answer


def query(
    object: str, *fields: str, where: str = "", order: str = "", size: int = 0, offset: int = 0,
    options: str = "",
) -> str:  # fmt: skip
    """Write a ``query``; ``order`` is a field."""
    select = "".join(f"<field>{each}</field>" for each in fields)
    return (
        f"<query><object>{object}</object><select>{select}</select>"
        + (f"<filter>{where}</filter>" if where else "")
        + (f"<orderby><order><field>{order}</field><ascending/></order></orderby>" if order else "")
        + (f"<pagesize>{size}</pagesize>" if size else "")
        + (f"<offset>{offset}</offset>" if offset else "")
        + (f"<options>{options}</options>" if options else "")
        + "</query>"
    )


def compare(operator: str, field: str, *values: str) -> str:
    inner = "".join(f"<value>{escape(each)}</value>" for each in values)
    return f"<{operator}><field>{field}</field>{inner}</{operator}>"


def record(element: Element) -> dict[str, str]:
    return {each.tag: each.text or "" for each in element}


def texts(result: Element) -> list[str]:
    return [each.text or "" for each in result.iterfind("errormessage/error/description2")]


def numbers(result: Element) -> list[str]:
    return [each.text or "" for each in result.iterfind("errormessage/error/errorno")]
