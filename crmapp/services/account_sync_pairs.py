"""What becomes of the next accounts of a sync: their records on all sides, read and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select

from crmapp.connectors.port import Record
from crmapp.db import session, utcnow
from crmapp.db.bulk import is_one_of
from crmapp.domain.account_sync import Kept, Merged, Sent, fields_here, merge, named
from crmapp.domain.field_checks import Shapes
from crmapp.domain.field_rules import Rules, Side
from crmapp.domain.field_sync import content_hash
from crmapp.domain.field_values import References
from crmapp.domain.plan import PlanRow
from crmapp.domain.standard_rows import INTACCT_ID
from crmapp.i18n import Text
from crmapp.models import Account, AccountSync, ExternalIdentity, Run
from crmapp.services import account_sync_states, field_maps, ledger, sync_options
from crmapp.services.account_sync_read import (
    Place,
    broken,
    codes_of,
    numbered,
    opened,
    place_of,
    references,
    rules,
)
from crmapp.services.account_sync_reasons import (
    GONE,
    OTHER_CASE,
    RENUMBERED,
    SHARED,
    TAKEN,
    TWICE,
    UNLINKED,
    VANISHED,
)
from crmapp.services.account_sync_rows import (
    IDENTITY,
    Waiting,
    identities,
    rows_of,
    texts,
)
from crmapp.services.account_sync_states import HELD, REFUSED
from crmapp.services.engine import Claim

PART = 4000
"""How many accounts are decided about at a time: one request to Salesforce may ask for so many
numbers; more would cost memory, and save no request. An account whose id is known there counts
twice, because one may ask for half as many ids."""
_SLICE = 400
"""How many of them are held at a time with all that was ever accepted of them."""
_RECORDS = ""
"""Under this key, what was accepted says of which records; the other keys are those of rows."""
_NAMES = tuple(dict.fromkeys(("number", *fields_here())))
_LINK = IDENTITY[Side.SALESFORCE]


@dataclass
class Decided:
    """What becomes of some accounts: rows of the plan, and what to keep of each account.

    ``settled`` are those of which nothing is to be written, ``away`` those that take no part, with
    what waited when that was read.
    """

    rows: list[PlanRow] = field(default_factory=list)
    offered: dict[int, dict[str, Any]] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    away: dict[int, int | None] = field(default_factory=dict)


def takes_part() -> ColumnElement[bool]:
    """Which accounts are synchronised: those with a number, or with a record in Salesforce."""
    known = ExternalIdentity
    link = exists().where(
        known.account_id == Account.id, known.system == _LINK[0], known.object == _LINK[1]
    )
    return and_(
        Account.deleted_at.is_(None),
        or_(and_(Account.number.is_not(None), Account.number != ""), link),
    )


def next_accounts(run: Run) -> list[Waiting]:
    """Return the next accounts that the run is about."""
    after, most = run.mapping.get("after", 0), PART
    if run.source["mode"] == "chosen":
        query = select(Account.id).where(Account.id > after, *conditions(run.source))
        ids = session.scalars(query.order_by(Account.id).limit(most)).all()
    else:
        due = and_(AccountSync.state == REFUSED, AccountSync.retry_at <= utcnow())
        waits = or_(AccountSync.pending.is_not(None), due)
        states = select(AccountSync.account_id).where(AccountSync.account_id > after, waits)
        ids = session.scalars(states.order_by(AccountSync.account_id).limit(most)).all()
    found = _waiting(ids)
    counted = accumulate(2 if each.link else 1 for each in found)
    return [each for each, count in zip(found, counted, strict=True) if count <= PART]


def conditions(source: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Return which accounts somebody chose by ``scope`` and ``territory``."""
    state = select(AccountSync.account_id).where(AccountSync.account_id == Account.id)
    found = [takes_part()]
    if source.get("scope") == "never":
        found.append(~state.where(AccountSync.synced_at.is_not(None)).exists())
    if source.get("scope") == "refused":
        found.append(state.where(AccountSync.state.in_((REFUSED, HELD))).exists())
    if source.get("territory"):
        found.append(Account.territory == source["territory"])
    return found


def _waiting(ids: Sequence[int]) -> list[Waiting]:
    # What waits is read before the values: a change in between is then not taken for carried over.
    waits = account_sync_states.of(ids, "pending")
    columns = Account.__table__.c
    part = select(Account.id).where(is_one_of(columns.id, ids), takes_part())
    takes = set(session.scalars(part))
    query = select(columns.id, columns.version, *(columns[name] for name in _NAMES))
    rows = session.execute(query.where(is_one_of(columns.id, ids)).order_by(columns.id))
    links, customers = (_links(ids, IDENTITY[side]) for side in (Side.SALESFORCE, Side.INTACCT))
    return [
        Waiting(
            id_,
            version,
            dict(zip(_NAMES, values, strict=True)),
            links[id_][-1] if id_ in links else None,
            id_ in takes,
            waits[id_].pending if id_ in waits else None,
            customers.get(id_, ()),
        )
        for id_, version, *values in rows
    ]


