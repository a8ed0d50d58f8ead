"""Connections to pretend systems, set up as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from crmapp.connectors.registry import Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce import apps
from crmapp.connectors.sandbox.serving import Server
from crmapp.models import User
from crmapp.services import connections
from crmapp.services.connections import Wanted
from crmapp.services.person_sign_in import Back
from tests.connectors.wire import http

GATEWAY = "/ia/xml/xmlgw.phtml"
REST = "/ia/api/v1"
XML_SECRETS = {"sender_password": company.SENDER_PASSWORD, "password": company.PASSWORD}


@contextmanager
def pretended(system: str, folder: Path) -> Iterator[str]:
    """Serve a pretend system in this process; return its address."""
    folder.mkdir(exist_ok=True)
    app: Any = create_app(system, folder)
    with Server(app) as server:
        yield server.url
    app.store.close()


def xml(url: str, **more: Any) -> Wanted:
    """Return what is set for the XML gateway of the pretend Intacct."""
    values = {
        "sender_id": company.SENDER,
        "company": company.COMPANY,
        "user": "crmapp_sync",
        "url": f"{url}{GATEWAY}",
    }
    chosen = {"kind": Kind.INTACCT_XML, "values": values, "secrets": XML_SECRETS, "sandbox": True}
    return Wanted(**{**chosen, **more})


def rest(url: str, flow: str = "client_credentials", **more: Any) -> Wanted:
    """Return what is set for the REST API of the pretend Intacct."""
    values = {
        "client_id": company.CLIENT,
        "company": company.COMPANY,
        "user": "crmapp_sync",
        "url": f"{url}{REST}",
    }
    chosen = {
        "kind": Kind.INTACCT_REST,
        "flow": flow,
        "values": values,
        "secrets": {"client_secret": company.CLIENT_SECRET},
        "sandbox": True,
    }
    return Wanted(**{**chosen, **more})


def salesforce(url: str, flow: str = "client_credentials", **more: Any) -> Wanted:
    """Return what is set for the pretend Salesforce, or for a peer that answers like one."""
    chosen = {
        "kind": Kind.SALESFORCE,
        "flow": flow,
        "values": {"instance_url": url, "client_id": apps.CLIENT_ID},
        "secrets": {"client_secret": apps.CLIENT_SECRET} if flow != "jwt" else {},
        "sandbox": True,
    }
    return Wanted(**{**chosen, **more})


def connect(system: str, wanted: Wanted, *, by: User) -> None:
    """Set a connection up, or change it as it is now."""
    row = connections.of(system)
    connections.save(system, wanted, version=row.version if row else 0, by=by)


def fault(url: str, **values: Any) -> None:
    """Let the pretend system at ``url`` fail as told."""
    answer = httpx.post(f"{url}/__control/faults", json=values)
    assert answer.status_code == 201, answer.text


def control(url: str, action: str, **values: Any) -> Any:
    """Do something to the pretend system that only its control page can."""
    answer = httpx.post(f"{url}/__control/{action}", json=values)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sign_in_there(url: str, answer: str = "allow") -> Back:
    """Do what a person does on the page there; return what she comes back with."""
    page = httpx.get(url)
    assert page.status_code == 200, page.text
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    form = {"company": "crmapp-demo", "user": "crmapp_sync", "password": "intacct-crmapp-2026"}
    sent = httpx.post(url.partition("?")[0], data={**asked, **form, "answer": answer})
    assert sent.status_code in (302, 303), sent.text
    back = parse_qs(urlsplit(sent.headers["location"]).query)
    get = {name: values[0] for name, values in back.items()}
    return Back(
        get.get("state", ""),
        get.get("code", ""),
        get.get("error", ""),
        get.get("error_description", ""),
    )


def token_for(url: str) -> bytes:
    """Return what a peer that answers like Salesforce says to a sign-in."""
    return http(body=b'{"access_token": "t", "instance_url": "%s"}' % url.encode())
