"""Real workers on a real queue."""

from __future__ import annotations

import os
import signal
from contextvars import Context
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import DefaultSerializer, JSONSerializer

from crmapp import config
from crmapp.jobs import worker
from crmapp.models import Run
from crmapp.queue import QUEUE, ring
from tests.support.processes import eventually
from tests.support.queue import QueueServer

FORK = get_context("fork")


@pytest.fixture(scope="module")
def server():
    opened = QueueServer()
    yield opened
    opened.close()


@pytest.fixture
def queue(app, server):
    """The application's queue, empty."""
    config.use(replace(config.settings(), redis_url=server.url))
    with server.client() as client:
        client.flushall()
        yield Queue(QUEUE, connection=client, serializer=JSONSerializer)


@pytest.fixture
def at_work(app, queue):
    """A worker in a process of its own."""
    process = FORK.Process(target=worker.work, args=(app,))
    process.start()
    yield process
    process.kill()
    process.join()


def content(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_job_runs_inside_the_application(queue, at_work, tmp_path):
    queue.enqueue("tests.jobs.steps.note", str(tmp_path / "note"))

    assert eventually(lambda: content(tmp_path / "note"), "noted") == "crmapp"


def test_a_bell_for_a_run_that_is_gone_is_harmless(queue, at_work):
    ring("runs.work", run_id=404)
    eventually(lambda: queue.count == 0 and not queue.started_job_registry.count, "done")

    assert queue.failed_job_registry.count == 0


def test_a_job_dies_with_its_worker(queue, at_work, tmp_path):
    queue.enqueue("tests.jobs.steps.linger", str(tmp_path / "note"))
    horse = int(eventually(lambda: content(tmp_path / "note"), "started"))

    os.kill(at_work.pid, signal.SIGKILL)

    eventually(lambda: not Path(f"/proc/{horse}").exists(), "gone")
    assert content(tmp_path / "note") == str(horse)


def test_a_worker_that_is_asked_to_stop_lets_its_job_leave_in_order(queue, at_work, tmp_path):
    queue.enqueue("tests.jobs.steps.linger", str(tmp_path / "note"))
    eventually(lambda: content(tmp_path / "note"), "started")

    at_work.terminate()
    at_work.join(10)

    assert at_work.exitcode == 0
    assert content(tmp_path / "note") == "left when asked"


def test_a_pickle_on_the_queue_is_not_opened(queue, at_work, tmp_path):
    forged = Queue(QUEUE, connection=queue.connection, serializer=DefaultSerializer)
    forged.enqueue("tests.jobs.steps.note", str(tmp_path / "forged"))
    queue.enqueue("tests.jobs.steps.note", str(tmp_path / "honest"))

    eventually(lambda: content(tmp_path / "honest"), "noted")

    assert not (tmp_path / "forged").exists()


def test_a_run_that_raises_is_noted_on_its_row(queue, at_work, make):
    run = make.run(kind="unheard of", status="planning")

    ring("runs.work", run_id=run.id)

    noted = eventually(lambda: make.again(Run, run.id).error, "noted")
    assert "unheard of" in noted
    assert make.again(Run, run.id).attempts == 1


def test_a_job_that_another_worker_lost_leaves_its_run_to_the_sweeper(app, queue, make):
    run = make.run(status="planning")
    ring("runs.work", run_id=run.id)
    lost = Job.fetch(queue.job_ids[0], queue.connection, JSONSerializer)
    lost.set_status(JobStatus.STARTED)
    queue.connection.zadd(queue.started_job_registry.key, {f"{lost.id}:lost": 1})
    maintained = Context().run(worker.Worker, app, queue.connection)

    Context().run(maintained.clean_registries)

    assert queue.failed_job_registry.get_job_ids() == [lost.id]
    assert make.again(Run, run.id).attempts == 0


def test_a_worker_outlives_an_outage_of_the_queue(queue, at_work, server, tmp_path):
    eventually(lambda: queue.connection.info("clients")["blocked_clients"], "waiting for a job")

    server.wipe()
    queue.enqueue("tests.jobs.steps.note", str(tmp_path / "note"))

    assert eventually(lambda: content(tmp_path / "note"), "noted") == "crmapp"
