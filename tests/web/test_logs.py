import json
import logging

import structlog
from sqlalchemy.exc import IntegrityError

from crmapp.db import session, unit_of_work
from crmapp.models import User
from crmapp.web import logs


def secret():
    return "-".join(["hunter", "2"])


def test_a_traceback_holds_no_values_of_variables(capsys):
    logs.configure()
    password = secret()

    try:
        raise RuntimeError(len(password))
    except RuntimeError:
        structlog.get_logger().exception("failed")

    entry = json.loads(capsys.readouterr().err)
    assert "RuntimeError: 8" in entry["exception"]
    assert "hunter-2" not in entry["exception"]


def test_an_error_of_the_database_tells_no_values(capsys, make):
    logs.configure()
    bob = make.bob.email

    try:
        with unit_of_work():
            session.add(User(name="Other", email=bob, role="rep"))
            session.flush()
    except IntegrityError:
        structlog.get_logger().exception("failed")

    entry = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert "IntegrityError" in entry["exception"]
    assert bob not in entry["exception"]


def test_lines_of_a_request_carry_its_name(capsys, client, stand_in_home, as_user, make):
    logs.configure()
    stand_in_home(lambda: structlog.get_logger().warning("here") or "done")

    answer = as_user(make.bob).get("/", headers={"X-Request-ID": "abc123"})

    entry = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (entry["event"], entry["request_id"]) == ("here", "abc123")
    assert answer.headers["X-Request-ID"] == "abc123"
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_the_standard_log_is_written_in_lines_of_json_too(capsys, monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    logs.configure()

    logging.getLogger("crmapp.queue").warning("queue away: %s", "closed")

    entry = json.loads(capsys.readouterr().err)
    assert (entry["event"], entry["level"]) == ("queue away: closed", "warning")
    assert entry["logger"] == "crmapp.queue"
