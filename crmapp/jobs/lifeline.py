"""Tie a process's life to its parent's, under a name that ``ps`` and ``top`` show."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def die_with_parent(parent: int, sig: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send ``sig`` to this process when process ``parent`` dies (Linux only).

    Call it in the child, right after the fork. The wish is bound to the *thread* that forked, so a
    parent must start its children from a thread that lives as long as itself.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sig))
    if os.getppid() != parent:  # it died before the wish was made
        os.kill(os.getpid(), sig)


def name_process(name: str) -> None:
    """Show ``name``, cut to 15 bytes, for this process in ``ps -o comm`` (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15])
