"""Which connectors there are, what each is told, and how one is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from crmapp.connectors.addresses import Reach
from crmapp.connectors.door import Door, Explain, Log
from crmapp.connectors.intacct import gateway, rest_errors
from crmapp.connectors.intacct.rest import IntacctRest
from crmapp.connectors.intacct.settings import HOSTS as INTACCT_HOSTS
from crmapp.connectors.intacct.settings import (
    REST_FIELDS,
    XML_FIELDS,
    IntacctRestSettings,
    IntacctXmlSettings,
)
from crmapp.connectors.intacct.turns import turns_of
from crmapp.connectors.intacct.xml import IntacctXml
from crmapp.connectors.port import Description, TokenStore
from crmapp.connectors.salesforce import bulk, refusals
from crmapp.connectors.salesforce.connector import Salesforce
from crmapp.connectors.salesforce.settings import FIELDS as SALESFORCE_FIELDS
from crmapp.connectors.salesforce.settings import HOSTS as SALESFORCE_HOSTS
from crmapp.connectors.salesforce.settings import SalesforceSettings
from crmapp.connectors.settings import SettingField
from crmapp.i18n import N_

Settings = SalesforceSettings | IntacctRestSettings | IntacctXmlSettings
AnyConnector = Salesforce | IntacctRest | IntacctXml


class Kind(StrEnum):
    """The connectors, as connections name them."""

    SALESFORCE = "salesforce"
    INTACCT_REST = "intacct_rest"
    INTACCT_XML = "intacct_xml"


@dataclass(frozen=True)
class Registered:
    """One connector: its name for people, its system, its settings and what asks for them."""

    kind: Kind
    system: str
    label: str
    settings: type[Settings]
    fields: tuple[SettingField, ...]
    hosts: tuple[str, ...]
    explain: Explain


REGISTRY: dict[Kind, Registered] = {
    each.kind: each
    for each in (
        Registered(
            Kind.SALESFORCE, "Salesforce", N_("Salesforce"),
            SalesforceSettings, SALESFORCE_FIELDS, SALESFORCE_HOSTS, refusals.explain,
        ),
        Registered(
            Kind.INTACCT_REST, "Sage Intacct", N_("Sage Intacct (REST, OAuth 2)"),
            IntacctRestSettings, REST_FIELDS, INTACCT_HOSTS, rest_errors.explain,
        ),
        Registered(
            Kind.INTACCT_XML, "Sage Intacct", N_("Sage Intacct (XML gateway, sender ID)"),
            IntacctXmlSettings, XML_FIELDS, INTACCT_HOSTS, gateway.explain,
        ),
    )
}  # fmt: skip


def reach(kind: Kind | str, sandbox: bool) -> Reach:
    """Return what a connection of this kind may speak with."""
    registered = REGISTRY[Kind(kind)]
    return Reach(registered.system, registered.hosts, sandbox)


def open_door(
    kind: Kind | str,
    settings: Settings,
    log: Log,
    sandbox: bool = False,
    *,
    secrets: Callable[[], Sequence[str]] | None = None,
    ca_file: Path | None = None,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> Door:
    """Return the door of one connection, which also a sign-in by a person goes through.

    It is a context that closes it.
    """
    company = None if isinstance(settings, SalesforceSettings) else settings.company
    return Door(
        reach(kind, sandbox),
        log=log,
        explain=REGISTRY[Kind(kind)].explain,
        secrets=secrets or (lambda: settings.secrets),
        ca_file=ca_file,
        turns=None if company is None else turns_of(company),
        pause=pause,
        transport=transport,
    )


def connect(
    kind: Kind | str,
    settings: Settings,
    tokens: TokenStore,
    log: Log,
    sandbox: bool = False,
    *,
    ca_file: Path | None = None,
    jobs: bulk.Jobs | None = None,
    known: Iterable[Description] = (),
    page: int | None = None,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> AnyConnector:
    """Return the connector of one connection; it is a context that closes it.

    ``known`` are descriptions that the caller keeps, ``jobs`` remembers Salesforce's large jobs,
    and ``page`` is how many records a page of a reading has, if not as many as possible.
    """
    made: list[AnyConnector] = []
    door = open_door(
        kind,
        settings,
        log,
        sandbox,
        secrets=lambda: made[0].secrets if made else settings.secrets,
        ca_file=ca_file,
        pause=pause,
        transport=transport,
    )
    if isinstance(settings, SalesforceSettings):
        made.append(
            Salesforce(settings, door, tokens, jobs=jobs, known=known, pause=pause, page=page)
        )
    elif isinstance(settings, IntacctRestSettings):
        made.append(IntacctRest(settings, door, tokens, known=known, page=page))
    else:
        made.append(IntacctXml(settings, door, tokens, known=known, page=page))
    return made[0]
