"""A seeded plan of injuries, carried out while the house works, and what was done by it."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select

from crmapp.db import session
from crmapp.mail.outbox import LEASE
from crmapp.models import MailOutbox, Run
from tests.faults.clerk import Clerk, Office
from tests.faults.crowd import Visitors
from tests.faults.ground import insist
from tests.faults.house import House, send
from tests.support.processes import eventually

BOOKS = 4  # in work at any moment: two workers are never idle
SIZES = (3000, 600)  # the small ones come to their undo while others have only begun
ROWS = 20_000
PLAN = {
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
CRASHES = 3  # of the database's server, where there is one
PAST_LEASE = 4.5
FROZEN_QUEUE = 3.0


def planned(seed: int, *, crashes: int) -> list[str]:
    """Return the names of the injuries in the order in which they will be done."""
    plan = [name for name, times in PLAN.items() for _ in range(times)]
    plan += ["database"] * crashes
    random.Random(seed).shuffle(plan)
    return plan


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

    def freeze(self, pid: int, seconds: float) -> None:
        """Thaw a frozen process after a while, whatever we wait for meanwhile."""
        thaw = threading.Timer(seconds, send, (pid, signal.SIGCONT))
        thaw.start()
        self.frozen.append(thaw)


def wreak(house: House, clerk: Clerk, seed: int) -> Chaos:
    """Do all of the plan to the house while clerk and visitors keep it busy, and let it settle."""
    crashes = CRASHES if house.ground.databases.can_crash else 0
    chaos = Chaos(house, Office(clerk, "B", SIZES), random.Random(seed))
    house.meanwhile = chaos.keep_busy
    with Visitors(house.installation.url, clerk.ledger):
        chaos.work(1)
        for name in planned(seed, crashes=crashes):
            chaos.inflict(name)
            chaos.work(chaos.dice.uniform(0.4, 1.8))
        for thaw in chaos.frozen:
            thaw.join()
    before = progress()
    eventually(lambda: progress() != before, "did work go on", 30)
    while clerk.ledger.rows < ROWS:
        chaos.work(0.2)
    eventually(lambda: not chaos.office.waits(), "was all work done", 180)
    patience = LEASE.total_seconds() + 60  # a letter whose sender died waits out its lease
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
