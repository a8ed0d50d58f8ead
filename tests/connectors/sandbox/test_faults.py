from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmapp.connectors.sandbox.faults import Fault, Faults, Kind
from crmapp.connectors.sandbox.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "faults.db")
    yield store
    store.close()


@pytest.fixture
def faults(store):
    return Faults(store)


def kinds(due):
    return [fault.kind for fault in due.faults]


def test_nothing_goes_wrong_unless_it_is_asked_for(faults):
    assert faults.due("GET", "/customers").faults == ()


def test_a_fault_fires_as_often_as_it_was_set_to(faults):
    faults.add(Fault(Kind.UNAVAILABLE, times=2))

    met = [kinds(faults.due("GET", "/customers")) for _ in range(3)]

    assert met == [["unavailable"], ["unavailable"], []]


def test_a_fault_begins_after_some_requests(faults):
    faults.add(Fault(Kind.CUT, after=2))

    met = [kinds(faults.due("GET", "/customers")) for _ in range(4)]

    assert met == [[], [], ["cut"], []]


def test_a_fault_without_an_end_fires_until_it_is_cleared(faults):
    fault = faults.add(Fault(Kind.QUOTA, times=None))
    met = [kinds(faults.due("GET", "/customers")) for _ in range(5)]

    faults.clear(fault.id)

    assert met == [["quota"]] * 5
    assert faults.due("GET", "/customers").faults == ()


@pytest.mark.parametrize(
    "pattern, fires",
    [
        ("*", True),
        ("POST /customers*", True),
        ("* */customers/7", True),
        ("create", True),
        ("GET *", False),
        ("delete", False),
    ],
)
def test_a_pattern_is_of_the_path_or_of_the_operation(faults, pattern, fires):
    faults.add(Fault(Kind.CUT, pattern))

    assert bool(faults.due("POST", "/customers/7", "create").faults) is fires


def test_requests_that_do_not_match_do_not_count(faults):
    faults.add(Fault(Kind.CUT, "POST *", after=1))

    met = [kinds(faults.due(method, "/")) for method in ("GET", "POST", "GET", "POST")]

    assert met == [[], [], [], ["cut"]]


def test_faults_and_their_counts_outlive_a_restart(faults, store):
    faults.add(Fault(Kind.SLOW, after=1, times=2, seconds=0.5))
    for _ in range(2):
        faults.due("GET", "/")

    again = Faults(store)

    assert [(each.seen, each.fired, each.seconds) for each in again.listed()] == [(2, 1, 0.5)]
    assert kinds(again.due("GET", "/")) == ["slow"]
    assert kinds(again.due("GET", "/")) == []


def test_a_vanished_field_is_named_without_regard_to_case(faults):
    faults.add(Fault(Kind.FIELD_VANISHED, object="Account", field="Rating", times=None))

    assert faults.due("GET", "/").vanished == {("account", "rating")}


def test_a_wrong_clock_is_wrong_by_so_many_seconds(faults):
    faults.add(Fault(Kind.WRONG_CLOCK, seconds=-7200))

    wrong = datetime.now(UTC) - faults.due("GET", "/").now()

    assert abs(wrong - timedelta(hours=2)) < timedelta(minutes=1)
