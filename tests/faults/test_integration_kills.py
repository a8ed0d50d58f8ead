"""Whoever takes part in a resync dies by ``kill -9`` in the middle of it, and it ends right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count

import pytest

from crmapp.services import managed_lists
from tests.faults import departments
from tests.faults.aim import scene
from tests.faults.battery import ALL
from tests.faults.departments import CODE, Goal, Rows
from tests.faults.ground import Databases
from tests.faults.reported import misreported
from tests.faults.stage import Stage
from tests.support.processes import eventually
from tests.support.sandbox_pair import connect_both
from tests.support.sandboxes import SandboxProcess

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
class Lists(Stage):
    """A list that is in step on all sides."""

    ASKING = {
        "reading Intacct": ("intacct", "query DEPARTMENT"),
        "reading Salesforce": ("salesforce", "GET */query*"),
        "writing to Salesforce": ("salesforce", "PATCH */composite/*"),
    }

    goal: Goal = field(default_factory=departments.goal)
    rounds: Iterator[int] = field(default_factory=lambda: count(1))

    def rows(self) -> Rows:
        return departments.rows(self.folder / "intacct", self.folder / "salesforce")

    def rename_all(self) -> None:
        word = f"in round {next(self.rounds)}"
        departments.rename_all(self.folder / "intacct", word)
        self.goal = self.goal.renamed(word)

    def begin(self) -> int:
        return managed_lists.synchronize(CODE, by=self.alice())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Lists]:
    folder = tmp_path_factory.mktemp("killed")
    departments.furnish_intacct(folder / "intacct")
    departments.furnish_salesforce(folder / "salesforce")
    with ExitStack() as stack:
        scene_ = stack.enter_context(scene(folder, databases, chunk="10"))
        systems = {
            name: stack.enter_context(SandboxProcess(name, folder / name))
            for name in ("intacct", "salesforce")
        }
        made = Lists(scene_, folder, systems)
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

    stage.injure(victim, reached())
    stage.bring_back(victim, run_id, missed=phase != "writing here")

    stage.scene.wait(run_id)
    run = stage.status(run_id)
    assert (run.status, run.error, misreported(run)) == ("done", None, [])
    assert departments.breaks(before, stage.rows(), stage.goal) == []
    eventually(lambda: stage.shows(run_id), "the web shows the run")
    record_property("combination", f"{victim.capitalize()} | {phase} | kill -9 | | done")
