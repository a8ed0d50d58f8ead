"""Whoever takes part in a resync dies by ``kill -9`` in the middle of it, and it ends right."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Run, User
from crmapp.services import failures, managed_lists
from tests.faults import departments
from tests.faults.aim import Scene, scene
from tests.faults.battery import ALL
from tests.faults.departments import CODE, Goal, Rows
from tests.faults.ground import Databases, insist
from tests.faults.house import send
from tests.faults.reported import misreported
from tests.faults.visitor import AWAY, Visitor
from tests.support.connections import fault
from tests.support.processes import eventually
from tests.support.sandbox_pair import connect_both
from tests.support.sandboxes import SandboxProcess

ASKING = {
    "reading Intacct": ("intacct", "query DEPARTMENT"),
    "reading Salesforce": ("salesforce", "GET */query*"),
    "writing to Salesforce": ("salesforce", "PATCH */composite/*"),
}
"""Phases in which a pretend system lets us wait: whose, and for what."""
STANDING = {"planning": ("plan-joined", 1), "writing here": ("rows-read", 2)}
"""Phases at which the process that works on the run is stopped: the gate, and its how maniest."""
LONG = 2.0
"""Seconds that a pretend system lets us wait, so that somebody can die meanwhile."""
KILLED = [
    ("the job's process", "writing here"),
    ("the workers", "reading Salesforce"),
    ("Intacct", "reading Intacct"),
    ("Salesforce", "writing to Salesforce"),
    ("the queue", "writing to Salesforce"),
    ("the web", "writing to Salesforce"),
]
MORE = [
    ("the job's process", "planning"),
    ("the job's process", "writing to Salesforce"),
    ("Salesforce", "reading Salesforce"),
    ("the queue", "reading Intacct"),
    ("the job's process", "reading Intacct"),
    ("the job's process", "reading Salesforce"),
    ("the workers", "writing to Salesforce"),
    ("Intacct", "writing here"),
    ("Salesforce", "planning"),
    ("the queue", "writing here"),
    ("the web", "planning"),
]


@dataclass
class Stage:
    """A house, both pretend systems as processes, and a list that is in step on all sides."""

    scene: Scene
    folder: Path
    systems: dict[str, SandboxProcess]
    goal: Goal = field(default_factory=departments.goal)
    rounds: Iterator[int] = field(default_factory=lambda: count(1))

    def rows(self) -> Rows:
        return departments.rows(self.folder / "intacct", self.folder / "salesforce")

    def rename_all(self) -> None:
        word = f"in round {next(self.rounds)}"
        departments.rename_all(self.folder / "intacct", word)
        self.goal = self.goal.renamed(word)

    def alice(self) -> User:
        session.rollback()
        return session.scalars(select(User).where(User.email == "alice@crm.example")).one()

    def begin(self) -> int:
        return managed_lists.synchronize(CODE, by=self.alice())

    def status(self, run_id: int) -> Run:
        session.rollback()
        return insist(lambda: session.get_one(Run, run_id, populate_existing=True))

    def reach(self, phase: str) -> Callable[[], int]:
        """Have the next run wait in a phase.

        Returns what waits for it to be there, and says who stands there if somebody does.
        """
        if phase in STANDING:
            return self.scene.arm(*STANDING[phase])
        system, pattern = ASKING[phase]
        url = self.systems[system].url
        httpx.delete(f"{url}/__control/faults")
        fault(url, kind="slow", pattern=pattern, after=0, seconds=LONG)

        def asked() -> int:
            eventually(lambda: any(each["fired"] for each in _faults(url)), f"{phase}", 60)
            return 0

        return asked

    def kill(self, victim: str, stands: int) -> None:
        """Kill whoever is meant; of the jobs' processes all that are there."""
        house = self.scene.house
        match victim:
            case "the job's process":
                killed = [
                    send(pid, signal.SIGKILL) for pid in [stands] * bool(stands) or house.horses()
                ]
                assert any(killed)
            case "the workers":
                assert all(send(pid, signal.SIGKILL) for pid in house.workers())
            case "the queue":
                assert house.kill_queue()
            case "the web":
                assert house.kill_web()
            case _:
                self.systems[victim.lower()].kill()

    def bring_back(self, victim: str, run_id: int, *, missed: bool) -> None:
        """Start a pretend system again, once the run has said that it does not answer."""
        if victim.lower() in self.systems:
            if missed:
                eventually(lambda: failures.obstacle(self.status(run_id)), "the run said so", 60)
            self.systems[victim.lower()].start()

    def shows(self, run_id: int) -> bool:
        """Say whether the web shows a run."""
        try:
            alice = Visitor(self.scene.house.installation.url).sign_in("alice@crm.example")
            return alice.ask("GET", f"/runs/{run_id}").status == 200
        except AWAY:
            return False


def _faults(url: str) -> list[dict[str, Any]]:
    return list(httpx.get(f"{url}/__control/faults").json())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("killed")
    departments.furnish_intacct(folder / "intacct")
    departments.furnish_salesforce(folder / "salesforce")
    with ExitStack() as stack:
        scene_ = stack.enter_context(scene(folder, databases, chunk="10"))
        systems = {
            name: stack.enter_context(SandboxProcess(name, folder / name))
            for name in ("intacct", "salesforce")
        }
        made = Stage(scene_, folder, systems)
        departments.furnish_here()
        connect_both(systems["salesforce"].url, systems["intacct"].url, by=made.alice())
        scene_.wait(made.begin())
        yield made


@pytest.mark.parametrize("victim, phase", [*KILLED, *(MORE if ALL else ())])
def test_a_resync_outlives_a_kill(victim, phase, stage, record_property):
    stage.rename_all()
    before = stage.rows()
    reached = stage.reach(phase)
    run_id = stage.begin()
    stands = reached()

    stage.kill(victim, stands)
    if stands:
        send(stands, signal.SIGCONT)
    stage.bring_back(victim, run_id, missed=phase != "writing here")

    stage.scene.wait(run_id)
    run = stage.status(run_id)
    assert (run.status, run.error, misreported(run)) == ("done", None, [])
    assert departments.breaks(before, stage.rows(), stage.goal) == []
    eventually(lambda: stage.shows(run_id), "the web shows the run")
    record_property("combination", f"{victim.capitalize()} | {phase} | kill -9 | | done")
