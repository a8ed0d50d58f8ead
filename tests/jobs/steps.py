"""Jobs that only tests put on the queue: they leave notes in files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import current_app

from crmapp.queue import leaving


def note(path: str) -> None:
    """Say which application this job runs in."""
    Path(path).write_text(current_app.name)


def linger(path: str) -> None:
    """Say which process this is; stay until asked to leave, and say so."""
    Path(path).write_text(str(os.getpid()))
    while not leaving():
        time.sleep(0.01)
    Path(path).write_text("left when asked")
