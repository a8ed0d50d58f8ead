"""Each fault of the pretend systems at each phase of a resync: nothing is lost, doubled, or untold."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from crmapp.connectors import door
from crmapp.connectors.intacct import rest as intacct_rest
from crmapp.connectors.intacct import xml as intacct_xml
from crmapp.db import session, unit_of_work
from crmapp.domain.runs import ENDED, receipt
from crmapp.models import Change, Run
from crmapp.services import failures, managed_lists, planning, runs
from tests.faults import departments
from tests.faults.battery import ALWAYS, WHILE, Combination, combinations
from tests.faults.departments import CODE, Rows
from tests.support.connections import control
from tests.support.pretending import Pretended, pretend
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

    def rows(self) -> Rows:
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
        systems = {
            name: stack.enter_context(pretend(name, folder / name))
            for name in ("intacct", "salesforce")
        }
        yield Pair(folder, systems)


def small_steps(patch: pytest.MonkeyPatch) -> None:
    """Have three pages and three chunks of few values, and little patience with a slow answer."""
    patch.setattr(intacct_xml, "PAGE", 25)
    patch.setattr(intacct_rest, "PAGE", 25)
    patch.setattr(planning, "PART", 100)
    patch.setattr("crmapp.services.pace.chunk_size", lambda: 10)
    patch.setattr(door, "READ", 0.5)


def stand(run_id: int) -> Run:
    """Work on a run until it has ended or is put off."""
    for _slice in range(50):
        runs.work(run_id)
        session.rollback()
        run = session.get_one(Run, run_id)
        if run.status in ENDED or run.status == "planned" or failures.obstacle(run):
            return run
    raise AssertionError(f"the run is {run.status} for ever")


def wake(run_id: int) -> None:
    """Let the time pass after which a run is taken up again."""
    with unit_of_work():
        session.execute(update(Run).where(Run.id == run_id).values(retry_at=None))


@pytest.mark.parametrize("case", list(combinations()), ids=str)
def test_a_resync_ends_and_nothing_is_lost_or_doubled(case: Combination, make, pair, record_property):
    connect_both(pair.systems["salesforce"].url, pair.systems["intacct"].url, by=make.alice, by_rest=case.system == "rest")
    departments.furnish_here()
    before = pair.rows()
    system = pair.systems["salesforce" if case.system == "salesforce" else "intacct"]
    if case.phase == "sign-in":
        control(system.url, EXPIRE[case.system])
    system.fault(**case.fault)
    run_id = managed_lists.synchronize(CODE, by=make.alice)
    story = []
    fired = 0
    while True:
        run = stand(run_id)
        story.append((run.status, failures.obstacle(run) or run.error))
        fired = sum(each.fired for each in system.app.faults.listed())
        if run.status in ENDED:
            break
        if case.lasts == WHILE: pair.well()
        wake(run_id)
    print("STORY", case, fired, story)
    print("HALF", departments.halfway(before, pair.rows()))
    pair.well()
    if run.status != "done":
        run = stand(managed_lists.synchronize(CODE, by=make.alice))
        print("AGAIN", run.status, run.error)
    print("BREAKS", departments.breaks(before, pair.rows()))
