"""THE door for writes: every change to a record goes through ``write``, set-based and logged.

Inside the caller's unit of work it checks versions, changes the rows, and writes the change log,
the lineage (field → change) and the ledger of identities. Nothing else in the house inserts,
updates or deletes a record, but for :mod:`crmapp.services.alike_rows`, which does what this would.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.schema import Table

from crmapp import origin
from crmapp.db import session, utcnow, writing
from crmapp.db.bulk import defaults_of, insert_rows, is_one_of, reserve_ids, update_rows
from crmapp.domain.changes import Action, Link, Outcome, Reason, Write, difference
from crmapp.domain.derived import SEARCHED, key_columns, searchable
from crmapp.domain.fields import freeze, is_custom, thaw
from crmapp.domain.planned import COMPLETION, completion
from crmapp.errors import Conflict, Invalid, NotFound
from crmapp.i18n import N_
from crmapp.models import (
    Account,
    Activity,
    Attachment,
    Change,
    Contact,
    PickList,
    PickListValue,
    Run,
    User,
)
from crmapp.models.account import Record
from crmapp.services import account_sync_states, audit, fields, pick_list_uses
from crmapp.services.ledger import LedgerBatch
from crmapp.services.number_claims import NumberClaims

OBJECTS: dict[type[Record], str] = {
    Account: "account",
    Contact: "contact",
    Activity: "activity",
    Attachment: "attachment",
    PickList: "pick_list",
    PickListValue: "pick_list_value",
}
MODELS: dict[str, type[Record]] = {name: model for model, name in OBJECTS.items()}
NAMES = {
    "account": "name",
    "contact": "last_name",
    "activity": "subject",
    "attachment": "name",
    "pick_list": "label_en",
    "pick_list_value": "label_en",
}
"""The column that names a record; of kinds that are not here it is ``name``."""
NUMBER_TAKEN = N_("Another account has this number. Enter a different one.")
STILL_HELD = N_("Records hold this value. Replace it in them first.")
_META = ("id", "version", "lineage", "deleted_at")
NUMBERED = frozenset({"number", "erp_company"})
_FOLLOWS = ("version", "lineage", "updated_at")
NO_LINKS: Sequence[Any] = ()
NO_VALUES: Mapping[str, Any] = MappingProxyType({})
_RESULTS = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.RESTORE: "restored",
}


def create(
    model: type[Record], values: Mapping[str, Any], *, by: User, source: Mapping[str, Any]
) -> int:
    """Create one record for a person and return its id.

    Raises:
        Invalid: the number is taken.
    """
    return one(model, Write(Action.CREATE, values, source=source), by=by)


def update(
    model: type[Record],
    record_id: int,
    values: Mapping[str, Any],
    *,
    version: int | None,
    by: User,
    source: Mapping[str, Any],
) -> None:
    """Change one record for a person who saw ``version`` of it.

    Raises:
        Conflict: somebody changed the record since; ``theirs`` holds the present values.
        Invalid: the number is taken.
        NotFound: the record is gone.
    """
    one(model, Write(Action.UPDATE, values, record_id, version, source), by=by)


def delete(model: type[Record], record_id: int, *, by: User, version: int | None = None) -> None:
    """Delete a record softly: its history stays and its number is free again.

    Raises:
        Conflict: it is not at ``version`` any more.
        Invalid: it is a value of a pick list that records hold.
    """
    one(model, Write(Action.DELETE, {}, record_id, version, {"kind": "form"}), by=by)


def restore(
    model: type[Record], record_id: int, values: Mapping[str, Any] = NO_VALUES, *, by: User
) -> None:
    """Bring a deleted record back, changed by ``values``.

    Raises:
        Invalid: the number is taken.
    """
    one(model, Write(Action.RESTORE, values, record_id, None, {"kind": "form"}), by=by)


def one(model: type[Record], write_: Write, *, by: User) -> int:
    """Apply one write for a person, with the errors of all the above; return the record's id."""
    (outcome,) = write(model, [write_], by=by)
    if outcome.reason is Reason.CHANGED_SINCE:
        raise _conflict(model, write_.record_id or 0, write_.values)
    if outcome.reason is Reason.NUMBER_TAKEN:
        raise Invalid({"number": NUMBER_TAKEN})
    if outcome.reason is Reason.STILL_HELD:
        raise Invalid({"": STILL_HELD})
    if outcome.reason is not None:
        raise NotFound
    return cast("int", outcome.record_id)


def _conflict(model: type[Record], record_id: int, names: Iterable[str]) -> Conflict:
    """Return the conflict with what the fields ``names`` hold now."""
    custom = [name for name in names if is_custom(name)]
    now = _lock(table_of(model), [record_id], _columns(names))[record_id]
    specs = fields.every(OBJECTS[model])
    own = {name: thaw(specs[name], now["custom"].get(name)) for name in custom}
    return Conflict({name: (now | own)[name] for name in names}, version=now["version"])


