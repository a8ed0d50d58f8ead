"""Fields of both systems, for tests of what is mapped between them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crmapp.connectors.port import Description, RemoteField, RemoteKind, RemoteValue
from crmapp.db import session, unit_of_work
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import FieldRule, Side
from crmapp.domain.standard_rows import INTACCT_ID
from crmapp.models import Connection, RemoteObject
from crmapp.services import crm_integration, remote_fields


def a_field(name: str, kind: str = "text", *values: str, **more: Any) -> RemoteField:
    listed = tuple(RemoteValue(each, each) for each in values)
    more = {"label": name, "type": kind, "values": listed, **more}
    return RemoteField(name=name, kind=RemoteKind(kind), **more)


def shapes(intacct: RemoteField, salesforce: RemoteField) -> Shapes:
    return Shapes({intacct.name: intacct}, {salesforce.name: salesforce})


def rule_of(intacct: RemoteField, salesforce: RemoteField, **more: Any) -> FieldRule:
    return FieldRule(intacct.name, salesforce.name, **more)


CUSTOMER = Description("CUSTOMER", "Customer", (
    a_field("CUSTOMERID", label="Customer ID", length=20),
    a_field("NAME", label="Customer name", required=True),
    a_field("TERMNAME", "reference", label="Term", refers_to=("ARTERM",)),
    a_field("DISPLAYCONTACT.PHONE1", "phone", label="Primary phone"),
    a_field("TOTALDUE", "money", label="Total due", updatable=False, creatable=False),
    a_field("CRM_TIER", "pick_list", "Gold", "Silver", "Bronze", label="Tier", custom=True),
    a_field("CREDITLIMIT", "number", label="Credit limit"),
    a_field("COMMENTS", label="Comments"),
))  # fmt: skip
ACCOUNT = Description("Account", "Account", (
    a_field("Id", "id", label="Account ID", updatable=False, creatable=False),
    a_field(INTACCT_ID, label="Intacct Id", length=80),
    a_field("Name", label="Account Name", required=True, length=255),
    a_field("Phone", "phone", label="Account Phone", length=40),
    a_field("ia_crm__Total_Due__c", "money", label="Total due"),
    a_field("Level__c", "pick_list", "Gold", "Silver", "Basic", label="Level", custom=True),
    a_field("Credit_Limit__c", "money", label="Credit Limit", precision=18, scale=2),
    a_field("Site", label="Account Site", length=80),
    a_field("AnnualRevenue", "money", label="Annual Revenue"),
))  # fmt: skip
LEVELS = {Side.SALESFORCE: {"Bronze": "Basic"}}


def lay_out(*descriptions: tuple[str, Description]) -> None:
    """Keep connections that work, and what was read of both systems."""
    chosen = descriptions or (("intacct", CUSTOMER), ("salesforce", ACCOUNT))
    kinds = {"intacct": "intacct_xml", "salesforce": "salesforce"}
    with unit_of_work():
        for system, described in chosen:
            row = session.scalar(select(Connection).where(Connection.system == system))
            if row is None:
                row = Connection(system=system, kind=kinds[system], found={"user": "x"})
                row.secrets = row.tokens = ""
                session.add(row)
                session.flush()
            kept = session.scalar(select(RemoteObject).where(RemoteObject.connection_id == row.id))
            if kept is None:
                kept = RemoteObject(connection_id=row.id, object=described.object)
                session.add(kept)
            kept.description = remote_fields.as_json(described)


def enable(by: Any) -> None:
    """Lay both systems out, and enable the field map."""
    lay_out()
    crm_integration.save(True, seen=crm_integration.version(), by=by)
