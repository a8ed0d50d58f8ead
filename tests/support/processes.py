"""A whole installation as an operator starts it: real processes to ask, to kill and to stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crmapp.cli.supervision.valkey import clean_up
from crmapp.config import ROOT

KEPT = ("PATH", "HOME", "TMPDIR", "LANG")
READY = re.compile(r"crmapp is ready: (http://\S+)")


def eventually(true: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Return the first true value of ``true()``; fail, saying ``what``, if there is none."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, f"in {seconds} s never {what}"
        time.sleep(0.02)
    return value


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which nothing of the developer's own settings is left."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours = {
        "CRMAPP_DEMO": "0",
        "CRMAPP_HOME": str(home),
        "CRMAPP_WEB_PROCESSES": "1",
        "HTMX_SOURCE": "local",
        "PORT": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    return {**kept, **ours, **(extra or {})}


def crmapp(home: Path, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "crmapp", *words],
        env=environment(home, options.pop("env", None)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def children(parent: int) -> dict[int, str]:
    """Return the processes whose parent is ``parent``: id to name."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in table.stdout.splitlines()]
    return {int(pid): name.strip() for pid, above, name in rows if int(above) == parent}


class Installation:
    """``crmapp up`` in ``home``, on a port that the system chose."""

    patience = 60.0  # seconds until the web answers

    def __init__(self, home: Path, env: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.env = environment(home, env)
        self.log = home.with_name(f"{home.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Installation:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        clean_up(self.home)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def url(self) -> str:
        found = READY.search(self.output)
        assert found, self.output
        return found[1]

    def start(self) -> None:
        """Start, and wait until the web answers."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "crmapp", "up"],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(lambda: READY.search(self.output) or self._ended(), "ready", self.patience)
        assert READY.search(self.output), self.output

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def processes(self, name: str) -> list[int]:
        """Return the ids of the running programs called ``name``, e.g. ``worker`` or ``web``."""
        found = children(self.pid)
        return [pid for pid, called in found.items() if called.startswith(f"crmapp-{name}"[:15])]

    def horses(self) -> list[int]:
        """Return the processes that work on a job now."""
        return [pid for worker in self.processes("worker") for pid in children(worker)]

    def queues(self) -> list[int]:
        """Return the process id of the embedded queue, or nothing while it is away."""
        return [pid for pid, name in children(self.pid).items() if name == "valkey-server"]

    def get(self, path: str) -> tuple[int, str]:
        """Ask the web; return the status and the body."""
        address = urlsplit(self.url)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; return the exit code."""
        assert self._process is not None
        self._process.send_signal(sig)
        return self._process.wait(30)

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
