"""A refresh token that is rotated dies with its first use: nobody may use it a second time."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from crmapp.config import ROOT
from crmapp.connectors.errors import AuthFailed
from crmapp.connectors.intacct import signing as intacct
from crmapp.connectors.oauth import Pkce
from crmapp.connectors.registry import connect, open_door
from crmapp.connectors.salesforce import signing as salesforce
from crmapp.connectors.sandbox.intacct import company
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce import apps
from crmapp.connectors.sandbox.serving import Server
from tests.connectors.renewing import settings
from tests.connectors.stores import InFile, InMemory

BACK = "http://127.0.0.1/back"
OBJECTS = {"salesforce": "Account", "intacct_rest": "accounts-receivable/customer"}
SIGNING = {"salesforce": salesforce, "intacct_rest": intacct}
ANSWERS = {
    "salesforce": {"answer": "allow"},
    "intacct_rest": {
        "answer": "allow",
        "company": company.COMPANY,
        "user": "crmapp_sync",
        "password": company.PASSWORD,
    },
}


@pytest.fixture(params=["salesforce", "intacct_rest"])
def kind(request):
    return request.param


@pytest.fixture
def address(kind, tmp_path):
    app = create_app(kind.partition("_")[0], tmp_path)
    with Server(app) as server:
        if kind == "salesforce":
            rotating = {"client_id": apps.CLIENT_ID, "rotates": True}
            httpx.post(f"{server.url}/__control/app", json=rotating).raise_for_status()
        yield server.url
    app.store.close()


@pytest.fixture
def tokens(kind, address):
    """The tokens of a person who let us in on the page that the other system shows."""
    told = settings(kind, address)
    pkce = Pkce.fresh()
    url = SIGNING[kind].authorize_url(told, BACK, "state-1", pkce.challenge)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    answer = httpx.post(url, data={**query, **ANSWERS[kind]})
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["state-1"]
    with open_door(kind, told, lambda _exchange: None, sandbox=True) as door:
        return SIGNING[kind].exchange(told, door, back["code"][0], pkce.verifier, BACK)


@pytest.fixture
def connected(kind, address):
    """Return a function that connects over a store of tokens."""
    with ExitStack() as stack:
        yield lambda store: stack.enter_context(
            connect(kind, settings(kind, address), store, lambda _exchange: None, sandbox=True)
        )


def test_a_person_lets_us_in(kind, connected, tokens):
    assert connected(InMemory(tokens)).count(OBJECTS[kind]) > 80
    assert tokens.refresh


def test_two_processes_renew_one_sign_in_at_once(kind, address, tokens, tmp_path):
    store = InFile(tmp_path / "tokens.json")
    store.keep(replace(tokens, access="a token that is not good any more"))
    command = [sys.executable, "-m", "tests.connectors.renewing", kind, address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}

    processes = [subprocess.Popen([*command, str(store.path)], **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert counts[0] == counts[1]
    assert store.current().refresh not in ("", tokens.refresh)


def test_many_threads_renew_one_sign_in_at_once(kind, connected, tokens):
    store = InMemory(replace(tokens, access="a token that is not good any more"))
    connectors = [connected(store) for _ in range(4)]
    together = threading.Barrier(4)
    counts = []

    def count(connector):
        together.wait()
        counts.append(connector.count(OBJECTS[kind]))

    threads = [threading.Thread(target=count, args=[each]) for each in connectors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(counts) == 4
    assert store.sign_ins == 1


def test_a_refresh_token_that_was_used_by_somebody_else_is_told(kind, connected, tokens):
    stale = replace(tokens, access="a token that is not good any more")
    connected(InMemory(stale)).count(OBJECTS[kind])

    with pytest.raises(AuthFailed, match="Sign in again"):
        connected(InMemory(stale)).count(OBJECTS[kind])
