"""Tokens are renewed by one at a time, kept before anybody reads them, and never mixed up."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from crmapp import config
from crmapp.connectors.addresses import at_most
from crmapp.connectors.errors import AuthFailed, Retryable
from crmapp.connectors.port import Tokens
from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.errors import NotConnected
from crmapp.models import Connection
from crmapp.services import connection_kinds, connection_tokens, connections, vault
from crmapp.services.connection_tokens import RowTokens
from tests.support.connections import connect, xml
from tests.support.processes import environment

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def row(make):
    connect("intacct", xml(NOWHERE), by=make.alice)
    return connections.of("intacct")


def credentials(row):
    return connection_kinds.fingerprint(
        row.kind, row.settings, vault.unseal(row.secrets), row.sandbox
    )


@pytest.fixture
def store(row):
    return RowTokens(db.engine, "intacct", row.id, credentials(row), lambda: None)


def fresh(number, refresh=None):
    ends = utcnow() + timedelta(hours=1)
    return Tokens(f"access {number}", refresh, "https://x.example", ends, {"company": "c"})


def refuse(_kept):
    raise AuthFailed


def never(_kept):
    raise AssertionError("nobody needs to sign in")


def lease(**values):
    session.rollback()
    with unit_of_work():
        session.execute(update(Connection).values(**values))


def test_what_is_kept_is_what_is_read(store):
    new = fresh(1, "refresh 1")

    assert store.current() is None
    assert store.renew(None, lambda kept: new) == new
    assert store.current() == new


def test_tokens_are_not_in_the_database_in_clear(store, make, row):
    store.renew(None, lambda _kept: fresh("of great worth", "refreshing"))

    kept = repr(vars(make.again(Connection, row.id)))

    assert [word for word in ("of great worth", "refreshing") if word in kept] == []


def test_a_token_that_somebody_renewed_meanwhile_is_taken_over(store):
    store.renew(None, lambda _kept: fresh(1))
    store.renew("access 1", lambda _kept: fresh(2))

    assert store.renew("access 1", never).access == "access 2"
    assert store.renew(None, never).access == "access 2"


def test_the_sign_in_gets_the_tokens_that_are_kept(store):
    store.renew(None, lambda _kept: fresh(1, "refresh 1"))
    seen = []

    store.renew("access 1", lambda kept: seen.append(kept.refresh) or fresh(2, "refresh 2"))

    assert seen == ["refresh 1"]


def test_after_a_failure_the_next_one_may_try_at_once(store):
    with pytest.raises(AuthFailed):
        store.renew(None, refuse)

    assert store.renew(None, lambda _kept: fresh(1)).access == "access 1"


def test_no_transaction_is_open_while_the_other_side_takes_its_time(store):
    def slow(_kept):
        with unit_of_work():  # a writer of the web, who would wait for a lock
            session.execute(update(Connection).values(budget=7))
        return fresh(1)

    store.renew(None, slow)

    assert connections.of("intacct").budget == 7


def test_while_one_signs_in_nobody_else_does(store):
    def sign_in(_kept):
        with at_most(0.1), pytest.raises(Retryable):
            store.renew(None, never)
        return fresh(1)

    assert store.renew(None, sign_in).access == "access 1"


def test_many_threads_sign_in_once(store):
    count, everybody = [], threading.Barrier(8)

    def sign_in(_kept):
        count.append(1)
        return fresh(len(count))

    def work():
        everybody.wait()
        got.append(store.renew(None, sign_in).access)

    got: list[str] = []
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(count) == 1
    assert got == ["access 1"] * 8


def test_many_processes_use_each_refresh_token_once(store, row, settings, database, tmp_path):
    """Each of three renews ten times; a refresh token that is used twice would end the chain."""
    store.renew(None, lambda _kept: fresh(0, "0"))
    used = tmp_path / "used"
    used.touch()
    program = textwrap.dedent(
        """
        import fcntl, hashlib, sys
        from crmapp import create_app
        from crmapp.config import Settings
        from crmapp.connectors.port import Tokens
        from crmapp.db import db
        from crmapp.services.connection_tokens import RowTokens

        used, credentials, row = sys.argv[1], sys.argv[2], int(sys.argv[3])

        def sign_in(kept):
            with open(used, "a") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails if two are here at once
                file.write(kept.refresh + chr(10))
                hashlib.pbkdf2_hmac("sha256", b"takes", b"a while", 100_000)
            number = str(int(kept.refresh) + 1)
            return Tokens(access=number, refresh=number)

        with create_app(Settings.from_env()).app_context():
            store = RowTokens(db.engine, "intacct", row, credentials, lambda: None)
            for _ in range(10):
                store.renew(store.current().access, sign_in)
        """
    )
    words = [sys.executable, "-c", program, str(used), credentials(row), str(row.id)]
    given = environment(settings.home) | {
        "DATABASE_URL": database.url,
        "SECRET_KEY": settings.secret_key,
    }
    session.rollback()
    processes = [subprocess.Popen(words, env=given) for _ in range(3)]

    assert [process.wait(120) for process in processes] == [0, 0, 0]

    numbers = used.read_text().split()
    assert len(numbers) >= 10
    assert numbers == [str(number) for number in range(len(numbers))]
    assert store.current().refresh == str(len(numbers))


def test_a_lease_of_somebody_who_was_killed_ends(store):
    lease(renewing_until=utcnow() - timedelta(seconds=1))

    assert store.renew(None, lambda _kept: fresh(1)).access == "access 1"


def test_who_waits_too_long_for_somebody_elses_sign_in_comes_back_later(store, monkeypatch):
    monkeypatch.setattr(connection_tokens, "LONGEST", -5.0)
    lease(renewing_until=utcnow() + timedelta(minutes=1))

    with pytest.raises(Retryable):
        store.renew(None, never)


def test_one_whose_lease_has_ended_does_not_overwrite_what_the_next_one_got(store):
    store.renew(None, lambda _kept: fresh(0))

    def too_slow(_kept):
        lease(renewing_until=utcnow() - timedelta(seconds=1))
        store.renew("access 0", lambda _kept: fresh(1))
        return fresh(2)

    assert store.renew("access 0", too_slow).access == "access 1"
    assert store.current().access == "access 1"


def test_tokens_of_older_settings_are_not_kept(store, make):
    def while_she_saves(_kept):
        other = {**xml(NOWHERE).values, "company": "another"}
        connect("intacct", xml(NOWHERE, values=other), by=make.alice)
        return fresh(1)

    with pytest.raises(Retryable):
        store.renew(None, while_she_saves)

    assert connections.of("intacct").tokens == ""
    with pytest.raises(Retryable):
        store.current()


def test_a_connection_that_is_removed_has_no_tokens(store, make):
    connections.remove("intacct", version=1, by=make.alice)

    with pytest.raises(NotConnected):
        store.current()


def test_tokens_that_no_key_opens_are_as_good_as_none(store, row):
    lease(tokens="gAAAA not ours")

    assert store.current() is None
    assert store.renew(None, lambda _kept: fresh(1)).access == "access 1"
    assert config.settings().encryption_keys_file.exists()
