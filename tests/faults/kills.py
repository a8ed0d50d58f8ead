"""Moments at which whoever works on an import is killed, and how each of them is met."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Row, select

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
TURNS = (
    (STAGING, PLANNING, JOINING, RUNNING, RUNNING),
    (STAGING, STAGED, PLANNING, RUNNING, ENDING),
)
"""The phases in which somebody dies of one import, and of the next one, over and over."""
MOST, LEAST = 5, (RUNNING, PLANNING, STAGING, RUNNING)
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
        return f"{self.victim}: {self.phase}{done}"


def imports_of(seed: int, count: int) -> list[list[Kill]]:
    """Return ``count`` kills import by import, in the order of their moments; the seed says which.

    They are fewer in the last one, and then in its longest phases.
    """
    dice = random.Random(seed)
    found: list[list[Kill]] = []
    while count > 0:
        phases = TURNS[len(found) % len(TURNS)] if count >= MOST else LEAST[:count]
        drawn = [_drawn(phase, dice) for phase in phases]
        found.append(sorted(drawn, key=lambda kill: (ORDER.index(kill.phase), kill.share)))
        count -= len(drawn)
    return found


def _drawn(phase: str, dice: random.Random) -> Kill:
    return Kill(dice.choice((HORSE, WORKER)), phase, dice.uniform(0, 0.8), dice.random())


class Strike:
    """A kill that is about to be done in a house."""

    def __init__(self, kill: Kill, at: Scene, rows: int, seconds: float) -> None:
        self.kill, self._house, self._rows, self._seconds = kill, at.house, rows, seconds
        gate = GATES.get(kill.phase)
        self._stopped = at.arm(gate, seconds=seconds) if gate else None
        scale = rows / 100_000 if kill.phase == JOINING else 1
        self._moment = MOMENT.get(kill.phase, STEP) * scale

    def fall(self, run_id: int) -> str:
        """Wait until the run is there, and kill; return in which phase it was left."""
        kill = self.kill
        if self._stopped is None:
            eventually(lambda: self._has_come(run_id), f"{kill}", self._seconds)
            time.sleep(kill.late * self._moment)  # not to wait for anything: the dice have said so
        else:
            self._let_go(self._stopped(), 2 * kill.late - 1)
        somebody = partial(_slay, kill.victim, self._house)
        eventually(somebody, f"was somebody at work for {kill}", self._seconds)
        return self._phase_of(run_id)[0]

    def _let_go(self, pid: int, late: float) -> None:
        if late > 0:
            send(pid, signal.SIGCONT)
            time.sleep(late * self._moment)

    def _has_come(self, run_id: int) -> bool:
        phase, share = self._phase_of(run_id)
        if phase == self.kill.phase:
            return share >= self.kill.share
        return phase not in ORDER or ORDER.index(phase) > ORDER.index(self.kill.phase)

    def _phase_of(self, run_id: int) -> tuple[str, float]:
        """Return the phase that an import is in, and what share of its rows is done in it."""
        status, cursor, source = insist(lambda: _seen(run_id))
        share = cursor / self._rows
        if status == Status.RUNNING:
            return (RUNNING if share < 1 else ENDING), share
        if status != Status.PLANNING:
            return status, 0.0
        if not source.get("staged", {}).get("whole"):
            return STAGING, share
        return (PLANNING if share < 1 else JOINING), share


def _seen(run_id: int) -> Row[tuple[str, int, dict[str, Any]]]:
    session.rollback()
    query = select(Run.status, Run.cursor, Run.source).where(Run.id == run_id)
    return session.execute(query).one()


def _slay(victim: str, house: House) -> bool:
    """Kill whoever works on a job, or the worker that started it; say whether anybody was there."""
    teams = [(worker, horse) for worker in house.workers() for horse in children(worker)]
    for worker, horse in teams:
        send(horse if victim == HORSE else worker, signal.SIGKILL)
    eventually(lambda: not any(is_alive(horse) for _worker, horse in teams), "all had died")
    return bool(teams)
