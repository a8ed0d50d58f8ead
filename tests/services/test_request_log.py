"""Requests to other systems are logged, grouped by what went wrong, and forgotten in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from crmapp.connectors.port import Exchange
from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.errors import NotFound
from crmapp.models import Connection, RequestLog
from crmapp.services import connections, request_log, sweeper
from crmapp.services.request_log import Journal
from tests.support.connections import connect, xml


@pytest.fixture
def row(make):
    connect("intacct", xml("http://127.0.0.1:1"), by=make.alice)
    return connections.of("intacct")


def put(row, *errors, at=None, status=400, count=1):
    identity = row.id
    values = {"method": "GET", "path": "/x", "seconds": 0.1, "sent": 0, "received": 9}
    rows = [
        values
        | {"connection_id": identity, "at": at or utcnow(), "status": status}
        | {"error": error, "detail": f"words of {error}"}
        for error in errors * count
    ]
    with unit_of_work():
        session.execute(insert(RequestLog), rows)


def exchange(**values):
    usual = {"at": utcnow(), "method": "GET", "path": "/x", "status": 200, "seconds": 0.1}
    return Exchange(**{**usual, "sent": 0, "received": 5, **values})


def count():
    session.rollback()
    return session.scalar(select(func.count()).select_from(RequestLog))


def test_errors_are_grouped_by_cause_the_latest_first(make, row):
    put(row, "INVALID_FIELD", "UNABLE_TO_LOCK_ROW", "INVALID_FIELD")
    put(row, "", status=200)
    put(row, "", status=500)
    put(row, "", status=None)

    found = request_log.causes("intacct", by=make.alice)

    assert [(each.code, each.count) for each in found] == [
        ("HTTP -", 1),
        ("HTTP 500", 1),
        ("INVALID_FIELD", 2),
        ("UNABLE_TO_LOCK_ROW", 1),
    ]
    assert found[2].detail == "words of INVALID_FIELD"


def test_one_code_with_several_states_is_one_cause(make, row):
    put(row, "BUSY", status=429)
    put(row, "BUSY", status=503)

    assert [each.count for each in request_log.causes("intacct", by=make.alice)] == [2]


@pytest.mark.parametrize(
    "asked, found",
    [
        ({}, ["", "", "B", "A", ""]),
        ({"errors": True}, ["", "B", "A"]),
        ({"cause": "A"}, ["A"]),
        ({"cause": "HTTP 500"}, [""]),
        ({"cause": "HTTP nonsense"}, []),
        ({"cause": "never met"}, []),
    ],
)
def test_requests_are_chosen_newest_first(make, row, asked, found):
    put(row, "", status=200)
    put(row, "A", "B")
    put(row, "", status=500)
    put(row, "", status=204)

    rows, older = request_log.listed("intacct", by=make.alice, **asked)

    assert [each.error for each in rows] == found
    assert older is None


def test_requests_come_in_pages(make, row):
    put(row, "A", count=request_log.PAGE + 3)

    first, older = request_log.listed("intacct", by=make.alice)
    second, end = request_log.listed("intacct", by=make.alice, before=older)

    assert (len(first), len(second), end) == (request_log.PAGE, 3, None)
    assert first[-1].id > second[0].id


def test_a_request_of_another_system_is_not_found(make, row):
    put(row, "A")
    number = session.scalars(select(RequestLog.id)).one()

    assert request_log.get("intacct", number, by=make.alice).error == "A"
    with pytest.raises(NotFound):
        request_log.get("salesforce", number, by=make.alice)


def test_a_long_run_writes_its_log_as_it_goes(row):
    journal = Journal(db.engine, row, budgeted=True)
    session.rollback()

    for _ in range(request_log.AT_ONCE + 1):
        journal.note(exchange())

    assert count() == request_log.AT_ONCE
    journal.write()
    assert count() == request_log.AT_ONCE + 1


def test_a_log_that_cannot_be_written_fails_nothing(make, row, caplog):
    journal = Journal(db.engine, row, budgeted=True)
    journal.note(exchange(path="x", seconds=object()))  # no database takes this

    journal.write()

    assert "1 requests to intacct are not logged" in caplog.text


def test_what_is_asked_over_a_connection_that_is_gone_is_not_logged(make, row):
    journal = Journal(db.engine, row, budgeted=True)
    connections.remove("intacct", version=1, by=make.alice)
    journal.note(exchange())

    journal.write()

    assert count() == 0


def test_two_who_count_at_once_lose_nothing(row, make):
    first, second = (Journal(db.engine, row, budgeted=True) for _ in range(2))
    session.rollback()
    for journal in (first, second, first):
        journal.note(exchange())
    first.write()
    second.write()

    assert make.again(Connection, row.id).usage["ours"] == 3


def test_a_week_is_kept(row):
    put(row, "old", at=utcnow() - timedelta(days=7, minutes=1), count=3)
    put(row, "new")

    sweeper.sweep()

    assert session.scalars(select(RequestLog.error)).all() == ["new"]


def test_not_more_than_the_most_is_kept_of_each_connection(row, make, monkeypatch):
    monkeypatch.setattr(request_log, "MOST", 5)
    connect("salesforce", xml("http://127.0.0.1:1"), by=make.alice)
    put(connections.of("salesforce"), "theirs", count=3)
    put(row, "ours", count=9)

    assert request_log.forget_old() == 4

    session.rollback()
    left = session.scalars(select(RequestLog.error)).all()
    assert (left.count("ours"), left.count("theirs")) == (5, 3)
    assert request_log.forget_old() == 0
