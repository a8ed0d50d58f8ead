"""Pretend systems in processes of their own, with as many records as are measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.by_httpx import BareSalesforce
from crmapp.connectors.intacct.settings import IntacctRestSettings, IntacctXmlSettings
from crmapp.connectors.port import Exchange
from crmapp.connectors.registry import AnyConnector, Settings, connect
from crmapp.connectors.salesforce.settings import SalesforceSettings
from crmapp.connectors.sandbox.control import PREFIX
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.salesforce import apps
from tests.connectors.stores import InMemory
from tests.support.connections import GATEWAY, REST
from tests.support.sandboxes import SandboxProcess

EXTERNAL = "ia_crm__IntacctID__c"
ACCOUNT = "Account"


@dataclass(frozen=True)
class System:
    """A connector by its kind, and what its system calls customers and what is read of them."""

    kind: str
    label: str
    object: str
    match: str
    name: str
    fields: tuple[str, ...]


SYSTEMS = {
    each.kind: each
    for each in (
        System(
            "salesforce", "Salesforce", ACCOUNT, EXTERNAL, "Name",
            ("Name", EXTERNAL, "Phone", "BillingCity", "AnnualRevenue", "LastModifiedDate",
             "Owner.Name"),
        ),
        System(
            "intacct_rest", "Intacct REST", "accounts-receivable/customer", "id", "name",
            ("id", "name", "status", "term.id", "totalDue"),
        ),
        System(
            "intacct_xml", "Intacct XML", "CUSTOMER", "CUSTOMERID", "NAME",
            ("CUSTOMERID", "NAME", "STATUS", "TERMNAME", "TOTALDUE"),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Pretended:
    """Both pretend systems; addresses without a path."""

    salesforce: str
    intacct: str

    def settings(self, kind: str) -> Settings:
        if kind == "salesforce":
            return SalesforceSettings(
                self.salesforce, apps.CLIENT_ID, client_secret=apps.CLIENT_SECRET
            )
        if kind == "intacct_rest":
            return IntacctRestSettings(
                company=company.COMPANY,
                user="crmapp_sync",
                client_id=company.CLIENT,
                client_secret=company.CLIENT_SECRET,
                url=f"{self.intacct}{REST}",
            )
        return IntacctXmlSettings(
            sender_id=company.SENDER,
            company=company.COMPANY,
            user="crmapp_sync",
            sender_password=company.SENDER_PASSWORD,
            password=company.PASSWORD,
            url=f"{self.intacct}{GATEWAY}",
        )

    def connected(self, kind: str, log: list[Exchange]) -> AnyConnector:
        """Return a connector that is signed in and knows its object; ``log`` gets what it asks."""
        made = connect(kind, self.settings(kind), InMemory(), log.append, sandbox=True)
        made.check()
        made.describe(SYSTEMS[kind].object)
        log.clear()
        return made

    def grow_intacct(self, object: str, count: int) -> None:
        """Have so many records made in Intacct, as of now."""
        grown = httpx.post(
            f"{self.intacct}{PREFIX}/grow", json={"object": object, "count": count}, timeout=600
        )
        assert grown.json() == {"added": count}, grown.text

    def grow_salesforce(self, count: int) -> None:
        """Have so many accounts made in Salesforce, as of now."""
        head = (EXTERNAL, "Name", "Phone", "BillingCity", "AnnualRevenue")
        rows = (
            (f"Z{n:06}", f"Customer {n}", f"+33 1 40 {n:06}", "Lyon", f"{n}.25")
            for n in range(count)
        )
        with BareSalesforce(self.salesforce) as bare:
            bare.write(ACCOUNT, EXTERNAL, head, list(rows))

    def grow(self, kind: str, count: int) -> None:
        """Have so many customers made in the system of a connector of this kind."""
        if kind == "salesforce":
            self.grow_salesforce(count)
        else:
            self.grow_intacct("CUSTOMER", count)


@contextmanager
def pretended(folder: Path) -> Iterator[Pretended]:
    """Serve both pretend systems, each in a process of its own, whose files lie in ``folder``."""
    with ExitStack() as stack:
        urls = {}
        for system in ("salesforce", "intacct"):
            place = folder / system
            place.mkdir(parents=True, exist_ok=True)
            urls[system] = stack.enter_context(SandboxProcess(system, place)).url
        yield Pretended(**urls)


def count_of(pages: Any) -> int:
    """Read pages to their end, and say how many records they had."""
    return sum(len(page.records) for page in pages)
