"""The bytes of attached files, each kept once under its SHA-256 and never changed.

A file is written beside its place and moved there, so that a kill leaves nothing half. Whoever
moves one there holds the lock until a row of the database names it; whoever removes files that no
row names holds it alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crmapp.config import settings

UNNAMED_FOR = 24 * 3600.0
"""Seconds that a file stays though no row names it."""
_BLOCK = 1 << 20
_FOLDERS = 256
_PAUSE = 15.0
"""Seconds between the looks at two of the folders: each is looked at about once an hour."""


@dataclass(frozen=True)
class Received:
    """A file that was received and is not kept yet; ``head`` are its first bytes."""

    path: Path
    sha256: str
    size: int
    head: bytes


@contextmanager
def received(stream: IO[bytes], *, most: int, head: int) -> Iterator[Received]:
    """Write a file down for the time of a block, up to one byte more than ``most``.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    handle, name = tempfile.mkstemp(dir=_folder("incoming"))
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            digest, size, first = hashlib.sha256(), 0, b""
            while size <= most and (block := stream.read(min(_BLOCK, most + 1 - size))):
                first += block[: head - len(first)]
                digest.update(block)
                size += file.write(block)
            file.flush()
            os.fsync(file.fileno())
        yield Received(path, digest.hexdigest(), size, first)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def keeping() -> Iterator[Callable[[Received], None]]:
    """Let files be kept; what no row names at the end of the block may be removed again.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    with _locked(fcntl.LOCK_SH):
        yield _keep


def _keep(file: Received) -> None:
    place = place_of(file.sha256)
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        file.path.replace(place)
        sync(place.parent)


def sync(folder: Path) -> None:
    """Let the disk know the names in a folder, say before a row of the database does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place_of(sha256: str) -> Path:
    """Return where the file with this content lies."""
    return _folder() / sha256[:2] / sha256


def next_folder() -> str | None:
    """Return the folder whose turn it is to be looked through; none if one was just now."""
    if not _root().exists():
        return None
    turn = _root() / "turn"
    try:
        rested = time.time() - turn.stat().st_mtime >= _PAUSE
        last = int(turn.read_text())
    except (FileNotFoundError, ValueError):
        rested, last = True, -1
    if not rested:
        return None
    fresh = turn.with_suffix(".new")
    fresh.write_text(str((last + 1) % _FOLDERS))
    fresh.replace(turn)
    return f"{(last + 1) % _FOLDERS:02x}"


def sweep(folder: str, named: Callable[[Sequence[str]], Collection[str]]) -> int:
    """Remove the old files of a folder that nobody needs, and return how many.

    ``named`` returns those of the hashes that rows name; it is asked while nothing can be added.
    """
    gone = 0
    with _locked(fcntl.LOCK_EX):
        for path in _old(_root() / "incoming"):
            path.unlink(missing_ok=True)
        old = {path.name: path for path in _old(_root() / folder)}
        unneeded = old.keys() - set(named(sorted(old))) if old else ()
        for name in unneeded:
            old[name].unlink(missing_ok=True)
            gone += 1
    return gone


def _old(folder: Path) -> list[Path]:
    limit = time.time() - UNNAMED_FOR
    found = []
    for each in os.scandir(folder) if folder.exists() else ():
        with suppress(FileNotFoundError):  # whoever received it has removed it
            if each.stat().st_mtime < limit:
                found.append(Path(each))
    return found


@contextmanager
def _locked(how: int) -> Iterator[None]:
    with (_folder() / "lock").open("a") as lock:
        fcntl.flock(lock, how)
        yield


def _root() -> Path:
    return settings().attachments_dir


def _folder(name: str = "") -> Path:
    folder = _root() / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
