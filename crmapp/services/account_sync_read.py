"""Read what was changed in other systems since the last time, and note which accounts that means.

What is read is compared with what we left there last: a record that says the same is the echo of
our own writing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import or_, select

from crmapp.connectors.ahead import read_ahead
from crmapp.connectors.errors import ConfigBroken
from crmapp.connectors.port import Connector, Record
from crmapp.db import session, unit_of_work
from crmapp.db.bulk import is_one_of
from crmapp.domain.account_sync import HERE
from crmapp.domain.field_checks import Shapes, all_problems, lacks
from crmapp.domain.field_reasons import GONE
from crmapp.domain.field_rules import FieldRule, Rules, Side, Sync
from crmapp.domain.field_sync import content_hash, fields_of
from crmapp.domain.field_values import References, digest
from crmapp.domain.records import ACCOUNT_FIELDS
from crmapp.domain.standard_rows import ACCOUNT, CUSTOMER_ID, INTACCT_ID
from crmapp.i18n import Text
from crmapp.models import Account, ExternalIdentity, PickListValue, Run
from crmapp.queue import leaving
from crmapp.services import (
    account_sync_states,
    field_maps,
    remote_fields,
    remotes,
    sync_options,
)
from crmapp.services.account_sync_rows import Waiting, object_of
from crmapp.services.account_sync_states import RULES, WORKED
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, keep_alive

NEXT = {Side.INTACCT: str(Side.SALESFORCE), Side.SALESFORCE: "pairs"}


@dataclass(frozen=True)
class Place:
    """Where the records of one side are, and by what they are known; ``fields`` to be read."""

    side: Side
    object: str
    key: str
    fields: tuple[str, ...]


def place_of(side: Side, rules: Rules, shapes: Shapes) -> Place:
    """Return where the accounts of a side are."""
    key = CUSTOMER_ID[field_maps.dialect()] if side is Side.INTACCT else "Id"
    names = [key, *fields_of(rules, shapes, side)]
    if side is Side.SALESFORCE and INTACCT_ID in shapes.salesforce:
        names.append(INTACCT_ID)
    return Place(side, object_of(side), key, tuple(dict.fromkeys(names)))


def rules() -> Rules:
    """Return the rows by which accounts are synchronised, as far as the direction allows."""
    direction = sync_options.options().direction
    return tuple(_directed(each, direction) for each in field_maps.in_force())


def mark() -> str:
    """Return what tells whether the rows are still those by which accounts were compared last.

    A row whose field is gone, or is back, is not what it was.
    """
    shapes = field_maps.shapes()
    said = [[each.as_json(), lacks(each, shapes)] for each in rules()]
    return digest(json.dumps(said, sort_keys=True))


def heed_rows() -> None:
    """Inside a unit of work: have all known accounts looked at if the rows are not what they were.

    It locks the clock.
    """
    now = mark()
    if account_sync_states.clock(lock=True).cursors.get(RULES) != now:
        shapes = field_maps.shapes()
        whole = (each.key for each in rules() if each.active and not lacks(each, shapes))
        rest = [each.key for each in gone(rules(), shapes)]
        account_sync_states.all_changed(now, whole, rest)


def gone(rules: Rules, shapes: Shapes) -> Rules:
    """Return the active rows that worked once, and of which a field is not there any more."""
    worked = account_sync_states.clock().cursors.get(WORKED, ())
    return tuple(
        each for each in rules if each.active and each.key in worked if lacks(each, shapes)
    )


def broken(rules: Rules, shapes: Shapes) -> dict[str, Text]:
    """Return key of a row → why it cannot be synchronised, of the rows that should be."""
    found = {
        each.key: Text(GONE, {"system": side.title, "field": each.name(side)})
        for each in gone(rules, shapes)
        for side in Side
        if shapes.get(each, side) is None
    }
    wrong = all_problems(rules, shapes)
    return found | {key: next(iter(each.values())) for key, each in wrong.items()}


def lacks_fields(phase: str) -> bool:
    """Whether the fields have to be read before a step of the planning.

    They never were since a system was connected; or, before what changed is read, one is gone that
    may be back.
    """
    if not field_maps.is_described():
        return True
    return phase == Side.INTACCT and bool(gone(rules(), field_maps.shapes()))


def _directed(rule: FieldRule, direction: Sync) -> FieldRule:
    if direction is Sync.BOTH or rule.sync is direction or rule.code == "customer_id":
        return rule
    if rule.sync is Sync.BOTH:
        return replace(rule, sync=direction)
    return replace(rule, active=False)


@contextmanager
def opened(side: Side, held: Claim) -> Iterator[Connector]:
    """Open a side for a step that may take long; what it consists of is known from its reading."""
    described = remote_fields.known(side, object_of(side))
    session.rollback()
    with remotes.opened(side, [described] if described else []) as connector, keep_alive(held):
        yield connector


def read_anew() -> None:
    """Read what both sides consist of again, because a field is not there, or none is known."""
    for side in Side:
        remote_fields.read_anew(side, object_of(side))


def read_changes(held: Claim, run: Run) -> Claim:
    """Read the next pages of what was changed on the side that the run has come to."""
    side = Side(run.mapping["phase"])
    in_force, shapes = rules(), field_maps.shapes()
    place = place_of(side, in_force, shapes)
    cursor = account_sync_states.clock().cursors.get(side) or None
    with (
        opened(side, held) as connector,
        closing(read_ahead(connector.read(place.object, place.fields, cursor))) as pages,
    ):
        for page in pages:
            meant = _accounts(place, page.records)
            changed = _changed(side, meant, in_force, shapes)
            with unit_of_work():
                held = checkpoint(held)
                account_sync_states.changed_there(changed)
                account_sync_states.keep_cursor(side, page.cursor)
            if load(held.run_id).cancel_requested or leaving():
                return held
    with unit_of_work():
        return checkpoint(held, mapping={**run.mapping, "phase": NEXT[side]})


def _changed(
    side: Side, meant: Mapping[int, Record], rules: Rules, shapes: Shapes
) -> Sequence[int]:
    """Return the accounts whose record is not as we know it."""
    known = account_sync_states.of(sorted(meant), "hashes")
    return [
        account
        for account, record in meant.items()
        if account not in known
        or known[account].hashes.get(side) != content_hash(rules, shapes, side, record)
    ]


def _accounts(place: Place, records: Sequence[Record]) -> dict[int, Record]:
    """Return the living accounts that records mean: by the link, else by the number."""
    found: dict[int, Record] = {}
    if place.side is Side.SALESFORCE:
        by_id = {str(each["Id"]): each for each in records}
        found = {account: by_id[id_] for id_, account in linked(sorted(by_id)).items()}
    key = place.key if place.side is Side.INTACCT else INTACCT_ID
    by_number = {str(each[key]): each for each in records if each.get(key)}
    for number, account in numbered(sorted(by_number)).items():
        found.setdefault(account, by_number[number])
    return found


def linked(ids: Sequence[str]) -> dict[str, int]:
    """Return the accounts that records of Salesforce are linked to."""
    known = ExternalIdentity.__table__.c
    query = select(known.external_id, known.account_id).where(
        known.system == Side.SALESFORCE, known.object == ACCOUNT, is_one_of(known.external_id, ids)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def numbered(numbers: Sequence[str]) -> dict[str, int]:
    """Return the accounts with these numbers; a number that several have means none of them."""
    query = select(Account.number, Account.id).where(
        is_one_of(Account.__table__.c.number, numbers), Account.deleted_at.is_(None)
    )
    found = [(number or "", account) for number, account in session.execute(query)]
    times = Counter(number for number, _account in found)
    return {number: account for number, account in found if times[number] == 1}


def references(
    connector: Connector, wanted: Iterable[Sequence[Mapping[str, set[str]]]]
) -> References:
    """Return, per object, Intacct id → id, of the records that are named; others are missing."""
    codes: dict[str, set[str]] = {}
    ids: dict[str, set[str]] = {}
    for pair in wanted:
        for all_, more in zip((codes, ids), pair, strict=True):
            for object_, values in more.items():
                all_.setdefault(object_, set()).update(values)
    known: dict[str, dict[str, str]] = {}
    names = ["Id", INTACCT_ID]
    for object_ in sorted({*codes, *ids}):
        try:
            rows = [
                *connector.read_some(object_, names, INTACCT_ID, sorted(codes.get(object_, ()))),
                *connector.read_some(object_, names, "Id", sorted(ids.get(object_, ()))),
            ]
        except ConfigBroken:  # records of this object have no id of Intacct
            continue
        known[object_] = {row[INTACCT_ID]: row["Id"] for row in rows if row[INTACCT_ID]}
    return References(known)


def codes_of(
    in_force: Rules, taking: Iterable[Waiting], intacct: Iterable[Record]
) -> dict[str, dict[str, str]]:
    """Return pick list here → Intacct's key of a value → its code, of the values that are held."""
    lists = {
        rule.intacct: ACCOUNT_FIELDS[HERE[rule.code]]
        for rule in in_force
        if rule.code in HERE and ACCOUNT_FIELDS[HERE[rule.code]].pick_list
    }
    accounts, records = list(taking), list(intacct)
    found: dict[str, dict[str, str]] = {}
    values = PickListValue.__table__.c
    for name, spec in lists.items():
        keys = sorted({str(each[name]) for each in records if each.get(name)})
        held = sorted({each.values[spec.name] for each in accounts if each.values[spec.name]})
        query = select(values.external_id, values.code).where(
            values.list_code == spec.pick_list,
            or_(is_one_of(values.external_id, keys), is_one_of(values.code, held)),
            values.external_id.is_not(None),
            values.deleted_at.is_(None),
        )
        found[spec.pick_list or ""] = {row[0]: row[1] for row in session.execute(query)}
    return found
