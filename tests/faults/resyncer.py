"""A worker that resyncs a managed list, and is killed by itself at the place that is named."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from crmapp.config import Settings
from crmapp.db import db, session
from crmapp.mail import outbox
from crmapp.mail.post import Envelope
from crmapp.services import list_apply, remotes, runs
from tests.faults.crowd import what_was_sent
from tests.faults.ground import opened
from tests.support.lists import Sides


class Death:
    """Kills this process when a place has been passed so many times; 0 is never."""

    def __init__(self, place: str, times: int) -> None:
        self.place = place
        self.times = times

    def passed(self, place: str) -> None:
        if place != self.place or not self.times:
            return
        self.times -= 1
        if not self.times:
            os.kill(os.getpid(), signal.SIGKILL)


class Post:
    """A mail server that takes every letter and notes its Message-ID."""

    outcome = "sent"

    def __init__(self, file: Path, death: Death) -> None:
        self.file = file
        self.death = death

    def carry(self, envelope: Envelope) -> None:
        with self.file.open("a") as file:
            file.write(f"{envelope.message_id} {envelope.recipient}\n")
        self.death.passed("mail-accepted")


def main() -> None:
    sent = what_was_sent()
    death = Death(sent["place"], sent["times"])
    sides = Sides(Path(sent["sides"]))
    list_apply.SENT = 20  # several chunks, some of them sent while others are written here
    sides.intacct.page = sides.salesforce.page = 30
    sides.intacct.before = lambda call: death.passed(f"intacct-{call}")
    sides.salesforce.before = lambda call: death.passed(f"salesforce-{call}")
    sides.salesforce.after = lambda call: death.passed(f"salesforce-{call}-done")
    remotes.use(sides.remotes)
    with opened(Settings.from_env()):
        event.listen(db.engine, "commit", lambda _connection: death.passed("commit"))
        for _slice in range(20):
            runs.work(sent["run"])
        session.remove()
        outbox.deliver_due(Post(Path(sent["sides"], "post.txt"), death))
    sys.stdout.write("lived")


if __name__ == "__main__":
    main()
