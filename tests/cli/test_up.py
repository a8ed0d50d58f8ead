"""``crmapp up`` as an operator meets it: real processes in a folder of their own."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from crmapp.cli.supervision.valkey import socket_path
from tests.support.processes import Installation, children, crmapp, eventually

MB = 1024 * 1024
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


@pytest.fixture(scope="module")
def running(
    empty_database: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One installation for all tests that leave it running."""
    home = tmp_path_factory.mktemp("running") / "home"
    with Installation(home, {**empty_database, "CRMAPP_DEMO": "1"}) as installation:
        yield installation
        installation.stop()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def respect_permissions():
    """Make root, too, subject to a folder's permissions."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


def refused(answer, *words):
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    return all(word in answer.stderr for word in words)


def test_it_answers_and_says_who_may_sign_in(running):
    assert running.get("/health")[0] == 200
    assert running.get("/login")[0] == 200
    assert "alice@demo.example" in running.output


def test_it_keeps_two_workers_a_sweeper_a_web_and_a_queue(running):
    programs = {"worker": 2, "sweeper": 1, "web": 1}

    def counted():  # another test may just have killed one
        return {name: len(running.processes(name)) for name in programs}

    eventually(lambda: counted() == programs, "everything runs")
    assert len(running.queues()) == 1


@pytest.mark.parametrize("name", ["worker", "sweeper", "web"])
def test_what_is_killed_is_started_again(running, name):
    before = running.processes(name)

    os.kill(before[0], signal.SIGKILL)

    eventually(lambda: before[0] not in running.processes(name), "gone")
    eventually(lambda: len(running.processes(name)) == len(before), "started again")
    assert running.get("/health")[0] == 200


def test_a_killed_queue_is_started_again(running):
    (before,) = running.queues()

    os.kill(before, signal.SIGKILL)

    eventually(lambda: running.queues() not in ([], [before]), "started again")


def test_a_second_up_in_the_same_folder_is_refused(running):
    answer = crmapp(running.home, "up")

    assert refused(answer, "already running", str(running.pid))
    assert running.get("/health")[0] == 200


def test_a_port_in_use_is_refused(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = crmapp(home, "up", env={"PORT": str(port)})

    assert refused(answer, f"Port {port} is in use")
    assert not (home / "crmapp.db").exists()


def test_a_queue_that_does_not_answer_is_refused(home):
    url = "redis://:secret@127.0.0.1:1/0"

    answer = crmapp(home, "up", env={"REDIS_URL": url})

    assert refused(answer, "No answer from REDIS_URL", "127.0.0.1:1")
    assert "secret" not in answer.stderr


def test_a_database_that_does_not_answer_is_refused(home):
    url = "postgresql://crm:secret@127.0.0.1:1/crm"

    answer = crmapp(home, "up", env={"DATABASE_URL": url})

    assert refused(answer, "The database cannot be used", "DATABASE_URL")
    assert "secret" not in answer.stderr
    assert not socket_path(home).exists()


@pytest.mark.parametrize("setting", ["PORT=many", "DATABASE_URL=mysql://x", "HTMX_SOURCE=npm"])
def test_a_setting_that_cannot_be_used_is_refused(home, setting):
    name, _, value = setting.partition("=")

    assert refused(crmapp(home, "up", env={name: value}), name)


def test_a_database_of_a_newer_version_is_refused(home):
    with Installation(home, {"CRMAPP_DEMO": "0"}) as installation:
        installation.stop()
    with closing(sqlite3.connect(home / "crmapp.db", isolation_level=None)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    answer = crmapp(home, "up")

    assert refused(answer, "newer version of crmapp")


def test_a_folder_that_may_not_be_written_to_is_refused(home):
    home.mkdir()
    home.chmod(stat.S_IRUSR | stat.S_IXUSR)

    answer = crmapp(home, "up", preexec_fn=respect_permissions)

    assert refused(answer, "Cannot write in", "CRMAPP_HOME")
    assert list(home.iterdir()) == []


def test_a_full_disk_is_refused_and_works_again_once_there_is_space(home):
    full = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (MB, MB))

    answer = crmapp(home, "up", preexec_fn=full)

    assert refused(answer, "is full")
    with Installation(home) as again:
        assert again.get("/health")[0] == 200


def test_a_term_signal_leaves_no_process_and_no_socket_behind(home):
    with Installation(home) as installation:
        pids = list(children(installation.pid))
        pids += [below for pid in pids for below in children(pid)]

        assert installation.stop() == 0

        assert [pid for pid in pids if os.path.exists(f"/proc/{pid}")] == []
        assert not socket_path(home).parent.exists()


def test_an_interrupt_stops_it_too(home):
    with Installation(home) as installation:
        assert installation.stop(signal.SIGINT) == 0


def test_a_killed_supervisor_takes_everything_with_it_and_can_start_again(home):
    with Installation(home) as installation:
        pids = list(children(installation.pid))

        installation.kill()

        eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "gone")
        installation.start()
        assert installation.get("/health")[0] == 200
