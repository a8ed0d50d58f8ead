"""Faults aimed at one place: a process stops there, and is killed or let go on by the test."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import count
from pathlib import Path

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.runs import ENDED, Status
from crmapp.models import Run
from crmapp.queue import bell, redis_client
from tests.faults.clerk import PLANNED, Clerk, Edit, status
from tests.faults.crowd import crowd, start_process
from tests.faults.ground import Databases, Ground, insist, lay_ground, opened
from tests.faults.house import House, is_alive, is_stopped, send
from tests.faults.invariants import breaks
from tests.faults.made import Book
from tests.faults.visitor import Visitor
from tests.support.processes import eventually

SMALL = {"chunk": "100", "linger": "0"}
PATIENCE = 60.0
"""Seconds that a run of a few rows may take on a machine that has a lot to do."""
_count = count(1)


class Scene:
    """A house, a clerk in this process, and gates at which somebody may be made to stop."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clerk = Clerk()

    @property
    def ground(self) -> Ground:
        return self.house.ground

    def book(self, size: int = 400) -> Book:
        """Return a book that nobody has entered yet."""
        return Book(f"Aimed{next(_count)}", size)

    def enter(self, book: Book) -> int:
        """Have a book planned, and start its run."""
        run_id = self.clerk.enter(book)
        self.wait(run_id, PLANNED)
        self.clerk.run(run_id)
        return run_id

    def complete(self, book: Book) -> int:
        """Have a book planned and its run done."""
        run_id = self.enter(book)
        self.wait(run_id, ENDED)
        return run_id

    def wait(
        self, run_id: int, wanted: frozenset[Status] = ENDED, seconds: float = PATIENCE
    ) -> None:
        reached = partial(insist, partial(status, run_id))
        eventually(lambda: reached() in wanted, f"run {run_id} went on", seconds)

    def arm(self, gate: str, times: int = 1, seconds: float = PATIENCE) -> Callable[[], int]:
        """Make the first process stop that passes the gate for the n-th time.

        Returns a function that waits for it and says who it is.
        """
        token = str(next(_count))
        gates = self.ground.home / "gates"
        mark = gates / f"{gate}-{token}"
        armed = gates / f"{gate}.armed"
        armed.with_suffix(".new").write_text(f"{token} {times}")
        armed.with_suffix(".new").rename(armed)

        def stopped() -> int:
            pid = int(eventually(lambda: mark.exists() and mark.read_text(), f"at {gate}", seconds))
            eventually(lambda: is_stopped(pid), f"stopped at {gate}")
            return pid

        return stopped

    @contextmanager
    def asking(self, gate: str, run_id: int) -> Iterator[int]:
        """Have another process ask for a run's plan, and stop it at the gate."""
        stopped = self.arm(gate)
        started = start_process(self.ground, "planner", {"run": run_id})
        try:
            yield stopped()
        finally:
            started.kill()
            started.communicate()

    def taken_over(self, run_id: int) -> None:
        """Wait until another worker has claimed the run and written a chunk."""
        before = progress(run_id)
        eventually(lambda: progress(run_id) > before, f"run {run_id} was taken over", 60)

    def breaks(self) -> list[str]:
        return breaks(self.clerk.ledger, self.ground.home / "artefacts")


def progress(run_id: int) -> tuple[int, int]:
    session.rollback()
    fence, cursor = session.execute(select(Run.fence, Run.cursor).where(Run.id == run_id)).one()
    return fence, cursor


@contextmanager
def scene(
    folder: Path, databases: Databases, like: str | None = None, **planted: str
) -> Iterator[Scene]:
    """Start a house in which ``planted`` is so, and join it; it may begin ``like`` another."""
    ground = lay_ground(folder, databases, like, **{**SMALL, **planted})
    with opened(ground.settings()), House(ground) as house:
        yield Scene(house)