def _links(ids: Sequence[int], what: tuple[str, str]) -> dict[int, Sequence[str]]:
    """Return what the ledger of identities says each account is there, the latest last."""
    known = ExternalIdentity.__table__.c
    query = select(known.account_id, known.external_id).where(
        known.system == what[0], known.object == what[1], is_one_of(known.account_id, ids)
    )
    found: dict[int, list[str]] = {}
    for account, id_ in session.execute(query.order_by(known.id)):
        found.setdefault(account, []).append(id_)
    return dict(found)


def decide(held: Claim, found: Sequence[Waiting]) -> Iterator[Decided]:
    """Read the records of these accounts, and decide what becomes of each, some at a time.

    Nothing is given out before all is read: what is put down counts as a step of the run.
    """
    taking = [each for each in found if each.takes_part]
    in_force, shapes = rules(), field_maps.shapes()
    sides = _read(held, taking, in_force, shapes)
    yield Decided(away={each.id: each.pending for each in found if not each.takes_part})
    for start in range(0, len(taking), _SLICE):
        part = taking[start : start + _SLICE]
        records = {each.id: {side: sides.of(side, each) for side in Side} for each in part}
        holders = ledger.holders(
            key for each in part for key in identities(each, records[each.id][Side.SALESFORCE])
        )
        away = {each.id: records[each.id][Side.SALESFORCE] for each in part if not each.link}
        links = {id_: (*_LINK, str(it["Id"])) for id_, it in away.items() if it}
        work = _Work(
            in_force, shapes, broken(in_force, shapes), sides, _others(holders),
            ledger.unlinked(links), account_sync_states.of([each.id for each in part]),
        )  # fmt: skip
        yield work.decided(part, records, holders)


def put_down(decided: Decided, run_id: int) -> None:
    """Inside a unit of work: keep what is offered, before any of it is written."""
    waiting = account_sync_states.of([*decided.offered, *decided.away], "pending", lock=True)
    now = {account: row.pending for account, row in waiting.items()}
    settled, offered = [], []
    for account, offer in decided.offered.items():
        if account in decided.settled:
            settled.append(account_sync_states.settled(account, now.get(account), offer, run_id))
        else:
            offered.append({"account_id": account, "offered": offer, "offered_run": run_id})
    account_sync_states.put_down(settled)
    account_sync_states.put_down(offered)
    account_sync_states.put_down(
        [
            {
                "account_id": each,
                "pending": account_sync_states.still(now.get(each), seen),
                "state": "",
                "cause": "",
            }
            for each, seen in decided.away.items()
        ]
    )


@dataclass(frozen=True)
class _Work:
    """All that it takes to decide about accounts one by one."""

    rules: Rules
    shapes: Shapes
    broken: Mapping[str, Text]
    sides: _Sides
    linked: Mapping[str, int]
    unlinked: frozenset[int]
    states: Mapping[int, Any]

    def decided(
        self,
        accounts: Iterable[Waiting],
        records: Mapping[int, Mapping[Side, Record | None]],
        holders: Mapping[tuple[str, str, str], ledger.Holder],
    ) -> Decided:
        decided = Decided()
        keys = {side: place.key for side, place in self.sides.places.items()}
        for each in accounts:
            merged, decided.offered[each.id] = self.account(each, records[each.id])
            made = rows_of(each, records[each.id], merged, holders, keys) if merged else []
            if not made:
                decided.settled.add(each.id)
            decided.rows += made
        return decided

    def account(
        self, each: Waiting, records: Mapping[Side, Record | None]
    ) -> tuple[Merged | None, dict[str, Any]]:
        """Return what becomes of an account, and what is offered to all sides."""
        state = self.states.get(each.id)
        kept: Kept = state.accepted if state else {}
        sent: Sent = state.offered.get("sent", {}) if state else {}
        offer = {"pending": each.pending or 0, "kept": kept, "sent": sent}
        unclear = self._unclear(each, records)
        if unclear:
            hashes = state.hashes if state else {}
            return None, offer | {"hashes": hashes, "problems": texts({"": unclear})}
        away = records[Side.SALESFORCE] or {}
        ids = {Side.INTACCT.value: each.number, Side.SALESFORCE.value: away.get("Id")}
        known = {side: id_ for side, id_ in ids.items() if id_}
        if _are_others(kept.get(_RECORDS, {}), known):
            kept, sent = {}, {}  # it says nothing of these records
        merged = merge(
            self.rules, self.shapes, each.values,
            records[Side.INTACCT], records[Side.SALESFORCE],
            kept=kept, sent=sent, references=self.sides.references,
            broken=self.broken, codes=self.sides.codes, create=self._create(each),
        )  # fmt: skip
        written = {Side.INTACCT: merged.intacct, Side.SALESFORCE: merged.salesforce}
        hashes = {
            side.value: content_hash(
                self.rules, self.shapes, side, {**(record or {}), **written[side]}
            )
            for side, record in records.items()
        }
        return merged, offer | {
            "kept": {**merged.kept, _RECORDS: known}, "sent": merged.sent, "hashes": hashes,
            "problems": texts(merged.problems, merged.torn),
            "alone": not any(records.values()) and not any(written.values()),
        }  # fmt: skip

    def _create(self, each: Waiting) -> frozenset[Side]:
        """Return where the account may be created: by a key only, so that it is not done twice."""
        wanted = sync_options.options().create if each.number else frozenset[Side]()
        known = INTACCT_ID in self.shapes.salesforce and not each.link
        return wanted if known else wanted - {Side.SALESFORCE}

    def _unclear(self, each: Waiting, records: Mapping[Side, Record | None]) -> Text | None:
        """Say why it is not certain which records the account is."""
        if each.number and each.number not in self.sides.unique:
            return Text(SHARED, {"number": each.number})
        if each.link and each.link not in self.sides.by_id:
            return Text(VANISHED)
        found = () if each.link else self.sides.numbered(each.number)
        if len(found) > 1:
            return Text(TWICE, {"number": each.number})
        if found and found[0][INTACCT_ID] != each.number:
            return Text(OTHER_CASE, {"number": each.number, "other": found[0][INTACCT_ID]})
        away = records[Side.SALESFORCE]
        if away and self.linked.get(str(away["Id"]), each.id) != each.id:
            return Text(TAKEN, {"number": each.number})
        if each.id in self.unlinked:
            return Text(UNLINKED)
        if each.number and each.customers and not records[Side.INTACCT]:
            gone = each.number in each.customers
            params = {"customer": each.customers[-1], "number": each.number}
            return Text(GONE if gone else RENUMBERED, params)
        return None


