"""Keep programs running: start them, start again what dies, and stop them all in order."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import ForkProcess

import click

from crmapp.jobs.lifeline import die_with_parent, name_process

_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FORK = get_context("fork")  # children share what the parent has imported, and start at once


@dataclass
class Program:
    """Something to keep running: ``run`` is called in a process of its own.

    ``stage`` orders the end: higher stages stop first. ``patience`` is how many seconds it gets
    between being asked to stop and being killed. ``once`` programs are not started again.
    """

    name: str
    run: Callable[[], object]
    stage: int = 1
    patience: float = 10.0
    once: bool = False
    process: ForkProcess | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    delay: float = field(default=0.0, init=False)
    due: float | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.is_alive()


class Supervisor:
    """Runs programs until it is told to stop by SIGTERM, SIGINT or SIGHUP.

    It forks, so it must stay plain: one thread, no connections, no locks.
    """

    def __init__(self) -> None:
        self._programs: list[Program] = []
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        self.stopping = False
        signal.set_wakeup_fd(self._waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for sig in _STOP:
            if signal.getsignal(sig) is not signal.SIG_IGN:  # as under nohup
                signal.signal(sig, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def start(self, programs: Iterable[Program]) -> None:
        for program in programs:
            self._programs.append(program)
            self._start(program)

    def finish(self, program: Program) -> int | None:
        """Run ``program`` to its end and return its exit code; None if we were told to stop."""
        self._start(program)
        while program.running and not self.stopping:
            self._sleep(None)
        if self.stopping:
            self._stop([program])
            return None
        return program.process.exitcode if program.process else None

    def watch(self) -> None:
        """Start again what dies, until told to stop."""
        while not self.stopping:
            self._sleep(self._revive())

    def stop(self) -> None:
        """Stop all programs, the highest stage first."""
        for stage in sorted({program.stage for program in self._programs}, reverse=True):
            self._stop([program for program in self._programs if program.stage == stage])

    def _start(self, program: Program) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        process = _FORK.Process(target=_live, args=(program, os.getpid()))
        process.start()
        program.process, program.started, program.due = process, time.monotonic(), None

    def _revive(self) -> float | None:
        """Start what is due; return the seconds until the next one is."""
        now = time.monotonic()
        for program in self._programs:
            if program.due is None and not program.running and not program.once:
                self._schedule(program, now)
            if program.due is not None and program.due <= now:
                self._start(program)
        waiting = [program.due - now for program in self._programs if program.due is not None]
        return max(0.0, min(waiting)) if waiting else None

    def _schedule(self, program: Program, now: float) -> None:
        """Start at once what ran well for a while; wait longer each time for what does not."""
        lived_well = now - program.started > 10
        program.delay = 0.0 if lived_well else min(10.0, max(0.1, program.delay * 2))
        program.due = now + program.delay
        click.echo(f"crmapp: {program.name} {_end_of(program)}; starting it again.", err=True)

    def _stop(self, programs: list[Program]) -> None:
        for program in programs:
            if program.process is not None and program.running:
                program.process.terminate()
        deadline = time.monotonic() + max(program.patience for program in programs)
        while any(program.running for program in programs) and time.monotonic() < deadline:
            self._sleep(deadline - time.monotonic())
        for program in programs:
            if program.process is not None and program.running:
                program.process.kill()
                program.process.join()

    def _sleep(self, seconds: float | None) -> None:
        """Wait until a child dies or a signal comes, at most ``seconds``."""
        if select.select([self._wake], [], [], seconds)[0]:
            os.read(self._wake, 4096)


def _live(program: Program, parent: int) -> None:
    """Be a child: in a group of its own, so that Ctrl-C reaches the supervisor alone."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for sig in (signal.SIGCHLD, *_STOP):
        signal.signal(sig, signal.SIG_DFL)
    die_with_parent(parent)
    name_process(f"crmapp-{program.name}")
    program.run()


def _end_of(program: Program) -> str:
    code = program.process.exitcode if program.process else None
    if code is not None and code < 0:
        return f"was ended by signal {-code}"
    return f"ended with code {code}"
