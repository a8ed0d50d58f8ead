"""A process that counts accounts with the tokens of a file that others use as well.

``python -m tests.connectors.renewing KIND ADDRESS FILE``
"""

from __future__ import annotations

import sys
from pathlib import Path

from crmapp.connectors.intacct.settings import Flow as IntacctFlow
from crmapp.connectors.intacct.settings import IntacctRestSettings
from crmapp.connectors.registry import connect
from crmapp.connectors.salesforce.settings import Flow, SalesforceSettings
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.salesforce import apps
from tests.connectors.stores import InFile


def settings(kind: str, address: str) -> SalesforceSettings | IntacctRestSettings:
    if kind == "salesforce":
        return SalesforceSettings(address, apps.CLIENT_ID, Flow.WEB)
    return IntacctRestSettings(
        company.COMPANY,
        "crmapp_sync",
        company.CLIENT,
        company.CLIENT_SECRET,
        IntacctFlow.CODE,
        url=f"{address}/ia/api/v1",
    )


def main(kind: str, address: str, file: str) -> None:
    store = InFile(Path(file))
    objects = {"salesforce": "Account", "intacct_rest": "accounts-receivable/customer"}
    with connect(kind, settings(kind, address), store, lambda _exchange: None, True) as connector:
        print("ready", flush=True)  # noqa: T201 - whoever started it waits for this
        sys.stdin.readline()
        print(connector.count(objects[kind]), flush=True)  # noqa: T201 - and reads this


if __name__ == "__main__":
    main(*sys.argv[1:])
