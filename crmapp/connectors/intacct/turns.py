"""At most two requests at a time to one Intacct company, as many as it answers."""

from __future__ import annotations

import threading

AT_A_TIME = 2
_turns: dict[str, threading.BoundedSemaphore] = {}
_lock = threading.Lock()


def turns_of(company: str) -> threading.BoundedSemaphore:
    """Return what a request to ``company`` waits for, the same for all of this process."""
    with _lock:
        return _turns.setdefault(company.casefold(), threading.BoundedSemaphore(AT_A_TIME))
