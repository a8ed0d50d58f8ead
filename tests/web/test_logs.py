import json

import structlog

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
