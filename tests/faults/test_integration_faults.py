"""Every fault at every phase of a resync over real wires: nothing is lost, doubled or hushed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crmapp.connectors.sandbox.faults import Kind
from crmapp.db import unit_of_work, utcnow
from crmapp.domain.managed_lists import VALUE_HIDDEN
from crmapp.domain.runs import ENDED
from crmapp.services import list_states, managed_lists
from tests.faults import departments
from tests.faults.battery import BULK, Combination, Lasts, combinations, course
from tests.faults.departments import CODE, LIST, OBJECT, Goal, Rows
from tests.faults.pair import Pair, hurry, quiet, served, small_pages, stand, wake
from tests.faults.reported import misreported, tallied, told

_XML, _REST = f"query {LIST.xml_object}", f"query {LIST.rest_object}"
_ASKED, _SENT = "GET */query*", "PATCH */composite/*"
PHASES = {
    "xml": {
        "signing in": ("getAPISession", 0),
        "reading what there is": (f"lookup {LIST.xml_object}", 0),
        "reading the first page": (_XML, 0),
        "reading a page in the middle": (_XML, 1),
        "reading the last page": (_XML, 2),
    },
    "rest": {
        "signing in": ("POST */oauth2/token", 0),
        "reading a page in the middle": (_REST, 1),
    },
    "salesforce": {
        "signing in": ("POST */oauth2/token", 0),
        "reading what there is": (f"GET */{OBJECT}/describe", 0),
        "reading the first page": (_ASKED, 0),
        "reading a page in the middle": (_ASKED, 1),
        "reading the last page": (_ASKED, 2),
        "writing the first rows": (_SENT, 0),
        "writing rows in the middle": (_SENT, 1),
        "writing the last rows": (_SENT, 2),
    },
    "bulk": BULK,
}
"""Intacct's two interfaces differ in how they sign in and refuse, not in where a reading stands."""
VANISHES = {
    "xml": (LIST.xml_object, LIST.xml_name),
    "rest": (LIST.xml_object, LIST.xml_name),
    "salesforce": (OBJECT, VALUE_HIDDEN),
    "bulk": (OBJECT, VALUE_HIDDEN),
}


@pytest.fixture(scope="session")
def furnished(tmp_path_factory) -> Path:
    """The files of both pretend systems as each combination begins."""
    folder = tmp_path_factory.mktemp("furnished")
    departments.furnish_intacct(folder / "intacct")
    departments.furnish_salesforce(folder / "salesforce")
    return folder


@pytest.fixture
def pair(furnished: Path, tmp_path: Path, make, monkeypatch) -> Iterator[Pair]:
    """Both systems, and three pages and three chunks of values."""
    small_pages(monkeypatch, 25)
    monkeypatch.setattr("crmapp.services.planning.PART", 50)
    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 12)
    monkeypatch.setattr("crmapp.services.list_apply.SENT", 12)
    departments.furnish_here()
    with served(furnished, tmp_path / "pair") as opened:
        yield opened


def rows(pair: Pair) -> Rows:
    quiet()
    return departments.rows(pair.intacct, pair.salesforce)


@pytest.mark.parametrize("met", list(combinations(PHASES, VANISHES)), ids=str)
def test_a_resync_loses_and_doubles_nothing_and_says_what_is_wrong(
    met: Combination, make, pair, record_property, monkeypatch
):
    hurry(monkeypatch, met)
    pair.connect(met, by=make.alice)
    before, goal, expected = rows(pair), departments.goal(), course(met)
    pair.meet(met)

    run, waits = stand(managed_lists.synchronize(CODE, by=make.alice)), 0
    assert pair.has_met(met)
    while run.status not in ENDED:
        waits += 1
        assert expected.says in told(run)
        assert departments.halfway(before, rows(pair), goal) == []
        if met.lasts is Lasts.NOTICED:
            pair.well()
        run = wake(run.id)

    assert (waits > 0, run.status) == (expected.waits, expected.status)
    assert misreported(run) == []
    assert departments.halfway(before, rows(pair), goal) == []
    if run.status == "done":
        assert (run.error, tallied(run, "there")) == (None, behind(before, goal))
    else:
        assert expected.says in told(run)
        pair.well()
        again = stand(managed_lists.synchronize(CODE, by=make.alice))
        assert (again.status, again.error, misreported(again)) == ("done", None, [])
    assert departments.breaks(before, rows(pair), goal) == []
    record_property("combination", met.row(waits, run.status))


def behind(before: Rows, goal: Goal) -> int:
    """Return how many values in Salesforce are not as they are to be."""
    return sum(before.there.get(code) != value for code, value in goal.there.items())


@pytest.mark.parametrize("system, seconds", [("xml", -7200.0), ("rest", 7200.0)])
def test_a_clock_that_was_wrong_hides_no_later_change(system, seconds, make, pair, record_property):
    met = Combination(Kind.WRONG_CLOCK, system, "all of it", Lasts.ON, ("*", 0), ("", ""))
    pair.connect(met, by=make.alice)
    before, goal = rows(pair), departments.goal().renamed("once more")
    pair.of(met).fault(met.kind, times=None, seconds=seconds)
    stand(managed_lists.synchronize(CODE, by=make.alice))
    pair.well()
    departments.rename_all(pair.intacct, "once more")
    after = rows(pair)

    managed_lists.schedule(CODE, managed_lists.EVERY[0], by=make.alice)
    with unit_of_work():
        list_states.keep(CODE, due_at=utcnow())
    (run_id,) = managed_lists.start_due()

    run = stand(run_id)
    assert (run.status, run.source["mode"]) == ("done", "changes")
    assert departments.breaks(replace(before, intacct=after.intacct), rows(pair), goal) == []
    record_property("combination", met.row(0, "done"))
