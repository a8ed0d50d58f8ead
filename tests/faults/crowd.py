"""Many people at once: threads that send forms while the web is killed, and whole processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from crmapp.cli.supervision import valkey
from crmapp.config import Settings
from tests.faults.clerk import Ledger
from tests.faults.ground import Ground, opened
from tests.faults.visitor import AWAY, Visitor

VISITORS = 3
_PAUSE = 0.1
_PATIENCE = 60.0


class Visitors:
    """Create accounts over HTTP for as long as the block lasts; each form until it is answered."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        visitor = Visitor(url).sign_in("mona@crm.example")
        form = visitor.form("/accounts/new", "/accounts")
        self._leave = threading.Event()
        self._threads = [
            threading.Thread(target=self._visit, args=(Visitor(url, visitor.cookies), form, who))
            for who in range(VISITORS)
        ]
        self._ledger = ledger

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, visitor: Visitor, form: Mapping[str, str], who: int) -> None:
        number = 0
        while not self._leave.wait(_PAUSE):
            number += 1
            key = f"visitor-{who}-{number}"
            name = sha256(key.encode()).hexdigest()[:16]  # like no other: nobody is asked for why
            sent = {**form, "name": name, "idempotency_key": key}
            self._ledger.sent.append(name)
            if self._send(visitor, sent):
                self._ledger.created[key] = name

    def _send(self, visitor: Visitor, sent: Mapping[str, str]) -> bool:
        """Send the form until it is acknowledged; say whether it was before we had to leave."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = visitor.ask("POST", "/accounts", sent)
            except AWAY:
                answer = None
            if answer and answer.status == 303:
                return True
            late = time.monotonic() > deadline
            if answer and (answer.status < 500 or late):
                self._ledger.refused.append(f"{answer.status}: {answer.body[:500]}")
            if late or self._leave.is_set() or (answer and answer.status < 500):
                return False
            time.sleep(_PAUSE)


def crowd(ground: Ground, module: str, sent: Mapping[str, Any], processes: int) -> list[Any]:
    """Have a module of ours do the same in several processes at once; return what each answers."""
    leader = start_process(ground, module, {**sent, "processes": processes})
    printed = leader.communicate(timeout=180)[0]
    assert leader.returncode == 0, printed
    answers: list[Any] = json.loads(printed)
    return answers


def start_process(ground: Ground, module: str, sent: Mapping[str, Any]) -> subprocess.Popen[str]:
    """Start ``python -m tests.faults.<module>`` with ``sent`` in its environment.

    It is a process of the installation, with what is planted there.
    """
    home, queue = str(ground.home), valkey.url(ground.home)
    joined = {"CRMAPP_HOME": home, "REDIS_URL": queue, "CRMAPP_FAULTS_SENT": json.dumps(sent)}
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.faults.{module}"],
        env={**ground.env, **joined},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def what_was_sent() -> dict[str, Any]:
    """In such a process: return what it was sent."""
    sent: dict[str, Any] = json.loads(os.environ["CRMAPP_FAULTS_SENT"])
    return sent


_FORK = get_context("fork")


def together(do: Callable[[Mapping[str, Any]], Any]) -> None:
    """In such a process: become as many as were asked for, who begin at the same moment."""
    sent = what_was_sent()
    start = _FORK.Barrier(sent["processes"])
    with ProcessPoolExecutor(sent["processes"], _FORK, _join, (start,)) as crowd_:
        answers = list(crowd_.map(partial(_begin, do), [sent] * sent["processes"]))
    sys.stdout.write(json.dumps(answers))


_start: list[Barrier] = []


def _join(start: Barrier) -> None:
    _start.append(start)


def _begin(do: Callable[[Mapping[str, Any]], Any], sent: Mapping[str, Any]) -> Any:
    with opened(Settings.from_env()):
        _start[0].wait(120)
        return do(sent)