def write(
    model: type[Record],
    writes: Sequence[Write],
    *,
    by: User | None = None,
    run: Run | None = None,
) -> list[Outcome]:
    """Apply ``writes`` to the records of ``model`` and return what became of each, in order.

    A write whose record was changed or deleted since it was seen is skipped, with the reason; the
    others are done. Expects a unit of work around it, and each record at most once in ``writes``.
    """
    if not writing():
        raise RuntimeError("records are written inside unit_of_work()")
    batch = _Batch(model, by=by, run=run)
    batch.read(writes)
    outcomes = [batch.take(each) for each in writes]
    batch.flush()
    session.expire_all()
    return outcomes


@dataclass
class _Batch:
    """The rows of one call of :func:`write` on their way to the tables."""

    model: type[Record]
    by: User | None
    run: Run | None
    at: datetime = field(default_factory=utcnow)
    current: dict[int, dict[str, Any]] = field(default_factory=dict)
    numbers: NumberClaims = field(default_factory=NumberClaims)
    fresh_ids: list[int] = field(default_factory=list)
    change_ids: list[int] = field(default_factory=list)
    custom: set[str] = field(default_factory=set)
    inserts: list[dict[str, Any]] = field(default_factory=list)
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)
    touched: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = LedgerBatch(self.at)
        self.table = table_of(self.model)
        self.object = OBJECTS[self.model]
        self.by_id = self.by.id if self.by else None
        self.run_id = self.run.id if self.run else None
        self.origin_id = audit.place_of_changes(self.by)

    def read(self, writes: Sequence[Write]) -> None:
        """Lock and read what is there, and set aside the ids that will be needed."""
        ids = [each.record_id for each in writes if each.record_id is not None]
        if len(set(ids)) < len(ids):
            raise ValueError("one record twice in one batch")
        touched = {name for each in writes for name in each.values}
        actions = {each.action for each in writes}
        self.searched = fields.searched(self.object)
        self.found_by = frozenset((*SEARCHED[self.object], *self.searched))
        if Action.CREATE not in actions and self.found_by.isdisjoint(touched):
            self.searched, self.found_by = (), frozenset()  # the search finds them as before
        self.every = frozenset((*self.table.c.keys(), *self.searched))
        wanted = touched | self.found_by
        self.custom = {name for name in wanted if is_custom(name)}
        self.defaults = dict.fromkeys(touched & {*self.table.c.keys()}) | defaults_of(self.table)
        self.defaults |= {"version": 1, "created_at": self.at, "updated_at": self.at}
        self.renumbers = self.model is Account and (
            Action.RESTORE in actions or not NUMBERED.isdisjoint(touched)
        )
        if self.renumbers:
            wanted |= {*NUMBERED, "replaced_by"}
        if self.model is Activity and "status" in touched:
            wanted.update(COMPLETION)
        if self.model is PickListValue:
            wanted |= {"list_code", "code"}
        self.current = _lock(self.table, ids, _columns(sorted(wanted)))
        if self.custom:
            for now in self.current.values():
                now |= {name: now["custom"].get(name) for name in self.custom}
        creates = sum(each.action is Action.CREATE for each in writes)
        self.fresh_ids = reserve_ids(self.table, creates)[::-1] if creates else []
        self.change_ids = reserve_ids(table_of(Change), len(writes))[::-1]
        if self.renumbers:
            self.numbers.read(writes, self.current)
        if self.model is Account:
            self.ledger.read(writes)

    def take(self, each: Write) -> Outcome:
        if each.action is Action.CREATE:
            return self._create(each)
        now = self.current.get(each.record_id or 0)
        if now is None or (now["deleted_at"] is not None) != (each.action is Action.RESTORE):
            return Outcome(each, "skipped", each.record_id, Reason.GONE)
        if each.version is not None and each.version != now["version"]:
            return Outcome(each, "skipped", each.record_id, Reason.CHANGED_SINCE)
        if each.action is Action.DELETE and self._is_held(now):
            return Outcome(each, "skipped", each.record_id, Reason.STILL_HELD)
        return self._change(each, now)

    def _create(self, each: Write) -> Outcome:
        values = {n: v for n, v in self._kept(each.values).items() if v is not None}
        if self.model is Account and not self.numbers.take(values, None):
            return Outcome(each, "skipped", None, Reason.NUMBER_TAKEN)
        record_id, change_id = self.fresh_ids.pop(), self.change_ids.pop()
        changed = {name: [None, freeze(value)] for name, value in values.items()}
        row = self._finish({**self.defaults, **values}, {})
        row |= self._derived(values, self.every)
        if self.model is Activity:
            row |= dict.fromkeys(COMPLETION) | self._completion({}, row)
        row["id"], row["lineage"] = record_id, dict.fromkeys(changed, change_id)
        self.inserts.append(row)
        links = self.ledger.moves(each, record_id)
        self._log(each, change_id, record_id, 1, changed, links)
        return Outcome(each, "created", record_id, None, change_id)

    def _change(self, each: Write, now: dict[str, Any]) -> Outcome:
        values, links = self._kept(each.values), self.ledger.moves(each, now["id"])
        if each.action is Action.RESTORE and now.get("replaced_by"):
            values = {**values, "replaced_by": None}  # who is back is nobody else
        changed = difference(now, values)
        if each.action is Action.UPDATE and not changed:
            return self._link(each, now, links)
        after = {**now, **values}
        if self._may_clash(each, changed) and not self.numbers.take(after, now["id"]):
            return Outcome(each, "skipped", now["id"], Reason.NUMBER_TAKEN)
        change_id, version = self.change_ids.pop(), now["version"] + 1
        derived = self._derived(after, changed)
        also, row = tuple(derived), self._finish(after | derived if derived else after, now)
        row["lineage"] = now["lineage"] | dict.fromkeys(changed, change_id)
        row["version"], row["updated_at"] = version, self.at
        row["deleted_at"] = self.at if each.action is Action.DELETE else None
        self.touched.setdefault(also, set()).update(changed)
        if self.model is Activity and "status" in changed:
            row |= self._completion(now, after)
            self.touched[also].update(COMPLETION)
        self.updates.setdefault(also, []).append(row)
        self._log(each, change_id, now["id"], version, changed, links)
        return Outcome(each, _RESULTS[each.action], now["id"], None, change_id)

    def _link(self, each: Write, now: dict[str, Any], links: Sequence[Link]) -> Outcome:
        """Change only what external ids mean: the account's values and its version stay."""
        if not links:
            return Outcome(each, "unchanged", now["id"])
        change_id = self.change_ids.pop()
        self._log(each, change_id, now["id"], now["version"], {}, links, "linked")
        return Outcome(each, "linked", now["id"], None, change_id)

    def _is_held(self, now: Mapping[str, Any]) -> bool:
        """Whether it is a value of a pick list that living records hold."""
        return self.model is PickListValue and pick_list_uses.is_held(now["list_code"], now["code"])

    def _may_clash(self, each: Write, changed: Mapping[str, Any]) -> bool:
        """Whether an account gets a number that another one may have."""
        return self.renumbers and (
            each.action is Action.RESTORE or not NUMBERED.isdisjoint(changed)
        )

    def _kept(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values with those of custom fields as JSON keeps them."""
        if not self.custom:
            return values
        return {n: freeze(v) if n in self.custom else v for n, v in values.items()}

    def _derived(self, values: Mapping[str, Any], changed: Collection[str]) -> dict[str, Any]:
        """Return the columns that follow from the fields ``changed``."""
        if self.found_by.isdisjoint(changed):
            return {}
        found = key_columns(self.object, values, changed)
        return found | searchable(self.object, values, self.searched)

    def _finish(self, row: dict[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
        """Make columns of the values in ``row``."""
        if self.custom:
            own = {**now.get("custom", {}), **{n: row.pop(n, None) for n in self.custom}}
            row["custom"] = {name: value for name, value in own.items() if value is not None}
        return row

    def _completion(self, now: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Return when and by whom an activity was completed, if its status says so anew."""
        by_id = self.run.by_id if self.run else self.by_id
        return completion(now, after, self.at, by_id)

    def _log(
        self,
        each: Write,
        change_id: int,
        record_id: int,
        version: int,
        changed: dict[str, Any],
        links: Sequence[Link],
        action: str = "",
    ) -> None:
        self.changes.append(
            {
                "id": change_id,
                "object": self.object,
                "record_id": record_id,
                "action": action or _RESULTS[each.action],
                "fields": changed,
                "links": [*map(list, links)] if links else NO_LINKS,
                "source": origin.told(each.source),
                "version": version,
                "run_id": self.run_id,
                "by_id": self.by_id,
                "at": self.at,
                "origin_id": self.origin_id,
            }
        )
        self.ledger.set(links, change_id)

    def flush(self) -> None:
        self.numbers.release(self.at)
        insert_rows(self.table, self.inserts)
        gone = any(each["action"] in ("deleted", "restored") for each in self.changes)
        for also, rows in self.updates.items():
            names = {*_columns(self.touched[also]), *also, *_FOLLOWS}
            names |= {"deleted_at"} if gone else set()
            update_rows(self.table, rows, sorted(names))
        insert_rows(Change.__table__, self.changes)  # type: ignore[arg-type]  # a Table
        self.ledger.flush()
        if self.model is Account:
            account_sync_states.changed_here(self.changes, self.at)


def _lock(
    table: Table, ids: Iterable[int | None], names: Sequence[str]
) -> dict[int, dict[str, Any]]:
    """Read the rows ``ids`` for writing, in the order of their ids so that nobody deadlocks."""
    wanted = [each for each in ids if each is not None]
    if not wanted:
        return {}
    columns = list(dict.fromkeys((*_META, *names)))  # the id is the first
    query = (
        select(*(table.c[name] for name in columns))
        .where(is_one_of(table.c.id, wanted))
        .order_by(table.c.id)
        .with_for_update()
    )
    found = session.execute(query).all()
    return {row[0]: dict(zip(columns, row, strict=True)) for row in found}


def _columns(names: Iterable[str]) -> list[str]:
    """Return the columns that hold the fields ``names``."""
    return list(dict.fromkeys("custom" if is_custom(name) else name for name in names))


def table_of(model: type[Any]) -> Table:
    """Return the table of a kind of record."""
    return cast("Table", model.__table__)
