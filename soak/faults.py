"""The faults of ``tests/faults``, at length: house after house is injured until enough was."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from tests.faults.chaos import Plan, Toll, toll_of
from tests.faults.ground import Databases, open_databases

TIMES = 2
"""So often does one house go through all injuries: its records must fit into our memory."""
KILLS = 30
"""So many processes are killed each time."""

Say = Callable[[str], None]


def soak(kind: str, kills: int, rows: int, seed: int, say: Say) -> Toll:
    """Injure houses on databases of the kind until so many were killed and so much was done.

    Each house has a seed of its own, the next number. What broke stays where ``say`` says.
    """
    toll = Toll()
    folder = Path(tempfile.mkdtemp(prefix="crmapp-soak-"))
    with open_databases(kind, folder) as databases:
        for number in count():
            kills_left, rows_left = kills - toll.killed, rows - toll.rows
            if kills_left <= 0 and rows_left <= 0:
                break
            times = min(TIMES, max(1, math.ceil(kills_left / KILLS)))
            share = min(1.0, times * KILLS / max(1, kills_left))
            plan = Plan(seed + number, times, math.ceil(rows_left * share))
            toll += _suffered(plan, folder, databases, say)
            say(f"{kind}: {toll.killed} of {kills} killed, {toll.rows} of {rows} rows")
    if not toll.breaks:
        shutil.rmtree(folder)
    return toll


def _suffered(plan: Plan, folder: Path, databases: Databases, say: Say) -> Toll:
    """Take one house through its plan; a house that never settles is broken, too."""
    home = folder / f"seed-{plan.seed}"
    home.mkdir()
    try:
        toll = toll_of(plan, home, databases)
    except AssertionError as error:
        toll = Toll(breaks=[str(error)])
    toll.breaks = [f"seed {plan.seed}: {each}" for each in toll.breaks]
    say(f"  {plan}: {toll}")
    if toll.breaks:
        say("\n".join(["  BROKEN:", *toll.breaks[:20], f"  see {home}"]))
    else:
        shutil.rmtree(home)
    return toll
