"""Both pretend systems, served over copies of furnished files, and runs that meet faults there."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from crmapp.connectors.sandbox.faults import Kind
from crmapp.db import session, unit_of_work
from crmapp.domain.runs import ENDED, Status
from crmapp.models import Run, User
from crmapp.services import failures, runs
from tests.faults.battery import SIGNING_IN, Combination
from tests.support.connections import control
from tests.support.pretending import Pretended, pretend
from tests.support.processes import eventually
from tests.support.sandbox_pair import connect_both

_EXPIRE = {"xml": "expire-sessions", "rest": "expire-tokens", "salesforce": "expire_tokens"}


@dataclass
class Pair:
    """Both pretend systems, and where their files lie."""

    intacct: Path
    salesforce: Path
    systems: dict[str, Pretended]

    def connect(self, met: Combination, *, by: User) -> None:
        """Connect to both, to Intacct by the interface that the combination is about."""
        urls = (self.systems["salesforce"].url, self.systems["intacct"].url)
        connect_both(*urls, by=by, by_rest=met.system == "rest")

    def of(self, met: Combination) -> Pretended:
        return self.systems["intacct" if met.system in ("xml", "rest") else "salesforce"]

    def meet(self, met: Combination) -> None:
        """Let things go wrong from now on."""
        if met.phase == SIGNING_IN:
            control(self.of(met).url, _EXPIRE[met.system])
        self.of(met).fault(**met.fault)

    def has_met(self, met: Combination) -> bool:
        """Say whether the fault has met anything."""
        return self.of(met).app.faults.listed()[0].fired > 0

    def well(self) -> None:
        for each in self.systems.values():
            each.well()


@contextmanager
def served(furnished: Path, folder: Path) -> Iterator[Pair]:
    """Serve copies of the files in ``furnished``."""
    shutil.copytree(furnished, folder)
    with ExitStack() as stack:
        places = {name: folder / name for name in ("intacct", "salesforce")}
        systems = {name: stack.enter_context(pretend(name, at)) for name, at in places.items()}
        yield Pair(**places, systems=systems)
        quiet()


def small_pages(patch: pytest.MonkeyPatch, records: int) -> None:
    """Have few records in each page."""
    patch.setattr("crmapp.connectors.intacct.xml.PAGE", records)
    patch.setattr("crmapp.connectors.intacct.rest.PAGE", records)
    patch.setattr("crmapp.connectors.salesforce.reading.PAGE", records)
    patch.setattr("crmapp.connectors.sandbox.salesforce.app.SMALLEST_BATCH", 1)


def hurry(patch: pytest.MonkeyPatch, met: Combination) -> None:
    """Make no pauses between tries, have little patience, and send few rows by a job if any is."""
    patch.setattr("crmapp.connectors.door._pause_before", lambda _state: 0.0)
    if met.kind is Kind.SLOW:
        patch.setattr("crmapp.connectors.door.READ", 0.25)
    if met.system == "bulk":
        patch.setattr("crmapp.connectors.salesforce.bulk.FROM", 2)


def quiet() -> None:
    """Wait until the pretend systems have done what they still do for nobody."""
    called = "process_request_thread"
    eventually(lambda: not any(called in each.name for each in threading.enumerate()), "quiet")


def stand(run_id: int) -> Run:
    """Work on a run until it has ended, is put off or waits for a person."""
    for _slice in range(20):
        runs.work(run_id)
        session.rollback()
        run = session.get_one(Run, run_id)
        if run.status in (*ENDED, Status.PLANNED) or failures.obstacle(run):
            return run
    raise AssertionError(f"the run is {run.status} and nobody is at it")


def wake(run_id: int) -> Run:
    """Let the time pass after which a run is taken up again, and work on it."""
    with unit_of_work():
        session.execute(update(Run).where(Run.id == run_id).values(retry_at=None))
    return stand(run_id)
