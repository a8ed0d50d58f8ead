"""Reading the records of Salesforce that have one of many values, in as few requests as can be.

Records are read by their ids with sObject Collections, which takes 2,000 ids in its body and may
be asked for plain fields alone. All else is asked in SOQL, and there is no request that takes a
question of SOQL as its body: it stands in an address, which holds 16 KB. Several questions go
as parts of one Composite request, whose body holds five of them and counts as one request; so says
Salesforce Help 000386264 of questions that are too long. What a part's address may hold at
most is written nowhere, so that each is kept as short as one that goes alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

from crmapp.connectors.answers import Answer, not_whole
from crmapp.connectors.errors import RowRejected
from crmapp.connectors.port import Description, Record, RemoteKind
from crmapp.connectors.salesforce.reading import (
    ID,
    LONGEST,
    Question,
    asked,
    batch_size,
    by_id,
    ordered,
    too_many_fields,
)
from crmapp.connectors.salesforce.refusals import refused
from crmapp.connectors.salesforce.session import Call, Session
from crmapp.connectors.salesforce.values import kinds_of, named, quoted, record

IDS = 2000
"""Ids in one request of Collections: the most that Salesforce takes."""
QUESTIONS = 5
"""Questions in one Composite request: the most that Salesforce takes."""
Row = Mapping[str, Any]


def read_some(
    session: Session,
    described: Description,
    fields: Sequence[str],
    wanted: tuple[str, Sequence[str]],
    size: int,
) -> Iterator[Record]:
    """Give out the records whose field has one of several values: ``wanted`` is these two.

    A record is given out once, though values that differ only in case ask for it several times.
    """
    field, values = wanted
    chosen = asked(described.object, fields, field)
    kinds = kinds_of(described, chosen)
    if kinds[field] in (RemoteKind.ID, RemoteKind.REFERENCE):
        values = list(filter(ID.fullmatch, values))  # any other is refused, with all the rest
    question = Question(chosen, named(described.object))
    if field == "Id" and not any("." in name for name in chosen):
        rows = _of_ids(session, question, values)
    else:
        rows = _of_values(session, question, (field, values), size)
    given = set[str]()
    for row in rows:
        if row["Id"] not in given:
            given.add(row["Id"])
            yield record(row, kinds)


def _of_ids(session: Session, question: Question, ids: Sequence[str]) -> Iterator[Row]:
    for start in range(0, len(ids), IDS):
        yield from _retrieved(session, question, ids[start : start + IDS])


def _retrieved(session: Session, question: Question, ids: Sequence[str]) -> Iterator[Row]:
    """Give out the records of some ids; those that are not there, or deleted, are null."""
    path = f"composite/sobjects/{question.object}"
    body = {"ids": list(ids), "fields": list(question.fields)}
    try:
        answer = session.send(Call("POST", path, json=body, object=question.object)).json()
    except RowRejected as error:
        # An id that is none makes it refuse all of them, though the guide says that it is null.
        if error.code != "MALFORMED_ID":
            raise
        if len(ids) > 1:
            half = len(ids) // 2
            yield from _retrieved(session, question, ids[:half])
            yield from _retrieved(session, question, ids[half:])
        return
    if not isinstance(answer, list) or len(answer) != len(ids):
        raise not_whole(str(answer))
    for place, row in enumerate(answer):
        answer[place] = None  # so many records are not to be held twice
        if row is not None:
            yield row


def _of_values(
    session: Session, question: Question, wanted: tuple[str, Sequence[str]], size: int
) -> Iterator[Row]:
    every = list(_for_some(question, *wanted))
    for start in range(0, len(every), QUESTIONS):
        together = every[start : start + QUESTIONS]
        pages = _first_pages(session, together, size) if len(together) > 1 else (None,)
        for each, first in zip(together, pages, strict=True):
            for page in by_id(session, each, size, first):
                yield from page


def _for_some(question: Question, field: str, values: Sequence[str]) -> Iterator[Question]:
    """Give out the question for some of the values at a time, as many as an address holds."""
    longest = f"{field} IN () AND Id > {quoted('0' * 18)}"
    room = LONGEST - ordered(replace(question, where=longest)).length
    some, length = list[str](), 0
    for value in map(quoted, values):
        more = len(quote_plus(f"{value},"))
        if more > room:
            raise too_many_fields(question.object)
        if length + more > room:
            yield replace(question, where=f"{field} IN ({','.join(some)})")
            some, length = [], 0
        some.append(value)
        length += more
    if some:
        yield replace(question, where=f"{field} IN ({','.join(some)})")


def _first_pages(session: Session, questions: Sequence[Question], size: int) -> Iterator[Row]:
    """Give out the first page of the answer to each of several questions, asked in one request."""
    parts = [
        {
            "method": "GET",
            "url": f"{session.whole('query')}?q={quote_plus(str(ordered(each)))}",
            "httpHeaders": batch_size(size),
            "referenceId": f"question{place}",
        }
        for place, each in enumerate(questions)
    ]
    object_ = questions[0].object
    call = Call("POST", "composite", json={"compositeRequest": parts}, object=object_)
    answer = session.send(call).json()
    told = answer.get("compositeResponse") if isinstance(answer, dict) else None
    if not isinstance(told, list) or len(told) != len(parts):
        raise not_whole(str(answer))
    for each in told:  # in the order of the questions
        if not 200 <= each["httpStatusCode"] < 300:
            body = json.dumps(each["body"], default=str).encode()
            raise refused(Answer(each["httpStatusCode"], {}, body), object_)
        yield each["body"]
