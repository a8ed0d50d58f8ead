"""Imports of one file, each into a database that begins like all others, and what they come to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from crmapp.db import session
from crmapp.domain.runs import ENDED, Status
from crmapp.models import Run
from crmapp.services import runs
from tests.faults.aim import PATIENCE, Scene, scene
from tests.faults.clerk import PLANNED, Clerk, mona, status
from tests.faults.digest import digests
from tests.faults.ground import Databases, insist, lay_ground, opened
from tests.faults.invariants import breaks_of_any, tables_are_whole
from tests.faults.kills import Kill, Strike
from tests.faults.sheet import Sheet, send

FULL = 1250
"""Rows that are written at a time; a fourth of those that are staged or planned, as usually."""
STEPS = 30
"""Of a small file fewer rows are taken at a time, so that there are so many steps."""
LINGER = "0.05"
"""Seconds that each step then takes longer: else all would be over before anybody can die."""


@dataclass(frozen=True)
class End:
    """What an import came to: the run, a digest of each part of the database, what is wrong.

    ``left_in`` are the phases in which it was left by those who died.
    """

    done: dict[str, int]
    digests: dict[str, str]
    breaks: list[str]
    left_in: list[str]
    seconds: float


class Imports:
    """Imports of a sheet, half of whose customers are known already."""

    def __init__(self, sheet: Sheet, folder: Path, databases: Databases) -> None:
        self.sheet = sheet
        self._folder, self._databases = folder, databases
        self._patience = PATIENCE + sheet.size / 200
        chunk = min(FULL, sheet.size // STEPS)
        self._planted = {"chunk": str(chunk), "linger": "0" if chunk == FULL else LINGER}
        self._planted["lease"] = str(3 + sheet.size // 10_000)  # more rows take longer
        self._beginning = lay_ground(folder / "before", databases, **self._planted)
        with opened(self._beginning.settings()):
            for linked in (True, False):
                _here_and_now(send(sheet.known(linked), linked=linked, by=mona()))
            session.execute(text("ANALYZE"))  # as the server would by itself, which it may not here
            session.commit()

    def undisturbed(self) -> End:
        """Import the sheet while nothing happens, and look whether what is there is sound."""
        with self._scene("undisturbed") as at:
            return self._end(at, ())

    def disturbed(self, number: int, kills: Sequence[Kill]) -> End:
        """Import the sheet while somebody is killed, again and again."""
        with self._scene(f"disturbed-{number}") as at:
            return self._end(at, kills)

    @contextmanager
    def _scene(self, name: str) -> Iterator[Scene]:
        like = self._beginning
        with scene(self._folder / name, self._databases, like.url, **self._planted) as at:
            plans = at.ground.home / "artefacts"
            shutil.copytree(like.home / "artefacts", plans, dirs_exist_ok=True)
            yield at
        self._databases.drop(at.ground.url)
        shutil.rmtree(at.ground.home)

    def _end(self, at: Scene, kills: Sequence[Kill]) -> End:
        began = time.monotonic()
        run_id, left_in = self._import(at, kills)
        seconds = time.monotonic() - began
        breaks = tables_are_whole() if kills else breaks_of_any(at.ground.home / "artefacts")
        done = session.get_one(Run, run_id).done
        return End(done, digests(), list(breaks), left_in, seconds)

    def _import(self, at: Scene, kills: Sequence[Kill]) -> tuple[int, list[str]]:
        """Do as a person does, and kill; return the run, and in which phases it was left."""
        strikes = [Strike(kill, at, self.sheet.size, self._patience) for kill in kills]
        run_id = insist(lambda: send(self.sheet.rows(), linked=True, by=mona()))
        left_in = [each.fall(run_id) for each in strikes if not each.kill.carries_out]
        at.wait(run_id, PLANNED, self._patience)
        at.clerk.run(run_id)
        left_in += [each.fall(run_id) for each in strikes if each.kill.carries_out]
        at.wait(run_id, ENDED, self._patience)
        return run_id, left_in


def _here_and_now(run_id: int) -> None:
    """Have an import planned and carried out in this process."""
    while status(run_id) == Status.PLANNING:
        runs.work(run_id)
    Clerk().run(run_id)
    while status(run_id) in (Status.QUEUED, Status.RUNNING):
        runs.work(run_id)
