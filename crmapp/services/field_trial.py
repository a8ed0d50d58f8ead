"""A field map tried on one customer: what either side has, and what would be written where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Connector
from crmapp.domain.field_checks import Shapes, all_problems
from crmapp.domain.field_rules import Rules, Side
from crmapp.domain.field_sync import Outcome, fields_of, lookups, reconcile
from crmapp.domain.field_values import References
from crmapp.domain.fields import BadValue, Lookups, parse
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.standard_rows import ACCOUNT, CUSTOMER, CUSTOMER_ID, INTACCT_ID
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import Account, User
from crmapp.services import account_details, account_links, accounts, connections, field_maps
from crmapp.services.field_maps import INTACCT, SALESFORCE
from crmapp.services.integration_versions import RIGHT
from crmapp.services.rights import need

WITHIN = 15.0
"""Seconds that somebody waits for each of the systems."""
_WHICH = N_("Enter the number or the name of an account.")
_NEITHER = N_("Neither system has a record of this account, so there is nothing to try.")
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """What would become of one account, were it synchronised for the first time now."""

    account: Account
    intacct: Record | None
    salesforce: Record | None
    outcomes: tuple[Outcome, ...]


def of(typed: str, *, by: User) -> Trial:
    """Try the rows that ``by`` prepares on the account that a number or a name means.

    Raises:
        Forbidden: she may not manage integrations.
        Invalid: no account is meant, or neither system knows it.
        ConnectorError, NotConnected: a system could not be asked.
    """
    need(RIGHT, by=by)
    account = _meant(typed, by=by)
    rules, shapes = field_maps.editing(by=by).rules, field_maps.shapes()
    linked = account_details.linked(account.id)
    there = _customer(account.number, rules, shapes)
    with connections.opened(SALESFORCE, within=WITHIN) as connector:
        here = _account(connector, linked, account.number, rules, shapes)
        if there is None and here is None:
            raise Invalid({"account": _NEITHER})
        asked = lookups(rules, shapes, there, here)
        references = References(_looked_up(connector, *asked))
    broken = {key: next(iter(each.values())) for key, each in all_problems(rules, shapes).items()}
    found = reconcile(rules, shapes, there, here, references=references, broken=broken)
    return Trial(account, there, here, found.outcomes)


def _meant(typed: str, *, by: User) -> Account:
    words = typed.strip()
    if not words:
        raise Invalid({"account": _WHICH})
    known = Lookups(accounts=account_links.meant([words], by=by))
    try:
        account_id = parse(ACCOUNT_FIELDS["parent_id"], words, known)
    except BadValue as bad:
        raise Invalid({"account": bad.text}) from bad
    return accounts.get(account_id, by=by)


def _customer(number: str | None, rules: Rules, shapes: Shapes) -> Record | None:
    """Return the customer in Intacct that has this number."""
    dialect = field_maps.dialect()
    if not number:
        return None
    names = fields_of(rules, shapes, Side.INTACCT)
    with connections.opened(INTACCT, within=WITHIN) as connector:
        found = connector.find(CUSTOMER[dialect], names, CUSTOMER_ID[dialect], number, most=1)
    return found[0] if found else None


def _account(
    connector: Connector, linked: str | None, number: str | None, rules: Rules, shapes: Shapes
) -> Record | None:
    """Return the record in Salesforce that is linked, else the one with this Intacct ID."""
    names: Sequence[str] = ("Id", *fields_of(rules, shapes, Side.SALESFORCE))
    if linked:
        return connector.read_one(ACCOUNT, linked, names)
    if not number or INTACCT_ID not in shapes.salesforce:
        return None
    found = connector.find(ACCOUNT, names, INTACCT_ID, number, most=1)
    return found[0] if found else None


def _looked_up(
    connector: Connector, codes: Mapping[str, Iterable[str]], ids: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, str]]:
    """Return, per object, Intacct id → id, of the records that are named; others are missing."""
    known: dict[str, dict[str, str]] = {}
    names = ["Id", INTACCT_ID]
    for object in sorted({*codes, *ids}):
        try:
            rows: list[Record | None] = [
                *(
                    row
                    for code in sorted(codes.get(object, ()))
                    for row in connector.find(object, names, INTACCT_ID, code, most=1)
                ),
                *(connector.read_one(object, id, names) for id in sorted(ids.get(object, ()))),
            ]
        except ConfigBroken:  # records of this object have no id of Intacct
            continue
        known[object] = {row[INTACCT_ID]: row["Id"] for row in rows if row and row[INTACCT_ID]}
    return known
