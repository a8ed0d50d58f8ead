"""The objects of REST: list, read, create, change and delete, one at a time or in a batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Response

from crmapp.connectors.sandbox.intacct import errors, records
from crmapp.connectors.sandbox.intacct.catalogue import Object
from crmapp.connectors.sandbox.intacct.company import Session, add_usage
from crmapp.connectors.sandbox.intacct.errors import Refused
from crmapp.connectors.sandbox.intacct.objects import Target, find
from crmapp.connectors.sandbox.intacct.rest import answers, shapes
from crmapp.connectors.sandbox.intacct.rest.answers import Failed
from crmapp.connectors.sandbox.intacct.search import Condition, Operator, Query, run
from crmapp.connectors.sandbox.intacct.values import moment

_MOST = 500  # items in a batch
_LISTED = 100
_SKIPPED = {
    "code": "unprocessed",
    "message": "Operation skipped due to atomic transaction failure",
}
Work = Callable[[Any], dict[str, Any]]


class RolledBack(Exception):
    """One item of an atomic batch failed; ``response`` says so of all."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


@dataclass(frozen=True)
class Resource:
    """One object, as somebody may see and change it over one connection."""

    object: Object
    who: Session
    connection: sqlite3.Connection
    now: datetime
    verb: str
    atomic: bool = False

    def listed(self, start: int = 1, size: int = _LISTED) -> Response:
        number, key = self._target("RECORDNO"), self._target(self.object.key)
        scope = self.who.scope()
        query = Query(self.object, (number, key), offset=start - 1, limit=size, scope=scope)
        found = run(self.connection, query)
        rows = [shapes.reference(self.object, row[0], row[1]) for row in found.rows]
        return answers.collection(rows, found.total, start, size)

    def one(self, key: str) -> Response:
        """Return one record with all that belongs to it.

        Raises:
            Failed: there is none.
        """
        shown = shapes.whole(self.object)
        where = Condition(self._target("RECORDNO"), Operator.EQUAL, (self._number(key),))
        targets = tuple(target for _path, target in shown)
        scope = self.who.scope(private=True)
        found = run(self.connection, Query(self.object, targets, where, limit=1, scope=scope))
        if not found.rows:
            raise self._none(key)
        return answers.result(shapes.nested(self.object, shown, found.rows[0]))

    def create(self, payload: Any) -> Response:
        """Create one record, or each of a list.

        Raises:
            Failed: the one is wrong.
            RolledBack: one of an atomic list is.
        """
        if isinstance(payload, list):
            return self._batch(payload, self._created, 201)
        return answers.result(self._guarded(self._created, payload), 201)

    def change(self, key: str, payload: Any) -> Response:
        """Change the fields that are given of one record; null empties one."""
        done = self._guarded(lambda given: self._changed(key, given), payload)
        return answers.result(done)

    def change_many(self, payload: Any) -> Response:
        """Change each of a list of records, which say their keys themselves."""
        if not isinstance(payload, list):
            raise answers.invalid("A PATCH request without a key requires a list")
        return self._batch(payload, self._changed_by_itself, 200)

    def delete(self, keys: str) -> Response:
        """Delete the records with these keys; several are divided by commas."""
        several = keys.split(",")
        if len(several) == 1:
            self._guarded(self._deleted, keys)
            return Response(status=204)
        return self._batch(several, self._deleted, 204)

    def _batch(self, items: list[Any], work: Work, status: int) -> Response:
        if not 1 <= len(items) <= _MOST:
            raise answers.invalid(f"A batch holds between 1 and {_MOST} items", "REST-1090")
        done: list[dict[str, Any]] = []
        for item in items:
            try:
                with _savepoint(self.connection):
                    done.append({**self._guarded(work, item), "ia::status": status})
            except Failed as failed:
                done.append({"ia::error": failed.error, "ia::status": failed.status})
                if self.atomic:
                    raise RolledBack(_all_failed(done, len(items))) from failed
        wrong = sum("ia::error" in each for each in done)
        if status == 204 and not wrong:
            return Response(status=204)
        if wrong == len(done):
            return answers.result(done, 400, failed=wrong)
        return answers.result(done, 207 if wrong else status, failed=wrong)

    def _guarded(self, work: Work, item: Any) -> dict[str, Any]:
        """Do one item, and say in REST's words why it cannot be done."""
        try:
            done = work(item)
        except Refused as refused:
            raise answers.refused(refused.problems, self.verb, self.object) from refused
        add_usage(self.connection, 1, self.now)
        return done

    def _created(self, payload: Any) -> dict[str, Any]:
        values = shapes.given(self.connection, self.object, _payload(payload))
        key = records.create(
            self.connection, self.object, values, at=moment(self.now), entity=self.who.entity
        )
        return shapes.reference(self.object, key.number, key.id)

    def _changed(self, key: str, payload: Any) -> dict[str, Any]:
        number = self._number(key)
        if not records.exists(self.connection, self.object, number):
            raise self._none(key)
        values = shapes.given(self.connection, self.object, _payload(payload))
        changed = records.update(self.connection, self.object, number, values, at=moment(self.now))
        return shapes.reference(self.object, changed.number, changed.id)

    def _changed_by_itself(self, payload: Any) -> dict[str, Any]:
        rest = dict(_payload(payload))
        return self._changed(str(rest.pop("key", "")), rest)

    def _deleted(self, key: str) -> dict[str, Any]:
        number = self._number(key)
        if not records.exists(self.connection, self.object, number):
            raise self._none(key)
        records.delete(self.connection, self.object, number)
        return {"key": key}

    def _number(self, key: str) -> int:
        return int(key) if key.isdigit() else -1

    def _none(self, key: str) -> Failed:
        return answers.refused([errors.not_found(self.object.label, key)], self.verb, self.object)

    def _target(self, id: str) -> Target:
        found = find(self.object, id)
        if found is None:
            raise LookupError(id)
        return found


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Take back what an item of a batch did if it fails."""
    connection.execute("SAVEPOINT item")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO item")
        raise
    finally:
        connection.execute("RELEASE item")


def _all_failed(done: list[dict[str, Any]], count: int) -> Response:
    """Say of each item of an atomic batch that it was not done, and of one why."""
    skipped = {"ia::error": _SKIPPED, "ia::status": 422}
    told = [each if "ia::error" in each else skipped for each in done]
    told += [skipped] * (count - len(told))
    return answers.result(told, 400, failed=count)


def _payload(payload: Any) -> Mapping[str, Any]:
    if not isinstance(payload, Mapping) or not payload:
        message = "The request requires a payload"
        raise answers.invalid(message, "REST-1028", "IA.REQUEST_REQUIRES_A_PAYLOAD")
    return payload
