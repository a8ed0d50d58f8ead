"""An installation and both pretend systems, any process of which is killed while a run goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Run, User
from crmapp.services import failures
from tests.faults.aim import Scene
from tests.faults.ground import insist
from tests.faults.house import send
from tests.faults.visitor import AWAY, Visitor
from tests.support.connections import fault
from tests.support.processes import eventually
from tests.support.sandboxes import SandboxProcess

STANDING = {"planning": ("plan-joined", 1), "writing here": ("rows-read", 2)}
"""Phases at which the process that works on the run is stopped: the gate, and its how maniest."""
LONG = 2.0
"""Seconds that a pretend system lets us wait, so that somebody can die meanwhile."""


@dataclass
class Stage:
    """A house, and both pretend systems as processes, whose files lie in ``folder``."""

    ASKING: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Phases in which a pretend system lets us wait: whose, and for what."""

    scene: Scene
    folder: Path
    systems: dict[str, SandboxProcess]
    visitor: Visitor | None = None

    def alice(self) -> User:
        session.rollback()
        return session.scalars(select(User).where(User.email == "alice@crm.example")).one()

    def status(self, run_id: int) -> Run:
        session.rollback()
        return insist(lambda: session.get_one(Run, run_id, populate_existing=True))

    def reach(self, phase: str) -> Callable[[], int]:
        """Have the next run wait in a phase.

        Returns what waits for it to be there, and says who stands there if somebody does.
        """
        if phase in STANDING:
            return self.scene.arm(*STANDING[phase])
        system, pattern = self.ASKING[phase]
        url = self.systems[system].url
        httpx.delete(f"{url}/__control/faults")
        fault(url, kind="slow", pattern=pattern, after=0, seconds=LONG)

        def asked() -> int:
            eventually(lambda: any(each["fired"] for each in _faults(url)), f"{phase}", 60)
            return 0

        return asked

    def injure(self, victim: str, stands: int) -> None:
        """Kill whoever is meant, and let go on who stands."""
        self._kill(victim, stands)
        if stands:
            send(stands, signal.SIGCONT)

    def _kill(self, victim: str, stands: int) -> None:
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
        """Say whether the web shows a run to a person, who signs in once: it counts how often."""
        try:
            if self.visitor is None:
                visitor = Visitor(self.scene.house.installation.url)
                self.visitor = visitor.sign_in("alice@crm.example")
            return self.visitor.ask("GET", f"/runs/{run_id}").status == 200
        except AWAY:
            return False


def _faults(url: str) -> list[dict[str, Any]]:
    return list(httpx.get(f"{url}/__control/faults").json())
