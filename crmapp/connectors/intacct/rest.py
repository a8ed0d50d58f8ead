"""Sage Intacct by its REST API, as a connector."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crmapp.connectors.addresses import at_most
from crmapp.connectors.answers import not_whole
from crmapp.connectors.batches import Batch, Numbered, names_of
from crmapp.connectors.cursors import Place
from crmapp.connectors.door import Door, Speaker
from crmapp.connectors.errors import RowRejected
from crmapp.connectors.intacct.creation import of_new
from crmapp.connectors.intacct.model import description
from crmapp.connectors.intacct.refusals import Problem, failed
from crmapp.connectors.intacct.rest_errors import problems_in
from crmapp.connectors.intacct.rest_session import Call, Session
from crmapp.connectors.intacct.settings import IntacctRestSettings
from crmapp.connectors.intacct.values import (
    is_key,
    key_of,
    kinds_of,
    named,
    nested,
    path_of,
    record_of_json,
)
from crmapp.connectors.keys import each_once, in_parts
from crmapp.connectors.port import (
    Capabilities,
    Check,
    Cursor,
    Description,
    Page,
    Record,
    RowResult,
    TokenStore,
    Usage,
)

VERSION = "v1"
PAGE = 4000
"""Records in a page: the most that Intacct gives."""
BATCH = 500
"""Rows in one request that writes: the most that Intacct takes
(developer.sage.com/intacct/docs/developer-portal/guides/bulk-requests)."""
SLOWEST = 0.5
"""Seconds that Intacct may take for each row that it writes, before it answers."""
KEYS = 1000
"""Values that one ``$in`` compares with."""
QUICKLY = 10.0
KEY, STAMP = "key", "audit.modifiedDateTime"
CUSTOMER = "accounts-receivable/customer"
Filters = list[dict[str, dict[str, Any]]]


class IntacctRest(Speaker):
    """One Intacct company, by REST.

    ``usage`` counts what this object asked and wrote: the interface says nothing of its quota.
    """

    capabilities = Capabilities(delta=True, max_batch=1000, concurrency=2)

    def __init__(
        self,
        settings: IntacctRestSettings,
        door: Door,
        tokens: TokenStore,
        *,
        known: Iterable[Description] = (),
        page: int | None = None,
    ) -> None:
        super().__init__(door)
        self._settings = settings
        self._session = Session(settings, door, tokens)
        self._known = {each.object: each for each in known}
        self._page_size = page or PAGE
        self._written = 0

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in the log."""
        return self._session.secrets

    def check(self) -> Check:
        self._session.sign_in_anew()
        self._query(CUSTOMER, [KEY], size=1)
        return Check(
            organisation=self._settings.company,
            user=self._settings.user,
            version=VERSION,
            is_sandbox=self._settings.company.lower().endswith("-sandbox"),
        )

    def describe(self, object: str) -> Description:
        name = ("name", path_of(object))
        call = Call("GET", "services/core/model", (name, ("schema", "true")), object=object)
        model = self._session.send(call).get("ia::result")
        if not isinstance(model, Mapping):
            raise not_whole(str(model))
        self._known[object] = description(object, model)
        return self._known[object]

    def count(self, object: str) -> int:
        return int(self._query(object, [KEY], size=1)["ia::meta"]["totalCount"])

    def read(
        self, object: str, fields: Sequence[str], cursor: Cursor | None = None
    ) -> Iterator[Page]:
        """Read as the port says; records also have their ``key``, and when they were modified.

        An object that does not say when it was modified is read whole each time.
        """
        described = self._described(object)
        stamped = described.field(STAMP) is not None
        place = Place.of(cursor) if stamped or not (cursor or {}).get("since") else Place()
        chosen = list(dict.fromkeys([KEY, *([STAMP] if stamped else []), *map(named, fields)]))
        kinds = kinds_of(described, chosen)
        while True:
            before = datetime.now(UTC)
            rows, last = self._page(object, chosen, place)
            place = place.begun_at(min(before, self._session.now_there))
            if rows:
                stamp = str(rows[-1][STAMP]) if stamped else None
                place = place.after(stamp, str(rows[-1][KEY]))
            records = tuple(record_of_json(row, kinds) for row in rows)
            yield Page(records, place.finished() if last else place.cursor())
            if last:
                return

    def read_one(
        self, object: str, id: str, fields: Sequence[str], within: float | None = QUICKLY
    ) -> Record | None:
        if not is_key(id):
            return None
        with at_most(within):
            described = self._described(object)
            chosen = list(dict.fromkeys([KEY, *map(named, fields)]))
            answer = self._query(object, chosen, filters=[{"$eq": {KEY: id}}], size=1)
        rows = answer["ia::result"]
        return record_of_json(rows[0], kinds_of(described, chosen)) if rows else None

    def find(
        self, object: str, fields: Sequence[str], field: str, value: str, most: int = 10
    ) -> list[Record]:
        with at_most(QUICKLY):
            described = self._described(object)
            chosen = list(dict.fromkeys([KEY, *map(named, fields)]))
            where = [{"$eq": {named(field): value}}]
            answer = self._query(object, chosen, filters=where, size=most)
        kinds = kinds_of(described, chosen)
        return [record_of_json(row, kinds) for row in answer["ia::result"]]

    def read_some(
        self, object: str, fields: Sequence[str], field: str, values: Iterable[str]
    ) -> Iterator[Record]:
        wanted = each_once(values)
        if field == KEY:
            wanted = list(filter(is_key, wanted))
        if not wanted:
            return
        chosen = list(dict.fromkeys([KEY, named(field), *map(named, fields)]))
        kinds = kinds_of(self._described(object), chosen)
        for some in in_parts(wanted, KEYS):
            for rows in self._by_key(object, chosen, [{"$in": {field: list(some)}}]):
                yield from (record_of_json(row, kinds) for row in rows)

    def read_ids(self, object: str) -> Iterator[Sequence[str]]:
        for rows in self._by_key(object, [KEY]):
            yield [str(row[KEY]) for row in rows]

    def upsert(self, object: str, match_key: str, rows: Sequence[Record]) -> list[RowResult]:
        """Write as the port says.

        What is written is read along when it is asked what is there already: if a field is gone,
        that is told once, before anything is written, and not of each row.
        """
        batch = Batch(match_key, rows, key_of)
        waiting = batch.open()
        if not waiting:
            return batch.results()
        written = names_of(waiting)
        for start in range(0, len(waiting), KEYS):
            part = waiting[start : start + KEYS]
            keys = [key_of(each.row[match_key]) for each in part]
            there = self._keys(object, [KEY, match_key, *written], keys)
            known = {each.number: there.get(key_of(each.row[match_key])) for each in part}
            new = [each for each in part if known[each.number] is None]
            old = [each for each in part if known[each.number] is not None]
            for some in _batches(new):
                self._create(object, batch, some)
            for some in _batches(old):
                self._change(object, batch, some, known)
        return batch.results()

    def usage(self) -> Usage | None:
        used = self._session.requests + self._written
        return Usage(used, self._settings.monthly_limit, "month", datetime.now(UTC))

    def _described(self, object: str) -> Description:
        if object not in self._known:
            self.describe(object)
        return self._known[object]

    def _by_key(
        self, object: str, fields: Sequence[str], only: Filters | None = None
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Give out rows in pages, those that every filter of ``only`` lets through."""
        place, last = Place(), False
        while not last:
            rows, last = self._page(object, fields, place, only)
            if rows:
                place = place.after(None, str(rows[-1][KEY]))
                yield rows

    def _page(
        self, object: str, fields: Sequence[str], place: Place, only: Filters | None = None
    ) -> tuple[list[Mapping[str, Any]], bool]:
        """Return what comes after a place; never by an offset, for pages are no snapshot."""
        filters, expression = _filters(place)
        filters = [*(only or ()), *filters]
        order = [{STAMP: "asc"}, {KEY: "asc"}] if place.since else [{KEY: "asc"}]
        size = self._page_size
        answer = self._query(
            object, fields, filters=filters, expression=expression, order=order, size=size
        )
        rows, meta = answer["ia::result"], answer["ia::meta"]
        return rows, not rows or (meta["next"] is None if "next" in meta else len(rows) < size)

    def _query(
        self,
        object: str,
        fields: Sequence[str],
        *,
        filters: Filters | None = None,
        expression: str = "",
        order: Sequence[Mapping[str, str]] = (),
        size: int = PAGE,
    ) -> dict[str, Any]:
        question: dict[str, Any] = {
            "object": path_of(object),
            "fields": list(fields),
            "filterParameters": {"includePrivate": True},
            "size": size,
        }
        if filters:
            question["filters"] = filters
        if expression:
            question["filterExpression"] = expression
        if order:
            question["orderBy"] = list(order)
        call = Call("POST", "services/core/query", json=question, object=object)
        answer = self._session.send(call)
        if not isinstance(answer.get("ia::result"), list) or "ia::meta" not in answer:
            raise not_whole(str(answer))
        return dict(answer)

    def _keys(self, object: str, fields: Sequence[str], values: Sequence[str]) -> Mapping[str, str]:
        """Return the keys of the records that are there, by the second of ``fields``."""
        match_key = named(fields[1])
        filters: Filters = [{"$in": {match_key: list(values)}}]
        answer = self._query(object, list(dict.fromkeys(fields)), filters=filters)
        return {str(row[match_key]): str(row[KEY]) for row in answer["ia::result"]}

    def _create(self, object: str, batch: Batch, rows: Sequence[Numbered]) -> None:
        """Create rows; the key lets the door repeat what was cut without creating them twice."""
        payload = [nested(of_new(object, each.row)) for each in rows]
        call = Call(
            "POST",
            f"objects/{path_of(object)}",
            json=payload,
            object=object,
            idempotency_key=str(uuid.uuid4()),
            patience=SLOWEST * len(rows),
        )
        for each, told in self._told(call, rows):
            self._settle(batch, each, told, object, created=True)

    def _change(
        self, object: str, batch: Batch, rows: Sequence[Numbered], keys: Mapping[int, str | None]
    ) -> None:
        payload = [
            {KEY: keys[each.number], **nested(_without(batch.match_key, each.row))} for each in rows
        ]
        path, patience = f"objects/{path_of(object)}", SLOWEST * len(rows)
        call = Call("PATCH", path, json=payload, object=object, patience=patience)
        for each, told in self._told(call, rows):
            self._settle(batch, each, told, object, created=False)

    def _told(
        self, call: Call, rows: Sequence[Numbered]
    ) -> Iterator[tuple[Numbered, Mapping[str, Any]]]:
        """Send rows and give out what is told of each; one that spoils the request is found."""
        try:
            answer = self._session.send(call).get("ia::result")
        except RowRejected as error:
            if len(rows) == 1:
                yield rows[0], {"rejected": error}
                return
            half = len(rows) // 2
            for part in (slice(None, half), slice(half, None)):
                another = call.idempotency_key and str(uuid.uuid4())
                smaller = replace(call, json=call.json[part], idempotency_key=another)
                yield from self._told(smaller, rows[part])
            return
        if not isinstance(answer, list) or len(answer) != len(rows):
            raise not_whole(str(answer))
        yield from zip(rows, answer, strict=True)

    def _settle(
        self, batch: Batch, row: Numbered, told: Mapping[str, Any], object: str, *, created: bool
    ) -> None:
        if "rejected" in told:
            batch.settle(row, RowResult(error=told["rejected"]))
        elif "ia::error" in told or int(told.get("ia::status") or 200) >= 300:
            problems = problems_in(told) or (Problem(str(told.get("ia::status") or ""), ""),)
            batch.settle(row, failed(problems, object))
        else:
            self._written += 1
            batch.settle(row, RowResult(id=str(told["key"]), created=created))


def _batches(rows: Sequence[Numbered]) -> Iterator[Sequence[Numbered]]:
    return (rows[first : first + BATCH] for first in range(0, len(rows), BATCH))


def _filters(place: Place) -> tuple[Filters, str]:
    if place.since is None:
        return ([{"$gt": {KEY: place.key}}] if place.key else []), ""
    if place.stamp is None or place.key is None:
        since = place.since.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return [{"$gte": {STAMP: since}}], ""
    at, key = {STAMP: place.stamp}, {KEY: place.key}
    return [{"$gt": at}, {"$eq": at}, {"$gt": key}], "1 or (2 and 3)"


def _without(match_key: str, row: Record) -> Record:
    """Return what of a row may change: an id that is written once more may be refused."""
    return {name: value for name, value in row.items() if name != match_key}
