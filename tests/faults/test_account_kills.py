"""Whoever takes part in a sync of accounts dies by ``kill -9`` in the middle, and it ends right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest

from crmapp.db import session, unit_of_work, utcnow
from crmapp.services import account_sync_states
from tests.faults import customers
from tests.faults.aim import scene
from tests.faults.battery import ALL
from tests.faults.customers import Book, Rows
from tests.faults.ground import Databases
from tests.faults.stage import Stage
from tests.faults.test_account_faults import enable, falsely_synced, misreported
from tests.support.processes import eventually
from tests.support.sandbox_pair import connect_both
from tests.support.sandboxes import SandboxProcess

SIZE = 240
"""Accounts in each sync."""
KILLED = [
    ("the job's process", "while a job works in Salesforce"),
    ("the workers", "writing to Intacct"),
    ("Intacct", "writing new customers"),
    ("Salesforce", "giving a job its rows"),
    ("the queue", "writing to Salesforce"),
    ("the web", "writing here"),
]
MORE = [
    ("the job's process", "reading what changed"),
    ("the job's process", "reading Intacct"),
    ("the job's process", "planning"),
    ("the job's process", "writing here"),
    ("the job's process", "writing to Intacct"),
    ("the job's process", "writing new customers"),
    ("the job's process", "giving a job its rows"),
    ("the job's process", "writing to Salesforce"),
    ("the workers", "reading Intacct"),
    ("the workers", "while a job works in Salesforce"),
    ("Intacct", "reading Intacct"),
    ("Intacct", "writing to Intacct"),
    ("Intacct", "planning"),
    ("Salesforce", "reading what changed"),
    ("Salesforce", "while a job works in Salesforce"),
    ("Salesforce", "writing to Salesforce"),
    ("the queue", "reading what changed"),
    ("the queue", "while a job works in Salesforce"),
    ("the web", "planning"),
]
ROUNDS = len(KILLED) + len(MORE) * ALL


@dataclass
class Accounts(Stage):
    """Accounts that both systems know, and that are entered here a book at a time."""

    ASKING = {
        "reading Intacct": ("intacct", "query CUSTOMER"),
        "reading what changed": ("salesforce", "GET */query*"),
        "writing to Intacct": ("intacct", "update CUSTOMER"),
        "writing new customers": ("intacct", "create CUSTOMER"),
        "writing to Salesforce": ("salesforce", "PATCH */composite/*"),
        "giving a job its rows": ("salesforce", "PUT */jobs/ingest/*"),
        "while a job works in Salesforce": ("salesforce", "GET */jobs/ingest/*"),
    }

    rounds: Iterator[int] = field(default_factory=count)

    def rows(self) -> Rows:
        return customers.rows(self.folder / "intacct", self.folder / "salesforce")

    def rest(self) -> None:
        """Have no sync begin until it is let, and none going on."""
        with unit_of_work():
            account_sync_states.keep_clock(rest_until=utcnow() + timedelta(days=1))
        eventually(lambda: self.open_run() is None, "no sync went on", 60)

    def enter(self) -> Book:
        """Enter the accounts of the next book here, some of them linked to Salesforce."""
        book = Book(SIZE, next(self.rounds) * SIZE)
        customers.furnish_here(book)
        customers.link_some(self.folder / "salesforce", book)
        return book

    def begin(self) -> int:
        """Let the sweeper begin a sync that also reads what changed; return its id."""
        with unit_of_work():
            account_sync_states.keep_clock(rest_until=None, due_at=utcnow())
        run_id: int = eventually(self.open_run, "a sync began", 60)
        return run_id

    def open_run(self) -> int | None:
        session.rollback()
        return account_sync_states.open_run()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Accounts]:
    folder, all_books = tmp_path_factory.mktemp("killed"), Book(SIZE * ROUNDS)
    customers.furnish_intacct(folder / "intacct", all_books)
    customers.furnish_salesforce(folder / "salesforce", all_books)
    with ExitStack() as stack:
        scene_ = stack.enter_context(scene(folder, databases, chunk="10"))
        systems = {
            name: stack.enter_context(SandboxProcess(name, folder / name))
            for name in ("intacct", "salesforce")
        }
        made = Accounts(scene_, folder, systems)
        made.rest()
        customers.furnish_bystanders(6 * SIZE)  # with them, nobody has to look at the plan
        connect_both(systems["salesforce"].url, systems["intacct"].url, by=made.alice())
        enable(made.alice())
        yield made


@pytest.mark.parametrize("victim, phase", [*KILLED, *(MORE if ALL else ())])
def test_a_sync_of_accounts_outlives_a_kill(victim, phase, stage, record_property):
    stage.rest()
    book = stage.enter()
    before = stage.rows()
    reached = stage.reach(phase)
    run_id = stage.begin()

    stage.injure(victim, reached())
    stage.bring_back(victim, run_id, missed=phase != "writing here")

    stage.scene.wait(run_id)
    run = stage.status(run_id)
    assert (run.status, run.error, misreported(run)) == ("done", None, [])
    assert customers.breaks(before, stage.rows(), book) == []
    assert falsely_synced(stage.rows()) == []
    eventually(lambda: stage.shows(run_id), "the web shows the run")
    record_property("combination", f"{victim.capitalize()} | {phase} | kill -9 | | done")
