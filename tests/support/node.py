"""Programs of Node.js that come from packages: installed once, as their lock file says."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
NODE = PROGRAMS / "node"


def install(folder: Path) -> None:
    """Install what the lock file names, once: several processes of tests may want it."""
    done = folder / "node_modules" / ".installed"
    lock = folder / "package-lock.json"
    with lock.open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        ended = subprocess.run(
            [PROGRAMS / "npm", "ci", "--ignore-scripts"],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        done.touch()


def environment() -> dict[str, str]:
    """Return the environment of a program: it finds Node.js first."""
    return {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
