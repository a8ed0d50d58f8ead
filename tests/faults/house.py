"""A running installation and the injuries that can be done to it, each by process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from crmapp.cli.supervision import valkey
from tests.faults.ground import Ground
from tests.support.processes import Installation, eventually

Somebody = TypeVar("Somebody", int, tuple[int, int])


def children(parent: int) -> dict[int, str]:
    """Return the children of a process: id to name. Cheaper than ``ps``, and asked often."""
    found: dict[int, str] = {}
    with suppress(OSError):
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with suppress(OSError):
                found[int(pid)] = Path(f"/proc/{pid}/comm").read_text().strip()
    return found


def is_stopped(pid: int) -> bool:
    """Say whether a SIGSTOP holds the process."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


def _opened(pid: int) -> set[str]:
    """Return what a process has open; nothing of one that is gone."""
    found = set()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                found.add(os.readlink(link))
    return found


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def send(pid: int, sig: signal.Signals) -> bool:
    """Send a signal; say whether the process was still there."""
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        return False
    return True


class House:
    """``crmapp up`` on its ground: two workers, a sweeper, the web and the embedded queue."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.installation = Installation(ground.home, ground.env)
        self.meanwhile: Callable[[], object] = lambda: None  # done while we wait for somebody

    def __enter__(self) -> House:
        self.installation.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_all()
        shutil.rmtree(valkey.socket_path(self.ground.home).parent, ignore_errors=True)

    def kill_all(self) -> None:
        """End the supervisor at once: the kernel ends whoever it had started, frozen or not."""
        family = self._family(self.installation.pid)
        self.installation.kill()
        eventually(lambda: not any(map(is_alive, family)), "everybody was gone")

    def _family(self, pid: int) -> list[int]:
        below = list(children(pid))
        return [*below, *(each for child in below for each in self._family(child))]

    # --- who is here ----------------------------------------------------------------------------

    def named(self, name: str) -> list[int]:
        found = children(self.installation.pid)
        return [pid for pid, called in found.items() if called.startswith(name)]

    def workers(self) -> list[int]:
        return self.named("crmapp-worker")

    def horses(self) -> list[int]:
        """Return the processes that work on a job and are not stopped."""
        found = [pid for worker in self.workers() for pid in children(worker)]
        return [pid for pid in found if not is_stopped(pid)]

    def servers(self) -> list[int]:
        """Return the processes that answer requests."""
        return [pid for master in self.named("crmapp-web") for pid in children(master)]

    def at_the_other_end(self, connection: socket.socket) -> int:
        """Return who of this house opened a connection that somebody on this machine accepted.

        It is 0 if whoever did has closed it.
        """
        ends = tuple(
            f":{end[1]:04X}" for end in (connection.getpeername(), connection.getsockname())
        )

        def look() -> list[int]:
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            opened = {row[9] for row in rows if (row[1][-5:], row[2][-5:]) == ends} - {"0"}
            if not opened:
                return [0]
            (inode,) = opened
            family = self._family(self.installation.pid)
            return [pid for pid in family if f"socket:[{inode}]" in _opened(pid)]

        found: list[int] = eventually(look, "somebody was at the other end")
        return found[0]

    def one(self, who: Callable[[], list[Somebody]], what: str) -> Somebody:
        """Wait for somebody of the kind to be there, and return her."""

        def look() -> list[Somebody]:
            self.meanwhile()
            return who()

        found: list[Somebody] = eventually(look, f"a {what} was there", 60)
        return found[0]

    # --- injuries: each returns how many processes it killed ------------------------------------

    def kill_horse(self) -> int:
        return send(self.one(self.horses, "horse"), signal.SIGKILL)

    def kill_worker(self) -> int:
        """Kill a worker with a horse at work, which dies with it."""
        worker, horse = self._team()
        killed = send(worker, signal.SIGKILL)
        eventually(lambda: not is_alive(horse), "the horse died with its worker")
        return killed + 1

    def kill_both(self) -> int:
        worker, horse = self._team()
        return send(horse, signal.SIGKILL) + send(worker, signal.SIGKILL)

    def _team(self) -> tuple[int, int]:
        def teams() -> list[tuple[int, int]]:
            pairs = [(worker, horse) for worker in self.workers() for horse in children(worker)]
            return [pair for pair in pairs if not is_stopped(pair[1])]

        return self.one(teams, "worker with a horse")

    def kill_sweeper(self) -> int:
        return send(self.one(lambda: self.named("crmapp-sweeper"), "sweeper"), signal.SIGKILL)

    def kill_server(self) -> int:
        """Kill a process that is answering requests."""
        return send(self.one(self.servers, "server"), signal.SIGKILL)

    def kill_web(self) -> int:
        """Kill the web's master; its servers die with it."""
        return send(self.one(lambda: self.named("crmapp-web"), "web"), signal.SIGKILL)

    def stop_horse(self) -> int:
        """Freeze a horse; the caller lets it go on when its lease is over."""
        horse = self.one(self.horses, "horse")
        send(horse, signal.SIGSTOP)
        return horse

    def kill_queue(self) -> int:
        return send(self._queue(), signal.SIGKILL)

    def wipe_queue(self) -> int:
        """Remove all that the queue remembers, then kill it before it can write it again."""
        queue = self._queue()
        send(queue, signal.SIGSTOP)
        shutil.rmtree(self.ground.home / "valkey" / "appendonlydir", ignore_errors=True)
        return send(queue, signal.SIGKILL)

    def freeze_queue(self) -> int:
        """Freeze the queue; the caller thaws it."""
        queue = self._queue()
        send(queue, signal.SIGSTOP)
        return queue

    def _queue(self) -> int:
        return self.one(lambda: self.named("valkey-server"), "queue")

    def kills(self) -> Mapping[str, Callable[[], int]]:
        """Return the injuries that leave nothing to be thawed, by name."""
        return {
            "horse": self.kill_horse,
            "worker": self.kill_worker,
            "both": self.kill_both,
            "sweeper": self.kill_sweeper,
            "server": self.kill_server,
            "web": self.kill_web,
            "queue killed": self.kill_queue,
            "queue wiped": self.wipe_queue,
        }
