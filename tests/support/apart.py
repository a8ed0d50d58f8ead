"""Programs with packages of their own: installed once, into a folder that outlives the tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Failed(Exception):
    """A program did not do what it should have; the message is the end of what it said."""


def cache(name: str, variable: str) -> Path:
    """Return the folder of a program: below the person's cache, unless a variable names it."""
    named = os.environ.get(variable)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(base) / "crmapp" / name


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes waiting that want to prepare the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(lock: Path, folder: Path) -> None:
    """Make an environment anew, with exactly what a lock file lists.

    Raises:
        Failed: mostly for want of a network.
    """
    run([sys.executable, "-m", "venv", "--clear", str(folder / "venv")], folder)
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    run([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], folder)


def installed(name: str, variable: str, lock: Path) -> Path:
    """Return the folder of programs that a lock file lists, which are installed if need be.

    Raises:
        Failed: they cannot be.
    """
    folder = cache(name, variable)
    with alone(folder):
        mark, wanted = folder / "installed", f"{digest(lock)} {sys.version}"
        if not mark.exists() or mark.read_text() != wanted:
            mark.unlink(missing_ok=True)
            install(lock, folder)
            mark.write_text(wanted)
    return folder / "venv" / "bin"


def run(command: Sequence[str], folder: Path, **environment: str) -> None:
    """Run a program to its end.

    Raises:
        Failed: it says that it has.
    """
    done = subprocess.run(
        command,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    if done.returncode:
        raise Failed("\n".join((done.stdout + done.stderr).strip().splitlines()[-5:]))
