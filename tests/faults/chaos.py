"""A seeded plan of injuries, carried out while a house works, and the toll that it takes."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from crmapp.db import session
from crmapp.models import MailOutbox, Run
from tests.faults.aim import Scene, scene
from tests.faults.clerk import Clerk, Office
from tests.faults.crowd import Visitors
from tests.faults.ground import Databases, insist
from tests.faults.house import House, send
from tests.faults.plants.planting import LETTER_LEASE
from tests.support.processes import eventually

BOOKS = 4  # in work at any moment: two workers are never idle
SIZES = (3000, 600)  # the small ones come to their undo while others have only begun
INJURIES = {
    "horse": 6,
    "worker": 4,
    "both": 3,
    "sweeper": 2,
    "server": 3,
    "web": 1,
    "queue killed": 2,
    "queue wiped": 2,
    "horse frozen": 3,
    "queue frozen": 1,
}
CRASHES = {"database": 3}  # of its server, where there is one
PAST_LEASE = 4.5
FROZEN_QUEUE = 3.0
AHEAD = timedelta(minutes=10)
CLOCK = f"worker-2 {AHEAD.total_seconds()}"


@dataclass(frozen=True)
class Plan:
    """How much a house goes through; the seed gives the order and the pauses.

    Each of the injuries is done ``times`` times as often as :data:`INJURIES` says.
    """

    seed: int
    times: int = 1
    rows: int = 20_000

    def injuries(self, *, crashes: bool) -> list[str]:
        """Return the names of the injuries in the order in which they will be done."""
        counts = {**INJURIES, **(CRASHES if crashes else {})}
        names = [name for name, count in counts.items() for _ in range(count)]
        dice = random.Random(self.seed)
        return [name for _ in range(self.times) for name in dice.sample(names, len(names))]


@dataclass
class Toll:
    """What houses went through, what was done in them meanwhile, and what broke."""

    injuries: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    runs: int = 0
    ahead: int = 0  # runs that were begun by the worker whose clock is ahead
    rows: int = 0
    edits: int = 0
    forms: int = 0
    breaks: list[str] = field(default_factory=list)

    def __iadd__(self, other: Toll) -> Toll:
        for each in fields(self):
            both = getattr(self, each.name) + getattr(other, each.name)
            setattr(self, each.name, both)
        return self

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} x {name}" for name, count in sorted(self.injuries.items()))
        return (
            f"{self.killed} killed by {kinds}; {self.runs} runs ({self.ahead} begun by a clock that"
            f" is ahead), {self.rows} rows, {self.forms} forms, {self.edits} edits,"
            f" {len(self.breaks)} breaks"
        )


def toll_of(plan: Plan, folder: Path, databases: Databases) -> Toll:
    """Let a house of its own, one of whose workers has a wrong clock, go through the plan."""
    planted = {"chunk": "250", "linger": "0.02", "clock": CLOCK}
    with scene(folder, databases, **planted) as at:
        chaos = wreak(at.house, at.clerk, plan)
        return chaos.toll(at)


@dataclass
class Chaos:
    """Injures a house at work; counts what it did, and thaws what it froze."""

    house: House
    office: Office
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    frozen: list[threading.Timer] = field(default_factory=list)

    def inflict(self, name: str) -> None:
        if name == "database":
            self.house.ground.databases.crash()
        elif name == "horse frozen":
            self.freeze(self.house.stop_horse(), PAST_LEASE)
        elif name == "queue frozen":
            self.freeze(self.house.freeze_queue(), FROZEN_QUEUE)
        else:
            self.killed += self.house.kills()[name]()
        self.done[name] += 1

    def work(self, seconds: float) -> None:
        """Let the house work for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.keep_busy()
            time.sleep(0.05)

    def keep_busy(self) -> None:
        """See that there is enough to do."""
        self.office.go_on()
        self.office.take(BOOKS)

    def goes_on(self, before: object) -> bool:
        """Say whether anything was done since ``before``; what has come far enough goes on."""
        self.keep_busy()
        return progress() != before

    def freeze(self, pid: int, seconds: float) -> None:
        """Thaw a frozen process after a while, whatever we wait for meanwhile."""
        thaw = threading.Timer(seconds, send, (pid, signal.SIGCONT))
        thaw.start()
        self.frozen.append(thaw)

    def toll(self, at: Scene) -> Toll:
        """Look at everything, now that the house has settled."""
        ledger = at.clerk.ledger
        return Toll(
            injuries=self.done,
            killed=self.killed,
            runs=len(ledger.runs),
            ahead=begun_ahead(),
            rows=ledger.rows,
            edits=len(ledger.edits),
            forms=len(ledger.created),
            breaks=at.breaks(),
        )


def wreak(house: House, clerk: Clerk, plan: Plan) -> Chaos:
    """Do all of the plan to the house while clerk and visitors keep it busy, and let it settle."""
    chaos = Chaos(house, Office(clerk, "B", SIZES), random.Random(plan.seed))
    house.meanwhile = chaos.keep_busy
    with Visitors(house.installation.url, clerk.ledger):
        chaos.work(1)
        for name in plan.injuries(crashes=house.ground.databases.can_crash):
            chaos.inflict(name)
            chaos.work(chaos.dice.uniform(0.4, 1.8))
        while any(thaw.is_alive() for thaw in chaos.frozen):
            chaos.work(0.1)
    before = progress()
    eventually(lambda: chaos.goes_on(before), "did work go on", 30)
    while clerk.ledger.rows < plan.rows:
        chaos.work(0.2)
    eventually(lambda: not chaos.office.waits(), "was all work done", 180)
    patience = 60 + LETTER_LEASE.total_seconds()  # of a letter whose sender died
    eventually(lambda: untold(house) == set(), "was each end told", patience)
    return chaos


def untold(house: House) -> set[str]:
    """Return the Message-IDs that no letter of the house has carried yet."""
    sent = set(re.findall(r"<[0-9a-f]{32}@\w+>", house.installation.output))
    return insist(lambda: set(session.scalars(select(MailOutbox.message_id)))) - sent


def progress() -> object:
    """Return what moves when anybody gets anything done."""

    def read() -> object:
        session.rollback()
        return tuple(session.execute(select(func.sum(Run.cursor), func.count(Run.finished_at))))

    return insist(read)


def begun_ahead() -> int:
    """Return how many runs were begun by the worker whose clock is ahead."""
    moments = select(Run.created_at, Run.started_at).where(Run.started_at.is_not(None))
    return sum(started - asked > AHEAD / 2 for asked, started in session.execute(moments))