def kill_at(gate: str, times: int, at: Scene) -> list[str]:
    """Kill whoever stands at the gate in the middle of a run."""
    stopped = at.arm(gate, times)
    run_id = at.enter(at.book())
    send(stopped(), signal.SIGKILL)
    at.wait(run_id)
    return at.breaks()


def freeze_at(gate: str, times: int, at: Scene) -> list[str]:
    """Freeze whoever stands at the gate until another worker has her run, then let her go on."""
    stopped = at.arm(gate, times)
    run_id = at.enter(at.book())
    pid = stopped()
    at.taken_over(run_id)
    send(pid, signal.SIGCONT)
    at.wait(run_id)
    eventually(lambda: not is_alive(pid), "the frozen worker was done", 60)
    return at.breaks()


def undo_after_edits(at: Scene) -> list[str]:
    """Undo a run some of whose accounts people have edited since."""
    book = at.book()
    run_id = at.complete(book)
    at.clerk.edit([book.key(2), book.key(3)], "notes", "Called back")
    at.clerk.edit([book.key(4)], "billing_city", "Moved")
    at.wait(at.clerk.undo(run_id))
    return at.breaks()


def die_before_commit(at: Scene) -> list[str]:
    """Kill somebody who has asked for work and not yet committed why; what is on the queue?"""
    workers = at.house.workers()
    for worker in workers:
        send(worker, signal.SIGSTOP)
    run_id = at.clerk.draft(at.book())
    with at.asking("bell-asked-for", run_id) as pid:
        rung = rung_for(run_id)
        send(pid, signal.SIGKILL)
    for worker in workers:
        send(worker, signal.SIGCONT)
    breaks = at.breaks()
    if rung:
        breaks.append(f"the bell for run {run_id} rang before anybody could see why")
    return breaks


def rung_for(run_id: int) -> bool:
    """Say whether the queue knows of a job for the run: waiting, or on its way to a worker."""
    with redis_client() as client:
        return bool(client.keys(f"rq:job:{bell('runs.work', run_id=run_id)}-*"))


def die_before_the_bell(at: Scene) -> list[str]:
    """Kill somebody who has committed that work is to be done, and not rung for it."""
    run_id = at.clerk.draft(at.book())
    with at.asking("bell-not-rung", run_id) as pid:
        send(pid, signal.SIGKILL)
    at.wait(run_id, PLANNED)
    return at.breaks()


def press(at: Scene, times: int = 50) -> list[str]:
    """Send one form from 8 processes, and start one run, so many times each."""
    visitor = Visitor(at.house.installation.url).sign_in("mona@crm.example")
    form = visitor.form("/accounts/new", "/accounts")
    form |= {"name": "Pressed Ltd", "idempotency_key": "pressed"}
    at.clerk.ledger.sent.append(form["name"])
    at.clerk.ledger.created["pressed"] = form["name"]
    sent = {**asdict(visitor), "form": form, "times": times, "book": asdict(at.book(40))}
    answers = crowd(at.ground, "submitters", sent, 8)
    made = {tuple(made) for answer in answers for made in answer["forms"]}
    runs = {run_id for answer in answers for run_id in answer["runs"]}
    at.clerk.ledger.entered[min(runs)] = Book(**sent["book"])
    breaks = at.breaks()
    if len(made) != 1 or {status for status, _location in made} != {303}:
        breaks.append(f"one form was answered by {sorted(made)}")
    if len(runs) != 1:
        breaks.append(f"one run that was asked for became {len(runs)}")
    return breaks


def edit_together(at: Scene, times: int = 500) -> list[str]:
    """Let two processes edit one account so many times each; each saves what she saw plus one."""
    account_id = at.clerk.create("Edited Ltd", notes="0")
    answers = crowd(at.ground, "editors", {"account": account_id, "times": times}, 2)
    saved = sum(answer["saved"] for answer in answers)
    at.clerk.ledger.edits.append(Edit(account_id, "notes", str(saved)))
    breaks = at.breaks()
    if not all(answer["saved"] for answer in answers):
        breaks.append("only one of two editors ever saved")
    return breaks
