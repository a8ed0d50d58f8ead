from __future__ import annotations

import base64

import httpx
import pytest

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    Retryable,
    Unreachable,
    WrongInstance,
)
from tests.connectors.tryton.scripted import method, params, refusal, result, tryton

LEAD = "lead.lead"


def count(answer):
    """Count what a Tryton has that answers so."""
    reader, _ = tryton({"model.lead.lead.search": answer})
    return reader.count(LEAD)


def sign_in(answer):
    reader, _ = tryton({"common.db.login": answer})
    return reader.count(LEAD)


def test_the_session_and_what_the_user_prefers_go_with_every_call():
    reader, script = tryton({"model.lead.lead.search": result([4, 5])})

    assert reader.count(LEAD) == 2

    last = script.requests[-1]
    session = base64.b64encode(b"reader:7:token-1").decode()
    assert last.headers["authorization"] == f"Session {session}"
    assert str(last.url) == "https://erp.acme.example/acme/rpc/"
    assert params(last)[-1] == {"language": "fr"}


def test_a_session_that_has_ended_is_renewed_once():
    ended = iter([httpx.Response(401), result([4])])
    reader, script = tryton({"model.lead.lead.search": lambda _request: next(ended)})

    assert reader.count(LEAD) == 1

    assert [method(each) for each in script.requests].count("common.db.login") == 2


def test_a_session_that_is_refused_again_is_given_up():
    with pytest.raises(AuthFailed):
        count(httpx.Response(401))


@pytest.mark.parametrize(
    "answer,error,words",
    [
        (httpx.Response(401), AuthFailed, "Check the user name"),
        (httpx.Response(404), WrongInstance, "no database acme"),
        (httpx.Response(405), WrongInstance, "8.2 or later"),
        (httpx.Response(429), Retryable, "busy"),
        (refusal("LoginException", ["sms_code", "Code by SMS", "char"]), AuthFailed, "Code by SMS"),
        (refusal("'res.user'", ""), ConnectorError, "Restart Tryton"),
        (result(None), WrongInstance, "8.2 or later"),
        (httpx.Response(200, text="<html>Welcome"), Unreachable, "not whole"),
    ],
)
def test_a_sign_in_that_fails_says_why(answer, error, words):
    with pytest.raises(error, match=words):
        sign_in(answer)


@pytest.mark.parametrize(
    "answer,error,words",
    [
        (refusal("UserError", ["No access to Lead.", "", None]), PermissionMissing, "No access"),
        (refusal("UserWarning", ["name", "Sure?", ""]), PermissionMissing, "Sure?"),
        (refusal("ConcurrencyException", "Record was modified"), Retryable, "busy"),
        (refusal("database is locked", ""), Retryable, "busy"),
        (refusal("'nme'", ""), ConfigBroken, "nme is gone"),
        (refusal("'Char' object has no attribute 'x'", ""), ConnectorError, "could not answer"),
        (httpx.Response(403), ConfigBroken, "lead.lead is gone"),
        (httpx.Response(500), Retryable, "busy"),
        (httpx.Response(504), Retryable, "busy"),
        (result([4]).content[:-3], Unreachable, "not whole"),
    ],
)
def test_a_call_that_fails_says_why(answer, error, words):
    if isinstance(answer, bytes):
        answer = httpx.Response(200, content=answer)

    with pytest.raises(error, match=words) as raised:
        count(answer)

    assert type(raised.value) is error


def test_the_traceback_of_an_error_is_shown_to_nobody():
    log = []
    reader, _ = tryton(
        {"model.lead.lead.search": refusal("boom", "File trytond/model.py, line 3")}, log.append
    )

    with pytest.raises(ConnectorError) as raised:
        reader.count(LEAD)

    assert "trytond/model.py" not in f"{raised.value.message} {raised.value.remote} {log}"


def test_neither_password_nor_session_stands_in_the_log():
    log = []
    told = "password-1 and token-1 are wrong"
    reader, script = tryton(
        {"model.lead.lead.search": refusal("UserError", [told, ""])}, log.append
    )

    with pytest.raises(PermissionMissing):
        reader.count(LEAD)

    assert "[redacted] and [redacted] are wrong" in log[-1].detail
    assert not any(secret in str(log) for secret in ("password-1", "token-1"))
    assert len(log) == len(script.requests)


def test_what_is_no_tryton_is_told_before_the_password_is_given_away():
    reader, script = tryton({"common.server.version": httpx.Response(200, text="<html>")})

    with pytest.raises(WrongInstance):
        reader.check()

    assert [method(each) for each in script.requests] == ["common.server.version"]


def test_a_closed_connection_has_signed_out_though_tryton_did_not_answer():
    reader, script = tryton({"common.db.logout": httpx.Response(503)})
    reader.count(LEAD)

    reader.close()

    assert method(script.requests[-1]) == "common.db.logout"


def test_a_connection_that_never_signed_in_need_not_sign_out():
    reader, script = tryton({})

    reader.close()

    assert script.requests == []
