"""Connections to pretend systems, set up as a person would."""

from __future__ import annotations

from typing import Any

import httpx

from crmapp.connectors.registry import Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.models import User
from crmapp.services import connections
from crmapp.services.connections import Wanted

GATEWAY = "/ia/xml/xmlgw.phtml"
REST = "/ia/api/v1"
XML_SECRETS = {"sender_password": company.SENDER_PASSWORD, "password": company.PASSWORD}


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
    """Return what is set for a pretend Salesforce that a test tells what to answer."""
    chosen = {
        "kind": Kind.SALESFORCE,
        "flow": flow,
        "values": {"instance_url": url, "client_id": "a consumer key"},
        "secrets": {"client_secret": "a consumer secret"} if flow != "jwt" else {},
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


def expire(url: str, what: str) -> None:
    """End the sessions or tokens of the pretend system."""
    assert httpx.post(f"{url}/__control/expire-{what}", json={}).status_code == 200
