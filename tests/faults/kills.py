"""Moments at which whoever works on an import is killed, and how each of them is met."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.runs import Status
from crmapp.models import Run
from tests.faults.aim import Scene
from tests.faults.ground import insist
from tests.faults.house import House, children, is_alive, send
from tests.support.processes import eventually

STAGING, STAGED, PLANNING, JOINING = "staging", "all rows staged", "planning", "joining the plan"
RUNNING, ENDING = "writing", "all rows written"
ORDER = (STAGING, STAGED, PLANNING, JOINING, Status.PLANNED, Status.QUEUED, RUNNING, ENDING)
TURNS = (STAGING, PLANNING, RUNNING, JOINING, RUNNING, STAGED, PLANNING, ENDING, RUNNING, STAGING)
"""The phase of each kill, over and over."""
GATES: Mapping[str, str] = {
    STAGED: "rows-staged",
    JOINING: "to-be-joined",
    ENDING: "to-be-ended",
}
"""Where a process is stopped that comes to a phase which is over soon.

Half of those who are stopped are killed there, the others a moment after they were let go on.
"""
MOMENT = {STAGED: 0.02, JOINING: 0.5, ENDING: 0.008}
"""Seconds of that moment; to join it is so long for a hundred thousand rows."""
STEP = 0.15
"""Seconds within which somebody is killed in the next step of a phase that has many."""
HORSE, WORKER = "the job's process", "the worker"


@dataclass(frozen=True)
class Kill:
    """Who dies in which phase: when a ``share`` of its rows is done, and ``late`` of a moment."""

    victim: str
    phase: str
    share: float
    late: float

    @property
    def carries_out(self) -> bool:
        """Whether somebody has to begin the plan before it comes to this."""
        return self.phase in (RUNNING, ENDING)

    def __str__(self) -> str:
        done = "" if self.phase in GATES else f", {self.share:.0%} done"
        return f"{self.victim.capitalize()} | {self.phase}{done} | kill -9"


def kills(seed: int, count: int) -> list[Kill]:
    """Return ``count`` kills, which follow from the seed."""
    dice = random.Random(seed)
    return [
        Kill(
            dice.choice((HORSE, WORKER)),
            TURNS[number % len(TURNS)],
            dice.uniform(0, 0.8),
            dice.random(),
        )
        for number in range(count)
    ]


class Strike:
    """A kill that is about to be done in a house."""

    def __init__(self, kill: Kill, at: Scene, rows: int, seconds: float) -> None:
        self._kill, self._house, self._seconds = kill, at.house, seconds
        gate = GATES.get(kill.phase)
        self._stopped = at.arm(gate, seconds=seconds) if gate else None
        scale = rows / 100_000 if kill.phase == JOINING else 1
        self._moment = MOMENT.get(kill.phase, STEP) * scale

    def fall(self, run_id: int) -> str:
        """Wait until the run is there, and kill; return in which phase it was left."""
        kill = self._kill
        if self._stopped is None:
            eventually(lambda: _has_come(run_id, kill), f"{kill}", self._seconds)
            time.sleep(kill.late * self._moment)  # not to wait for anything: the dice have said so
        else:
            self._let_go(self._stopped(), 2 * kill.late - 1)
        assert _slay(kill.victim, self._house), "nobody was at work any more"
        return phase_of(run_id)[0]

    def _let_go(self, pid: int, late: float) -> None:
        if late > 0:
            send(pid, signal.SIGCONT)
            time.sleep(late * self._moment)


def _slay(victim: str, house: House) -> bool:
    """Kill whoever works on a job, or the worker that started it; say whether anybody was there."""
    teams = [(worker, horse) for worker in house.workers() for horse in children(worker)]
    for worker, horse in teams:
        send(horse if victim == HORSE else worker, signal.SIGKILL)
    eventually(lambda: not any(is_alive(horse) for _worker, horse in teams), "all had died")
    return bool(teams)


def _has_come(run_id: int, kill: Kill) -> bool:
    phase, share = phase_of(run_id)
    if phase == kill.phase:
        return share >= kill.share
    return phase not in ORDER or ORDER.index(phase) > ORDER.index(kill.phase)


def phase_of(run_id: int) -> tuple[str, float]:
    """Return the phase that an import is in, and what share of its rows is done in it."""
    return insist(lambda: _phase_of(run_id))


def _phase_of(run_id: int) -> tuple[str, float]:
    session.rollback()
    columns = (Run.status, Run.cursor, Run.total, Run.source)
    status, cursor, total, source = session.execute(select(*columns).where(Run.id == run_id)).one()
    session.rollback()
    share = cursor / total if total else 0.0
    if status == Status.RUNNING:
        return (RUNNING if share < 1 else ENDING), share
    if status != Status.PLANNING:
        return status, 0.0
    if not source.get("staged", {}).get("whole"):
        return STAGING, share
    return (PLANNING if share < 1 else JOINING), share
