"""A private queue server, as the supervisor starts it: to kill, freeze and wipe."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from crmapp.cli.supervision.valkey import command
from crmapp.jobs.lifeline import die_with_parent
from tests.support.processes import eventually


class QueueServer:
    """Valkey in a temporary folder; it dies with the process that started it."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="crmapp-queue-"))
        self.url = f"unix://{self.home / 'socket'}"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            command(self.home, self.home / "socket"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        eventually(self._answers, "answering")

    def client(self) -> Redis:
        return Redis.from_url(self.url, socket_timeout=5)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def wipe(self) -> None:
        """Kill it, forget everything it held, and start it again."""
        self.kill()
        shutil.rmtree(self.home / "appendonlydir", ignore_errors=True)
        self.start()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.thaw()
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False
