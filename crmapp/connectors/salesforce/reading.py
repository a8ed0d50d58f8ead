"""Reading from Salesforce in an order that a reading can be continued in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from crmapp.connectors.cursors import Place, now_there
from crmapp.connectors.errors import ConfigBroken, RowRejected
from crmapp.connectors.port import Cursor, Description, Page, Record
from crmapp.connectors.salesforce.session import Call, Session
from crmapp.connectors.salesforce.values import kinds_of, moment, named, quoted, record, stamp
from crmapp.i18n import N_, Text

PAGE = 2000
"""Records in a page: the most that Salesforce gives."""
STAMP = "SystemModstamp"
ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
LONGEST = 13_500
"""Characters of an encoded question: over 16,384 bytes with the headers it is refused (431), and
tokens that are JWTs take two thousand of them."""


@dataclass(frozen=True)
class Question:
    """A question in SOQL."""

    fields: tuple[str, ...]
    object: str
    where: str = ""
    order: str = ""

    def __str__(self) -> str:
        parts = [f"SELECT {', '.join(self.fields)} FROM {self.object}"]  # noqa: S608 - checked names
        if self.where:
            parts.append(f"WHERE {self.where}")
        if self.order:
            parts.append(f"ORDER BY {self.order}")
        return " ".join(parts)

    @property
    def length(self) -> int:
        """How many characters of an address it takes."""
        return len(quote_plus(str(self)))


def asked(object: str, fields: Sequence[str], *more: str) -> tuple[str, ...]:
    """Return the fields to select, each once."""
    return tuple(dict.fromkeys(map(named, ("Id", *more, *fields))))


def read(
    session: Session,
    described: Description,
    object: str,
    fields: Sequence[str],
    cursor: Cursor | None,
    size: int,
) -> Iterator[Page]:
    """Give out all records by id, or those changed since ``cursor`` by the time of their change."""
    place = Place.of(cursor)
    chosen = asked(object, fields, STAMP)
    kinds = kinds_of(described, chosen)
    while True:
        question = Question(chosen, named(object), _where(place), _order(place))
        if question.length > LONGEST:
            raise too_many_fields(object)
        before = datetime.now(UTC)
        try:
            for answered in _answers(session, question, size):
                place = place.begun_at(min(before, now_there(answered.headers)))
                rows = [record(row, kinds) for row in answered.rows]
                if rows:
                    place = place.after(_stamp_of(answered.rows[-1]), rows[-1]["Id"])
                yield Page(tuple(rows), place.finished() if answered.last else place.cursor())
        except _LocatorGone:
            continue  # asked anew from where the last page ended
        return


def too_many_fields(object: str) -> ConfigBroken:
    return ConfigBroken(
        Text(
            N_("Too many fields of %(object)s are read at once. Choose fewer."), {"object": object}
        )
    )


class _LocatorGone(Exception):
    """The server no longer keeps the rest of an answer."""


@dataclass(frozen=True)
class _Answered:
    rows: Sequence[Mapping[str, Any]]
    last: bool
    headers: Mapping[str, str]


def _answers(
    session: Session, question: Question, size: int, first: Mapping[str, Any] | None = None
) -> Iterator[_Answered]:
    """Give out the pages of an answer, which the server keeps for two days.

    ``first`` is the first page if it is there already.
    """
    batch = batch_size(size)
    if first is None:
        call = Call("GET", "query", (("q", str(question)),), headers=batch, object=question.object)
        answer = session.send(call)
        body, headers = answer.json(), answer.headers
    else:
        body, headers = first, {}
    while True:
        last = bool(body["done"]) or not body.get("nextRecordsUrl")
        yield _Answered(body["records"], last, headers)
        if last:
            return
        call = Call("GET", body["nextRecordsUrl"], headers=batch)
        try:
            answer = session.send(call)
        except RowRejected as error:
            if error.code == "INVALID_QUERY_LOCATOR":
                raise _LocatorGone from error
            raise
        body, headers = answer.json(), answer.headers


def batch_size(size: int) -> dict[str, str]:
    """Return the header that says how many records a page may have."""
    return {"Sforce-Query-Options": f"batchSize={size}"}


def _where(place: Place) -> str:
    if place.since is None:
        return f"Id > {quoted(place.key)}" if place.key else ""
    if place.stamp is None or place.key is None:
        return f"{STAMP} >= {stamp(place.since)}"
    at = stamp(moment(place.stamp))
    return f"{STAMP} >= {at} AND ({STAMP} > {at} OR Id > {quoted(place.key)})"


def _order(place: Place) -> str:
    return f"{STAMP}, Id" if place.since else "Id"


def _stamp_of(row: Mapping[str, Any]) -> str:
    return str(row[STAMP])


def read_ids(session: Session, object: str, size: int) -> Iterator[Sequence[str]]:
    """Give out the ids of all records in pages."""
    for rows in by_id(session, Question(("Id",), named(object)), size):
        yield [str(row["Id"]) for row in rows]


def by_id(
    session: Session, question: Question, size: int, first: Mapping[str, Any] | None = None
) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Give out the rows of an answer in pages, asked anew after the last one if need be.

    ``first`` is the first page if it is there already, as :func:`ordered` has it asked for.
    """
    last = ""
    while True:
        after = f"Id > {quoted(last)}" if last else ""
        where = " AND ".join(filter(None, (question.where, after)))
        asked_now = ordered(replace(question, where=where))
        try:
            for answered in _answers(session, asked_now, size, first):
                if answered.rows:
                    last = str(answered.rows[-1]["Id"])
                    yield answered.rows
        except _LocatorGone:
            first = None
            continue
        return


def ordered(question: Question) -> Question:
    """Return a question whose answer can be continued after any row."""
    return replace(question, order="Id")


def read_one(
    session: Session,
    described: Description,
    object: str,
    id: str,
    fields: Sequence[str],
) -> Record | None:
    """Return one record with the names behind its references, in one request if they fit in one."""
    if not ID.fullmatch(id):
        return None
    found: dict[str, Any] = {}
    for question in _split(
        Question(asked(object, fields, STAMP), named(object), f"Id = {quoted(id)}")
    ):
        call = Call("GET", "query", (("q", str(question)),), object=question.object)
        rows = session.send(call).json()["records"]
        if not rows:
            return None
        found |= record(rows[0], kinds_of(described, question.fields))
    return found


def find(
    session: Session,
    described: Description,
    fields: Sequence[str],
    wanted: tuple[str, str],
    most: int,
) -> list[Record]:
    """Return the first records whose field has a value: ``wanted`` is the two of them."""
    field, value = wanted
    question = Question(
        asked(described.object, fields),
        named(described.object),
        f"{named(field)} = {quoted(value)}",
        f"Id LIMIT {most}",
    )
    call = Call("GET", "query", (("q", str(question)),), object=question.object)
    kinds = kinds_of(described, question.fields)
    return [record(row, kinds) for row in session.send(call).json()["records"]]


def _split(question: Question) -> list[Question]:
    if question.length <= LONGEST or len(question.fields) < 2:
        return [question]
    half = len(question.fields) // 2
    parts = (question.fields[:half], question.fields[half:])
    return [one for part in parts for one in _split(replace(question, fields=part))]


def count(session: Session, object: str) -> int:
    """Return how many records there are."""
    question = f"SELECT COUNT() FROM {named(object)}"  # noqa: S608 - a checked name
    return int(session.get("query", ("q", question), object=object)["totalSize"])
