"""The process that does the work: an RQ worker whose jobs die with it and end on request."""

from __future__ import annotations

import contextlib
import os
import signal

import rq
from flask import Flask
from redis import Redis
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import OperationalError

from crmapp.db import db
from crmapp.errors import Unavailable
from crmapp.jobs.lifeline import die_with_parent, name_process
from crmapp.queue import JOBS, QUEUE, leave_soon, redis_client
from crmapp.services import engine

_AWAY = (Unavailable, OperationalError)


class Worker(rq.Worker):
    """A worker of one queue, so that a job in transit is never lost between two lists.

    Each job runs in a forked *horse*, with an application context and connections of its own.
    Asked to stop, the worker asks its horse to leave its slice of work after the present chunk.
    """

    max_connection_wait_time = 5.0
    log_result_lifespan = False

    def __init__(self, app: Flask, connection: Redis) -> None:
        self._app = app
        super().__init__(
            [QUEUE],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=30,
            job_monitoring_interval=5,
            maintenance_interval=30,
            default_result_ttl=0,
            log_job_description=False,
            exception_handlers=[_note_crash],
        )

    def main_work_horse(self, job: Job, queue: rq.Queue) -> None:
        die_with_parent(self.pid or os.getppid())
        name_process("crmapp-horse")
        with self._app.app_context():
            db.engine.dispose(close=False)
            super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: leave_soon())


def _note_crash(job: Job, kind: type[BaseException], error: BaseException, _: object) -> None:
    """Let the run's row know that working on it raised; a database that is away keeps its lease.

    A job whose worker was killed is found and reported by another worker, outside any job: what
    becomes of its run is for the sweeper to say.
    """
    if issubclass(kind, AbandonedJobError):
        return
    db.session.remove()
    if job.func_name == JOBS["runs.work"] and not issubclass(kind, _AWAY):
        with contextlib.suppress(Unavailable):
            engine.crashed(f"{kind.__name__}: {error}")


def work(app: Flask) -> None:
    """Work until asked to stop."""
    with app.app_context():
        db.engine.dispose(close=False)
        connection = redis_client(patient=True)
    Worker(app, connection).work(logging_level="WARNING")
