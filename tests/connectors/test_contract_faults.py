"""What every connector does when something goes wrong, tried against its pretend system."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from crmapp.connectors.errors import (
    AuthFailed,
    Cause,
    ConnectorError,
    QuotaExceeded,
    Retryable,
    Unreachable,
)
from crmapp.connectors.sandbox.faults import Kind
from tests.connectors.stores import InMemory

PASSING = [Kind.CUT, Kind.HALF, Kind.CUT_AFTER, Kind.UNAVAILABLE]


@pytest.fixture
def connector(subject):
    """A connector that has signed in and knows its object."""
    subject.fill()
    connector = subject.connect(page=subject.page)
    connector.describe(subject.object)
    return connector


def ids(subject, pages):
    return {str(record[subject.id]) for page in pages for record in page.records}


@pytest.mark.parametrize("kind", PASSING)
def test_a_reading_outlasts_what_goes_wrong_once(subject, connector, kind):
    every = ids(subject, connector.read(subject.object, subject.fields))
    subject.fault(kind, after=1)

    pages = list(connector.read(subject.object, subject.fields))

    assert ids(subject, pages) == every
    assert subject.app.faults.listed()[0].fired == 1


@pytest.mark.parametrize("kind", PASSING)
def test_a_reading_of_some_outlasts_what_goes_wrong_once(subject, connector, kind):
    connector.upsert(subject.object, subject.match, subject.rows(3))
    subject.fault(kind)

    found = connector.read_some(subject.object, [], subject.match, ["T-0000", "T-0002", "T-0009"])

    assert sorted(record[subject.match] for record in found) == ["T-0000", "T-0002"]
    assert subject.app.faults.listed()[0].fired == 1


@pytest.mark.parametrize("kind", [*PASSING, Kind.SERVER_ERROR, Kind.THROTTLED])
def test_what_stays_wrong_is_for_later(subject, connector, kind):
    subject.fault(kind, times=None, seconds=120 if kind is Kind.THROTTLED else 0)

    with pytest.raises(Retryable) as failed:
        list(connector.read(subject.object, subject.fields))

    cut = (Kind.CUT, Kind.HALF, Kind.CUT_AFTER)
    assert isinstance(failed.value, Unreachable) is (kind in cut)
    assert failed.value.after == (120 if kind is Kind.THROTTLED else None)


def test_a_short_wait_that_is_asked_for_is_waited(subject, connector):
    subject.fault(Kind.THROTTLED, seconds=3)

    connector.count(subject.object)

    assert subject.pauses
    assert subject.pauses[0] >= 3


def test_a_used_up_quota_is_not_asked_again(subject, connector):
    subject.fault(Kind.QUOTA, times=None)
    asked = len(subject.log)

    with pytest.raises(QuotaExceeded):
        connector.count(subject.object)

    assert len(subject.log) == asked + 1


def test_a_session_that_ran_out_is_renewed_once(subject):
    tokens = InMemory()
    connector = subject.connect(tokens)
    count = connector.count(subject.object)
    first = tokens.kept.access
    subject.fault(Kind.UNAUTHORIZED)

    assert connector.count(subject.object) == count

    assert (tokens.sign_ins, tokens.kept.access == first) == (2, False)


def test_a_session_that_is_never_good_ends_in_a_failure(subject, connector):
    asked = len(subject.log)
    subject.fault(Kind.UNAUTHORIZED, times=None)

    with pytest.raises(AuthFailed):
        connector.count(subject.object)

    assert len(subject.log) <= asked + 3


def test_many_threads_renew_a_session_once(subject):
    tokens = InMemory()
    connectors = [subject.connect(tokens) for _ in range(2)]
    connectors[0].describe(subject.object)
    refused = tokens.kept.access
    together = threading.Barrier(2)
    signed = []

    def renew(connector):
        session = getattr(connector, "_session", None) or connector._gateway
        together.wait()
        signed.append(tokens.renew(refused, session._sign_in).access)

    threads = [threading.Thread(target=renew, args=[each]) for each in connectors]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(set(signed)) == 1
    assert tokens.sign_ins == 2


def test_a_slow_system_is_left_in_time(subject, connector):
    subject.fault(Kind.SLOW, seconds=2.0, times=None)

    with pytest.raises(Unreachable) as failed:
        connector.read_one(subject.object, subject.nobody, subject.fields, within=0.3)

    assert failed.value.cause is Cause.TIME


@pytest.mark.parametrize("kind", [Kind.CUT, Kind.CUT_AFTER, Kind.HALF])
@pytest.mark.parametrize("after", [0, 1])
def test_rows_whose_answer_was_cut_are_not_written_twice(subject, connector, kind, after):
    before = connector.count(subject.object)
    rows = subject.rows(5)
    subject.fault(kind, after=after)

    with suppress(Unreachable):
        connector.upsert(subject.object, subject.match, rows)
    results = connector.upsert(subject.object, subject.match, rows)

    assert all(result.id for result in results)
    assert connector.count(subject.object) == before + 5


def test_a_delivery_that_comes_twice_writes_once(subject, connector):
    before = connector.count(subject.object)
    subject.fault(Kind.TWICE, times=None)

    with suppress(ConnectorError):
        connector.upsert(subject.object, subject.match, subject.rows(3))
    subject.well()
    results = connector.upsert(subject.object, subject.match, subject.rows(3))

    assert all(result.id for result in results)
    assert connector.count(subject.object) == before + 3


def test_a_locked_row_may_be_sent_again(subject, connector):
    connector.upsert(subject.object, subject.match, [subject.row(1)])
    subject.fault(Kind.LOCK_ROW, times=None)

    try:
        results = connector.upsert(subject.object, subject.match, [subject.row(1)])
    except Retryable:
        results = []
    subject.well()

    assert all(result.retry and result.error for result in results)
    assert connector.upsert(subject.object, subject.match, [subject.row(1)])[0].id


def test_no_secret_stands_in_the_log(subject):
    tokens = InMemory()
    connector = subject.connect(tokens)
    connector.check()
    connector.upsert(subject.object, subject.match, [subject.row(1)])
    with suppress(AuthFailed):
        subject.connect(settings=subject.wrong(subject.settings)).check()
    subject.fault(Kind.UNAUTHORIZED)
    connector.count(subject.object)

    assert len(subject.log) > 5
    for secret in (*subject.secrets, tokens.kept.access, "wrong-"):
        assert secret not in repr(subject.log)
        assert secret not in repr(connector)
        assert secret not in repr(subject.settings)


def test_each_failure_is_logged_with_its_code(subject, connector):
    subject.fault(Kind.QUOTA)

    with pytest.raises(QuotaExceeded):
        connector.count(subject.object)

    assert subject.log[-1].error
    assert subject.log[-1].detail
