"""V3.5, V13.4: which methods there are, and that looking changes nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import Base, session
from tests.security.walk import addresses, known

TAKEN_DOWN = {"sign_in", "stamp", "request_count"}
"""When somebody was seen last, and what was asked of other systems, is noted by looking.

So is who took a file with her, in the audit trail."""


def everything():
    """Return all rows of all tables but those in which looking itself is taken down."""
    session.rollback()
    tables = [each for each in Base.metadata.sorted_tables if each.name not in TAKEN_DOWN]
    found = {table.name: session.execute(select(table)).all() for table in tables}
    found["audit_event"] = [row for row in found["audit_event"] if row.kind != "exported"]
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(app, make, as_user, method):
    client, ids = as_user(make.alice), known(make)
    before = everything()

    answers = {path: client.open(path, method=method) for _, path in addresses(app, ids)}
    after = everything()

    assert len(answers) > 80
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "PROPFIND", "DEBUG"])
def test_no_page_knows_such_a_method(as_user, make, method):
    client = as_user(make.alice)

    answers = [client.open(path, method=method) for path in ("/", "/accounts", "/health")]

    assert {answer.status_code for answer in answers} == {405}


@pytest.mark.parametrize(
    "headers",
    [{"X-HTTP-Method-Override": "POST"}, {"X-HTTP-Method": "DELETE"}, {"X-Method-Override": "PUT"}],
    ids=str,
)
def test_a_method_is_what_it_is_and_not_what_a_header_says(as_user, make, headers):
    account = make.account("Acme")
    path = f"/accounts/{account.id}/deletion"

    answer = as_user(make.alice).get(path, headers=headers, query_string={"_method": "POST"})

    assert answer.status_code == 200
    assert make.again(type(account), account.id).deleted_at is None


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config", "/.git/HEAD", "/.env", "/instance/crmapp.db", "/crmapp.db", "/secret_key",
        "/static/", "/static/1/", "/static/1/js/", "/static/1/../config.py",
        "/static/1/..%2f..%2fconfig.py", "/server-status", "/debug", "/console",
        "/static/1/%2e%2e/%2e%2e/pyproject.toml",
    ],
)  # fmt: skip
def test_nothing_but_pages_and_our_own_files_is_served(as_user, make, path):
    answer = as_user(make.alice).get(path)

    assert answer.status_code == 404
    assert "[core]" not in answer.text
    assert "Index of" not in answer.text


def test_nobody_debugs_an_installation(app):
    assert app.debug is False
    assert app.test_client().get("/?__debugger__=yes&cmd=resource&f=style.css").status_code == 302
