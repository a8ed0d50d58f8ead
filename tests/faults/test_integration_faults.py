"""Every fault at every phase of a resync over real wires: nothing is lost, doubled or hushed up."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from crmapp.connectors.sandbox.faults import Kind
from crmapp.db import session, unit_of_work
from crmapp.domain.runs import ENDED
from crmapp.models import Run
from crmapp.services import failures, managed_lists, runs
from tests.faults import departments
from tests.faults.battery import Combination, Lasts, combinations, course
from tests.faults.departments import CODE, Goal, Rows
from tests.faults.reported import misreported, tallied, told
from tests.support.connections import control
from tests.support.pretending import Pretended, pretend
from tests.support.processes import eventually
from tests.support.sandbox_pair import connect_both

EXPIRE = {"xml": "expire-sessions", "rest": "expire-tokens", "salesforce": "expire_tokens"}


@pytest.fixture(scope="session")
def furnished(tmp_path_factory) -> Path:
    """The files of both pretend systems as each combination begins."""
    folder = tmp_path_factory.mktemp("furnished")
    departments.furnish_intacct(folder / "intacct")
    departments.furnish_salesforce(folder / "salesforce")
    return folder


@dataclass
class Pair:
    """Both pretend systems, and where their files lie."""

    folder: Path
    systems: dict[str, Pretended]

    def of(self, system: str) -> Pretended:
        return self.systems["salesforce" if system == "salesforce" else "intacct"]

    def rows(self) -> Rows:
        quiet()
        return departments.rows(self.folder / "intacct", self.folder / "salesforce")

    def well(self) -> None:
        for each in self.systems.values():
            each.well()


@pytest.fixture
def pair(furnished: Path, tmp_path: Path, make, monkeypatch) -> Iterator[Pair]:
    folder = tmp_path / "pair"
    shutil.copytree(furnished, folder)
    small_steps(monkeypatch)
    with ExitStack() as stack:
        names = ("intacct", "salesforce")
        systems = {name: stack.enter_context(pretend(name, folder / name)) for name in names}
        departments.furnish_here()
        yield Pair(folder, systems)
        quiet()


def small_steps(patch: pytest.MonkeyPatch) -> None:
    """Have three pages and three chunks of few values, and no pauses between tries."""
    patch.setattr("crmapp.connectors.intacct.xml.PAGE", 25)
    patch.setattr("crmapp.connectors.intacct.rest.PAGE", 25)
    patch.setattr("crmapp.connectors.salesforce.reading.PAGE", 25)
    patch.setattr("crmapp.connectors.sandbox.salesforce.app.SMALLEST_BATCH", 1)
    patch.setattr("crmapp.services.planning.PART", 50)
    patch.setattr("crmapp.services.pace.chunk_size", lambda: 12)
    patch.setattr("crmapp.connectors.door._pause_before", lambda _state: 0.0)


def quiet() -> None:
    """Wait until the pretend systems have done what they still do for nobody."""
    called = "process_request_thread"
    eventually(lambda: not any(called in each.name for each in threading.enumerate()), "quiet")


def stand(run_id: int) -> Run:
    """Work on a run until it has ended or is put off."""
    for _slice in range(20):
        runs.work(run_id)
        session.rollback()
        run = session.get_one(Run, run_id)
        if run.status in ENDED or failures.obstacle(run):
            return run
    raise AssertionError(f"the run is {run.status} and nobody is at it")


def wake(run_id: int) -> None:
    """Let the time pass after which a run is taken up again."""
    with unit_of_work():
        session.execute(update(Run).where(Run.id == run_id).values(retry_at=None))


@pytest.mark.parametrize("met", list(combinations()), ids=str)
def test_a_resync_loses_and_doubles_nothing_and_says_what_is_wrong(
    met: Combination, make, pair, record_property, monkeypatch
):
    if met.kind is Kind.SLOW:
        monkeypatch.setattr("crmapp.connectors.door.READ", 0.25)
    org, books = pair.of("salesforce"), pair.of("xml")
    connect_both(org.url, books.url, by=make.alice, by_rest=met.system == "rest")
    before, system, goal = pair.rows(), pair.of(met.system), departments.goal()
    if met.signs_in:
        control(system.url, EXPIRE[met.system])
    system.fault(**met.fault)
    expected = course(met)

    run = stand(managed_lists.synchronize(CODE, by=make.alice))
    waits, fired = 0, system.app.faults.listed()[0].fired
    while run.status not in ENDED:
        waits += 1
        assert expected.says in told(run)
        assert departments.halfway(before, pair.rows(), goal) == []
        if met.lasts is Lasts.NOTICED:
            pair.well()
        wake(run.id)
        run = stand(run.id)

    assert fired > 0
    assert (waits > 0, run.status) == (expected.waits, expected.status)
    assert misreported(run) == []
    assert departments.halfway(before, pair.rows(), goal) == []
    if run.status == "done":
        assert (run.error, tallied(run, "there")) == (None, behind(before, goal))
    else:
        assert expected.says in told(run)
        pair.well()
        again = stand(managed_lists.synchronize(CODE, by=make.alice))
        assert (again.status, again.error, misreported(again)) == ("done", None, [])
    assert departments.breaks(before, pair.rows(), goal) == []
    record_property("combination", met.row(waits, run.status))


def behind(before: Rows, goal: Goal) -> int:
    """Return how many values in Salesforce are not as they are to be."""
    return sum(before.there.get(code) != value for code, value in goal.there.items())
