"""The rows of a plan that carry one account over: here, to Sage Intacct and to Salesforce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from crmapp.connectors.port import Record
from crmapp.domain.account_sync import Merged
from crmapp.domain.changes import Link
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_conflict import Torn
from crmapp.domain.field_rules import Side
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.standard_rows import ACCOUNT, CUSTOMER, INTACCT_ID
from crmapp.i18n import Text
from crmapp.services import field_maps
from crmapp.services.account_sync_states import OBJECT
from crmapp.services.frozen_values import frozen, thawed
from crmapp.services.ledger import Holder

IDENTITY = {
    Side.INTACCT: (Side.INTACCT.value, "customer"),
    Side.SALESFORCE: (Side.SALESFORCE.value, ACCOUNT),
}
"""What the ledger of identities calls the records, whichever of Intacct's interfaces is spoken."""


class Waiting(NamedTuple):
    """An account that is to be synchronised; ``link`` is its record in Salesforce.

    ``pending`` is what waited of it before its values were read, None if nothing did;
    ``customers`` are the ids in Intacct that it is known to have had, the latest last.
    """

    id: int
    version: int
    values: Mapping[str, Any]
    link: str | None
    takes_part: bool
    pending: int | None
    customers: Sequence[str] = ()

    @property
    def number(self) -> str:
        return self.values["number"] or ""


def identities(account: Waiting, salesforce: Record | None) -> list[tuple[str, str, str]]:
    """Return what the ledger of identities calls the records of an account."""
    known = {Side.INTACCT: account.number, Side.SALESFORCE: str((salesforce or {}).get("Id", ""))}
    return [(*IDENTITY[side], id_) for side, id_ in known.items() if id_]


def rows_of(
    account: Waiting,
    records: Mapping[Side, Record | None],
    merged: Merged,
    holders: Mapping[tuple[str, str, str], Holder],
    keys: Mapping[Side, str],
) -> list[PlanRow]:
    """Return what is to be written; ``keys`` are the fields by which each side knows a record."""
    rows = []
    links = [
        [*key, None, account.id]
        for key in identities(account, records[Side.SALESFORCE])
        if key not in holders and (records[Side.INTACCT] or key[0] != Side.INTACCT)
    ]
    plain = PlanRow(0, Planned.UPDATE, OBJECT, account.id, name=account.values["name"])
    if merged.here or links:
        fields = {name: [account.values[name], value] for name, value in merged.here.items()}
        rows.append(
            plain._replace(
                action=Planned.UPDATE if fields else Planned.UNCHANGED,
                version=account.version,
                key=account.number,
                fields=fields,
                link=bool(links),
                links=links,
            )
        )
    for side, values in ((Side.INTACCT, merged.intacct), (Side.SALESFORCE, merged.salesforce)):
        if not values:
            continue
        match, key = _match(side, account, records[side], keys[side])
        before = records[side] or {}
        rows.append(
            plain._replace(
                action=Planned.UPDATE if records[side] else Planned.CREATE,
                object=side.value,
                key=key,
                fields={
                    name: [frozen(before.get(name)), frozen(value)]
                    for name, value in values.items()
                    if name != match
                },
                params={"match": match},
            )
        )
    return rows


def _match(side: Side, account: Waiting, record: Record | None, key: str) -> tuple[str, str]:
    """Return the field by which a record is found, and its value."""
    if side is Side.SALESFORCE and record is None:
        return INTACCT_ID, account.number
    return key, str(record[key]) if record else account.number


def record_of(row: PlanRow, shapes: Shapes) -> Record:
    """Return what a planned row sends to its side."""
    known = shapes.of(Side(row.object))
    values = {
        name: thawed(known[name].kind if name in known else None, after)
        for name, (_before, after) in row.fields.items()
    }
    return {row.params["match"]: row.key, **values}


def object_of(side: Side) -> str:
    """Return what a side calls its accounts."""
    return ACCOUNT if side is Side.SALESFORCE else CUSTOMER[field_maps.dialect()]


def link_of(row: PlanRow, made: str) -> Link:
    """Return the link of an account to the record with the id ``made`` that was made of it."""
    side = Side(row.object)
    return Link(*IDENTITY[side], made if side is Side.SALESFORCE else row.key, None, row.record_id)


def texts(
    problems: Mapping[str, Text], torn: Mapping[str, Torn] = MappingProxyType({})
) -> dict[str, Any]:
    """Return problems as JSON keeps them: key of a row → text, its parameters, maybe its copies."""
    found = {key: text_as_json(each) for key, each in problems.items()}
    return found | {key: {**found[key], "torn": each.as_json()} for key, each in torn.items()}


def text_as_json(text: Text) -> dict[str, Any]:
    """Return a text as JSON keeps it."""
    return {"text": text.text, "params": {name: str(each) for name, each in text.params.items()}}
