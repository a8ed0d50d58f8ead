"""What is planted in processes of an installation under fault: rows, pace, a clock, defects."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import time_machine

from crmapp import noted, queue
from crmapp.cli.supervision import supervisor
from crmapp.connectors.salesforce import bulk
from crmapp.mail import outbox
from crmapp.services import (
    account_sync_apply,
    account_sync_pairs,
    apply,
    file_sources,
    list_apply,
    pace,
    planning,
    records,
    run_exceptions,
    staged_rows,
    upsert_plan,
    upserts,
)
from tests.faults import made
from tests.faults.plants.defects import DEFECTS, open_all_rooms

LETTER_LEASE = timedelta(seconds=20)
"""A letter whose sender was killed waits so long; nobody is frozen, or sends one letter, longer."""


def plant(environ: Mapping[str, str]) -> None:
    """Make the made-up rows known, hurry, work in small steps, plant what the environment names."""
    made.register()
    _small_steps(int(environ["CRMAPP_FAULTS_CHUNK"]), float(environ["CRMAPP_FAULTS_LINGER"]))
    _set(outbox, "LEASE", LETTER_LEASE)
    for name in filter(None, environ.get("CRMAPP_FAULTS_DEFECTS", "").split(",")):
        open_all_rooms()
        DEFECTS[name]()
    for name in GATES:
        _build(name, Path(environ["CRMAPP_FAULTS_GATES"]))
    if clock := environ.get("CRMAPP_FAULTS_CLOCK"):
        program, seconds = clock.split()
        _set_clock(program, float(seconds))


def _small_steps(chunk: int, linger: float) -> None:
    """Write few rows at a time, and hold each transaction open, so that a fault finds it so."""
    _set(pace, "chunk_size", lambda: chunk)
    _set(list_apply, "SENT", chunk)
    _set(planning, "PART", chunk * 4)
    _set(file_sources, "_PAGE", chunk * 4)
    _set(account_sync_pairs, "PART", chunk * 8)
    _set(account_sync_apply, "AT_ONCE", chunk * 8)
    _set(bulk, "FROM", chunk * 4)
    _around(run_exceptions, "keep", after=lambda: time.sleep(linger))
    _around(apply, "next_rows", after=lambda: time.sleep(linger))
    _around(noted, "write_lines", after=lambda: time.sleep(linger))
    _around(planning, "keep_part", after=lambda: time.sleep(linger))


def _set_clock(program: str, seconds: float) -> None:
    """Set the clock of one of the supervisor's programs, and of whoever it forks, ahead."""
    name_process = supervisor.name_process

    def name_and_set(name: str) -> None:
        name_process(name)
        if name == f"crmapp-{program}":
            time_machine.travel(time.time() + seconds).start()

    _set(supervisor, "name_process", name_and_set)


GATES: Mapping[str, tuple[Any, str, str]] = {
    "rows-staged": (staged_rows, "_counted", "before"),  # the last of them is committed
    "part-planned": (upsert_plan, "plan_rows", "after"),
    "to-be-joined": (planning, "join_parts", "before"),  # every row is planned
    "plan-joined": (planning, "join_parts", "after"),  # nobody has been told of it
    "rows-read": (apply, "next_rows", "after"),  # the chunk is chosen, nothing has begun
    "rows-written": (records, "write", "after"),  # in the transaction; the cursor is not moved yet
    "all-but-committed": (run_exceptions, "keep", "after"),
    "to-be-ended": (apply, "_finish", "before"),  # every row is written
    "bell-asked-for": (upserts, "later", "after"),  # in the transaction of its cause
    "bell-not-rung": (queue, "ring", "before"),  # the cause is committed
}
"""Places at which a process stops itself, once a test has armed them."""


def _build(name: str, folder: Path) -> None:
    owner, function, when = GATES[name]
    passes: dict[str, int] = {}

    def pass_by() -> None:
        armed = folder / f"{name}.armed"
        if not armed.exists():
            return
        token, times = armed.read_text().split()
        passes[token] = passes.get(token, 0) + 1
        if passes[token] == int(times):
            _stop_here(armed, folder / f"{name}-{token}")

    _around(owner, function, **{when: pass_by})


def _stop_here(armed: Path, mark: Path) -> None:
    """Stop this process, as a SIGSTOP from outside would, unless another one came first."""
    try:
        armed.unlink()
    except FileNotFoundError:
        return
    mark.write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)


def _set(owner: Any, name: str, value: object) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}"
    setattr(owner, name, value)


def _nothing() -> None:
    pass


def _around(
    owner: Any,
    name: str,
    before: Callable[[], object] = _nothing,
    after: Callable[[], object] = _nothing,
) -> None:
    """Do something whenever the function ``owner.name`` is called, or has returned."""
    function = getattr(owner, name)

    @wraps(function)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        before()
        answer = function(*args, **kwargs)
        after()
        return answer

    setattr(owner, name, replacement)
