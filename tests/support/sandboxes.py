"""Sandboxes as processes of their own, to ask and to kill."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.processes import environment, eventually

_READY = re.compile(r"pretended at (https?://\S+?),")


class SandboxProcess:
    """``crmapp sandbox SYSTEM`` on a port that the machine chose; the same one after a restart."""

    def __init__(self, system: str, folder: Path, *words: str) -> None:
        self._system = system
        self._folder = folder
        self._words = words
        self._log = folder.with_name(f"{folder.name}.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._port = "0"
        self.url = ""

    def __enter__(self) -> SandboxProcess:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def output(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        """Start, and wait until it answers."""
        words = ["--port", self._port, "--folder", str(self._folder), *self._words]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "crmapp", "sandbox", self._system, *words],
                env=environment(self._folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(lambda: _READY.search(self.output) or self._ended(), "ready")
        found = _READY.search(self.output)
        assert found, self.output
        self.url = found[1]
        self._port = self.url.rpartition(":")[2]

    def kill(self) -> None:
        """End it as ``kill -9`` does, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None
