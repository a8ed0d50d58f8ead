"""The sweeper goes on, whatever is away."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from crmapp import config
from crmapp.db import db, unit_of_work
from crmapp.jobs import sweeper
from crmapp.mail import outbox
from crmapp.queue import QUEUE
from crmapp.services.sweeper import sweep
from tests.support.processes import eventually
from tests.support.queue import QueueServer


@pytest.fixture
def server(app):
    opened = QueueServer()
    config.use(replace(config.settings(), redis_url=opened.url))
    yield opened
    opened.close()


@pytest.fixture
def sweeping(app, server):
    """The sweeper at work, fast."""
    stop = threading.Event()
    thread = threading.Thread(target=sweeper.sweep_until, args=(app, stop, 0.05))
    thread.start()
    yield thread
    stop.set()
    thread.join(10)


def waiting(server):
    with server.client() as client:
        return client.llen(f"rq:queue:{QUEUE}")


def test_it_rings_for_a_run_that_nobody_works_on(make, server, sweeping):
    make.run(status="queued")

    assert eventually(lambda: waiting(server), "rung")


def test_it_rings_though_the_disk_of_the_files_is_in_trouble(app, make, server):
    config.settings().attachments_dir.write_text("a file where a folder should be")
    make.run(status="queued")

    with pytest.raises(OSError, match="attachments"):
        sweep()

    assert waiting(server) == 1


def test_it_rings_once_for_a_run_whose_bell_nobody_has_heard_yet(app, make, server):
    make.run(status="queued")

    heard = [sweep(), sweep()]

    assert heard == [1, 0]
    assert waiting(server) == 1


def test_it_outlives_an_outage_of_the_queue(make, server, sweeping):
    server.kill()
    make.run(status="queued")
    sweeping.join(0.2)

    server.start()

    assert eventually(lambda: waiting(server), "rung")


def test_it_outlives_an_outage_of_the_database(app, make, server, sweeping):
    asked = []

    def fail(*_: object) -> None:
        asked.append("in vain")
        raise OperationalError("SELECT", {}, Exception("the server is away"))

    event.listen(db.engine, "before_cursor_execute", fail)
    eventually(lambda: len(asked) > 2, "asked in vain")
    event.remove(db.engine, "before_cursor_execute", fail)
    make.run(status="queued")

    assert eventually(lambda: waiting(server), "rung")


def test_a_mail_server_that_does_not_answer_holds_up_no_run(make, server, monkeypatch, app):
    asked, answer, stop = threading.Event(), threading.Event(), threading.Event()

    class Stuck:
        outcome = "sent"

        def carry(self, _envelope: object) -> None:
            asked.set()
            answer.wait(30)

    monkeypatch.setattr(outbox, "carrier", lambda _settings: Stuck())
    with unit_of_work():
        outbox.post(key="k", recipient="a@b.example", subject="", text="", html=None, user_id=None)
    sweeping = threading.Thread(target=sweeper.sweep_until, args=(app, stop, 0.05))
    sweeping.start()
    asked.wait(10)
    make.run(status="queued")

    try:
        assert eventually(lambda: waiting(server), "rung", 10)
    finally:
        answer.set()
        stop.set()
        sweeping.join(10)
