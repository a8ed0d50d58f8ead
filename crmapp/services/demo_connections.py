"""The demo connects to pretend systems that run beside it, so that no account is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select

from crmapp.connectors.registry import Kind
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.salesforce.apps import CLIENT_ID, CLIENT_SECRET
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Action, Write
from crmapp.models import (
    Account,
    Connection,
    FieldMapVersion,
    IntegrationVersion,
    RemoteDetail,
    RemoteObject,
    RequestLog,
    User,
)
from crmapp.services import connections, integrations, records, remote_fields
from crmapp.services.connections import Wanted
from crmapp.services.integrations import Options
from crmapp.services.remote_fields import ACCOUNT, SALESFORCE

INTACCT = "intacct"
FIELDS = (
    "OwnerId",
    "CustomerPriority__c",
    "SLA__c",
    "UpsellOpportunity__c",
    "AnnualRevenue",
    "NumberOfEmployees",
    "Website",
    "BillingAddress",
    "LastModifiedDate",
)
"""What the demo shows of Salesforce's accounts."""


def wanted(system: str, address: str) -> Wanted:
    """Return what connects to the pretend ``system`` at ``address``."""
    if system == SALESFORCE:
        values = {"instance_url": address, "client_id": CLIENT_ID}
        secrets = {"client_secret": CLIENT_SECRET}
        return Wanted(Kind.SALESFORCE, "client_credentials", values, secrets, sandbox=True)
    values = {
        "url": f"{address}/ia/api/v1",
        "company": company.COMPANY,
        "user": "crmapp_sync",
        "client_id": company.CLIENT,
    }
    secrets = {"client_secret": company.CLIENT_SECRET}
    return Wanted(Kind.INTACCT_REST, "client_credentials", values, secrets, sandbox=True)


def connect(addresses: Mapping[str, str], *, by: User) -> None:
    """Connect to the pretend systems at these addresses, choose fields, and link the accounts.

    Raises:
        ConnectorError: one of them does not answer as it should.
    """
    for system, address in addresses.items():
        _point(system, address, by=by)
    remote_fields.read_anew()
    described = remote_fields.known()
    known = [each.name for each in described.fields] if described else []
    chosen = integrations.chosen_names(FIELDS, known)
    integrations.save(Options(True, chosen), seen=integrations.version(), by=by)
    _link_by_number(by)


def follow(addresses: Mapping[str, str], *, by: User) -> None:
    """Tell the demo's connections where the pretend systems are now; others stay as they are."""
    for system, address in addresses.items():
        if connections.of(system) is not None:
            _point(system, address, by=by)


def _point(system: str, address: str, *, by: User) -> None:
    """Let the connection lead to the pretend system at ``address``, unless it is a real one."""
    row, told = connections.of(system), wanted(system, address)
    if row is not None and not row.sandbox:
        return
    settings = row.settings if row is not None else {}
    if any(settings.get(name) != value for name, value in told.values.items()):
        connections.save(system, told, version=row.version if row else 0, by=by)
    connections.check(system, by=by)


def _link_by_number(by: User) -> None:
    """Say of each account here which one it is in Salesforce, by its number."""
    with connections.opened(SALESFORCE) as connector:
        pages = list(connector.read(ACCOUNT, ("Id", "AccountNumber")))
    found = {row["AccountNumber"]: str(row["Id"]) for page in pages for row in page.records}
    ours = session.execute(
        select(Account.id, Account.number).where(
            Account.deleted_at.is_(None), is_one_of(Account.number, sorted(filter(None, found)))
        )
    ).all()
    source = {"kind": "form"}
    writes = [
        Write(Action.UPDATE, {}, id_, None, source, (SALESFORCE, ACCOUNT, found[number]))
        for id_, number in ours
    ]
    with unit_of_work():
        records.write(Account, writes, by=by)


def forget(people: Sequence[int]) -> None:
    """Take the connections to pretend systems away, and what these people chose for them."""
    ids = list(session.scalars(select(Connection.id).where(Connection.sandbox)))
    for model in (RequestLog, RemoteObject, RemoteDetail):
        session.execute(delete(model).where(is_one_of(model.connection_id, ids)))
    session.execute(delete(Connection).where(is_one_of(Connection.id, ids)))
    session.execute(delete(IntegrationVersion).where(is_one_of(IntegrationVersion.by_id, people)))
    session.execute(delete(FieldMapVersion).where(is_one_of(FieldMapVersion.by_id, people)))