def _are_others(accepted: Mapping[str, str], known: Mapping[str, str]) -> bool:
    """Whether an account means other records than those of which something was accepted."""
    return any(accepted.get(side, id_) != id_ for side, id_ in known.items())


def _others(holders: Mapping[tuple[str, str, str], ledger.Holder]) -> dict[str, int]:
    """Return the living account that each record in Salesforce is linked to."""
    ids = {key[2]: each.account for key, each in holders.items() if key[:2] == _LINK}
    query = select(Account.id).where(
        is_one_of(Account.__table__.c.id, sorted({*ids.values()})), Account.deleted_at.is_(None)
    )
    living = set(session.scalars(query))
    return {id_: account for id_, account in ids.items() if account in living}


@dataclass(frozen=True)
class _Sides:
    """The records of some accounts on both sides, by number and by the id in Salesforce.

    Salesforce compares numbers without regard to case, ``by_number`` has them so.
    """

    intacct: Mapping[str, Record]
    by_id: Mapping[str, Record]
    by_number: Mapping[str, Sequence[Record]]
    unique: Mapping[str, int]
    places: Mapping[Side, Place]
    codes: Mapping[str, Mapping[str, str]]
    references: References = field(default_factory=References)

    def of(self, side: Side, account: Waiting) -> Record | None:
        """Return the record of an account, if it is clear which one that is."""
        if side is Side.INTACCT:
            return self.intacct.get(account.number)
        if account.link is not None:
            return self.by_id.get(account.link)
        found = self.numbered(account.number)
        return found[0] if len(found) == 1 else None

    def numbered(self, number: str) -> Sequence[Record]:
        """Return the records in Salesforce with a number, which it reads without regard to case."""
        return self.by_number.get(number.casefold(), ())


def _read(held: Claim, taking: Sequence[Waiting], in_force: Rules, shapes: Shapes) -> _Sides:
    """Read the records of some accounts on both sides, and those that they refer to."""
    numbers = [each.number for each in taking if each.number]
    unique = numbered(numbers)
    places = {side: place_of(side, in_force, shapes) for side in Side}
    there, here = places[Side.INTACCT], places[Side.SALESFORCE]
    with opened(Side.INTACCT, held) as connector:
        found = connector.read_some(there.object, there.fields, there.key, sorted(unique))
        intacct = {str(each[there.key]): each for each in found}
    codes = codes_of(in_force, taking, intacct.values())
    ids = [each.link for each in taking if each.link]
    unlinked = [each.number for each in taking if not each.link and each.number in unique]
    with opened(Side.SALESFORCE, held) as connector:
        by_id = {
            str(each["Id"]): each
            for each in connector.read_some(here.object, here.fields, "Id", ids)
        }
        by_number: dict[str, list[Record]] = {}
        if INTACCT_ID in here.fields:
            for each in connector.read_some(here.object, here.fields, INTACCT_ID, unlinked):
                by_number.setdefault(str(each[INTACCT_ID]).casefold(), []).append(each)
        sides = _Sides(intacct, by_id, by_number, unique, places, codes)
        wanted = [
            named(
                in_force, shapes, each.values,
                sides.of(Side.INTACCT, each), sides.of(Side.SALESFORCE, each), codes,
            )
            for each in taking
        ]  # fmt: skip
        return replace(sides, references=references(connector, wanted))
