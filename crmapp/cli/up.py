"""``crmapp up``: everything that an installation needs, under one supervisor."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import click
from flask import Flask

from crmapp import create_app
from crmapp.cli.supervision import preflight, sandboxes, setup, valkey, web
from crmapp.cli.supervision.supervisor import Program, Supervisor
from crmapp.config import Settings
from crmapp.jobs import sweeper, worker


@click.command()
def up() -> None:
    """Start the web, the workers, the sweeper and the queue, and keep them running."""
    settings = Settings.from_env()
    settings.refuse_half_restored()
    preflight.open_home(settings.home)
    with (
        preflight.lock_home(settings.home) as lock,
        preflight.listen(settings.host, settings.port) as listener,
        _queue_of(settings) as (used, programs),
    ):
        port = listener.getsockname()[1]
        preflight.sign(lock, f"port {port}")
        code = _run(replace(used, port=port), listener, programs)
    sys.exit(code)


@contextlib.contextmanager
def _queue_of(settings: Settings) -> Iterator[tuple[Settings, list[Program]]]:
    """Use the server that REDIS_URL names, or the embedded one."""
    if settings.redis_url:
        preflight.reach_queue(settings.redis_url)
        yield settings, []
        return
    valkey.prepare(settings.home)
    server = Program("queue", partial(valkey.serve, settings.home), stage=0)
    yield replace(settings, redis_url=valkey.url(settings.home)), [server]
    valkey.clean_up(settings.home)


def _run(settings: Settings, listener: socket.socket, queue: list[Program]) -> int:
    """Set up, run until told to stop, stop; return the exit code."""
    supervisor = Supervisor()
    supervisor.start(queue)
    try:
        app = create_app(settings)
        code = supervisor.finish(Program("set-up", partial(setup.set_up, app, settings)))
        if code == 0:
            supervisor.start(_programs(app, settings, listener))
            supervisor.watch()
        return code or 0
    finally:
        supervisor.stop()


def _programs(app: Flask, settings: Settings, listener: socket.socket) -> list[Program]:
    address = listener.getsockname()[:2]
    workers = [
        Program(f"worker-{number}", partial(worker.work, app))
        for number in range(1, settings.workers + 1)
    ]
    return [
        Program("web", web.Server(app, settings, listener).run),
        Program("greeting", partial(setup.greet, app, settings, address), once=True),
        *workers,
        Program("sweeper", partial(sweeper.run, app, settings.sweep_interval)),
        *sandboxes.programs(app, settings),
    ]
