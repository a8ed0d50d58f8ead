"""What the contract is tried on: each connector with a pretend system of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from crmapp.connectors.intacct.settings import IntacctRestSettings, IntacctXmlSettings
from crmapp.connectors.port import Exchange, Record
from crmapp.connectors.registry import AnyConnector, Settings, connect
from crmapp.connectors.salesforce.settings import SalesforceSettings
from crmapp.connectors.sandbox.faults import Fault, Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce import apps
from crmapp.connectors.sandbox.serving import Server
from tests.connectors.stores import InMemory


@dataclass
class Subject:
    """One connector, and what its system calls the things that the contract speaks of."""

    kind: str
    system: str
    settings: Settings
    server: Server
    app: Any
    object: str
    id: str
    match: str
    name: str
    others: tuple[str, ...]  # further fields that are read along
    loose: tuple[str, str]  # a phone and a city, which a record may lack
    broken: Mapping[str, Any]  # what no row of the object may hold
    nobody: str  # an id that no record has
    secrets: tuple[str, ...]
    wrong: Callable[[Settings], Settings]  # the settings with a wrong password
    page: int = 25  # records in a small page
    log: list[Exchange] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _open: list[AnyConnector] = field(default_factory=list)

    @property
    def fields(self) -> Sequence[str]:
        return (self.match, self.name, *self.others)

    def connect(self, tokens: InMemory | None = None, **more: Any) -> AnyConnector:
        given = {"sandbox": True, "pause": self.pauses.append, "settings": self.settings} | more
        made = connect(self.kind, tokens=tokens or InMemory(), log=self.log.append, **given)
        self._open.append(made)
        return made

    def fault(self, kind: Kind, **more: Any) -> None:
        self.app.faults.add(Fault(kind, **more))

    def control(self, action: str, **values: Any) -> None:
        """Do something to the system that only its control page can."""
        url = f"{self.server.url}/__control/{action}"
        httpx.post(url, json=values).raise_for_status()

    def well(self) -> None:
        """Let nothing go wrong any more."""
        self.app.faults.clear()

    def row(self, number: int, name: str = "") -> Record:
        return {self.match: f"T-{number:04}", self.name: name or f"Tried {number}"}

    def rows(self, count: int) -> list[Record]:
        return [self.row(number) for number in range(count)]

    def fill(self) -> None:
        """See to it that a reading takes several pages."""
        connector = self.connect()
        while connector.count(self.object) < 3 * self.page:
            rows = [self.row(5000 + number) for number in range(3 * self.page)]
            connector.upsert(self.object, self.match, rows)

    def forget(self, ids: Collection[str]) -> None:
        """Delete records there, as somebody else does."""
        salesforce = self.system == "salesforce"
        there = "UPDATE account SET IsDeleted = 1 WHERE Id = ?"
        with self.app.store.writing() as connection:
            for id_ in ids:
                connection.execute(
                    there if salesforce else "DELETE FROM record WHERE recordno = ?", [id_]
                )

    def close(self) -> None:
        for each in self._open:
            each.close()


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Subject]:
    """Serve a pretend system of its own for a connector of this kind."""
    system, make = SUBJECTS[kind]
    app = create_app(system, folder)
    with Server(app) as server:
        subject = make(app, server)
        try:
            yield subject
        finally:
            subject.close()
            app.store.close()


def _rest(app: Any, server: Server) -> Subject:
    settings = IntacctRestSettings(
        company=company.COMPANY,
        user="crmapp_sync",
        client_id=company.CLIENT,
        client_secret=company.CLIENT_SECRET,
        url=f"{server.url}/ia/api/v1",
    )
    return Subject(
        "intacct_rest", "intacct", settings, server, app,
        "accounts-receivable/customer", "key", "id", "name", ("status", "term.id"),
        ("contacts.default.phone1", "contacts.default.mailingAddress.city"),
        {"term.id": "Nobody's term"}, "99999999", (company.CLIENT_SECRET,),
        lambda given: replace(given, client_secret="wrong-secret-1"),
    )  # fmt: skip


def _xml(app: Any, server: Server) -> Subject:
    settings = IntacctXmlSettings(
        sender_id=company.SENDER,
        company=company.COMPANY,
        user="crmapp_sync",
        sender_password=company.SENDER_PASSWORD,
        password=company.PASSWORD,
        url=f"{server.url}/ia/xml/xmlgw.phtml",
    )
    return Subject(
        "intacct_xml", "intacct", settings, server, app,
        "CUSTOMER", "RECORDNO", "CUSTOMERID", "NAME", ("STATUS", "TERMNAME"),
        ("DISPLAYCONTACT.PHONE1", "DISPLAYCONTACT.MAILADDRESS.CITY"),
        {"TERMNAME": "Nobody's term"}, "99999999", (company.SENDER_PASSWORD, company.PASSWORD),
        lambda given: replace(given, password="wrong-password-1"),
    )  # fmt: skip


def _salesforce(app: Any, server: Server) -> Subject:
    settings = SalesforceSettings(server.url, apps.CLIENT_ID, client_secret=apps.CLIENT_SECRET)
    return Subject(
        "salesforce", "salesforce", settings, server, app,
        "Account", "Id", "ia_crm__IntacctID__c", "Name", ("Type", "Owner.Name"),
        ("Phone", "BillingCity"),
        {"Phone": "1" * 60}, "001000000000001AAA", (apps.CLIENT_SECRET,),
        lambda given: replace(given, client_secret="wrong-secret-1"),
        page=200,  # Salesforce gives no smaller ones
    )  # fmt: skip


SUBJECTS: dict[str, tuple[str, Callable[[Any, Server], Subject]]] = {
    "intacct_rest": ("intacct", _rest),
    "intacct_xml": ("intacct", _xml),
    "salesforce": ("salesforce", _salesforce),
}
