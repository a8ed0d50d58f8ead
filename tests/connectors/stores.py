"""Where tests keep tokens: in one process, or in a file that several share."""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Callable
from pathlib import Path

from crmapp.connectors.port import Tokens


class InMemory:
    """Keeps tokens for the threads of this process."""

    def __init__(self, kept: Tokens | None = None) -> None:
        self.kept = kept
        self.sign_ins = 0
        self._lock = threading.Lock()

    def current(self) -> Tokens | None:
        return self.kept

    def renew(self, refused: str | None, sign_in: Callable[[Tokens | None], Tokens]) -> Tokens:
        with self._lock:
            if self.kept is None or self.kept.access == refused:
                self.kept = sign_in(self.kept)
                self.sign_ins += 1
            return self.kept


class InFile:
    """Keeps tokens in a file that is locked while one of several processes renews them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def current(self) -> Tokens | None:
        if not self.path.exists():
            return None
        access, refresh, instance = json.loads(self.path.read_text())
        return Tokens(access, refresh, instance)

    def keep(self, tokens: Tokens) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps([tokens.access, tokens.refresh, tokens.instance_url]))
        new.replace(self.path)

    def renew(self, refused: str | None, sign_in: Callable[[Tokens | None], Tokens]) -> Tokens:
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = self.current()
            if kept is None or kept.access == refused:
                kept = sign_in(kept)
                self.keep(kept)
            return kept
