"""What goes wrong with somebody else's database is said with what to do about it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import traceback
from contextlib import closing, contextmanager, suppress

import pytest

from crmapp import patience as watching
from crmapp.connectors.errors import (
    AuthFailed,
    Cause,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    Retryable,
    Unreachable,
)
from crmapp.connectors.source_reach import SourceReach
from crmapp.connectors.sql.settings import SqlSettings
from crmapp.patience import Patience
from tests.connectors.sql.databases import READER

STAMP = "2024-06-15 08:00:00"
SOON = Patience(silence=0.5, whole=5.0)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch):
    monkeypatch.setattr(watching, "_TICK", 0.1)


def broken(reader, object="customers", fields=("name",)):
    """Read all; return the error that it ends with."""
    with reader, pytest.raises(ConnectorError) as error:
        list(reader.read(object, fields))
    return error.value


def begun(erp, fields=("name", "city")):
    """Read the first page of several; return what gives the others."""
    erp.customers(*((f"C{n}", "Acme", STAMP) for n in range(9)))
    pages = erp.reader().read(erp.listed, fields)
    next(pages)
    return pages


def test_a_wrong_password_is_refused(server):
    server.password = "wrong"

    assert type(broken(server.reader())) is AuthFailed


def test_a_user_that_is_not_there_is_refused(server):
    server.url = server.url.replace(READER, "nobody")

    assert type(broken(server.reader())) is AuthFailed


def test_a_host_where_nothing_listens_is_said(server):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    before, _, after = server.url.rpartition(":")
    server.url = f"{before}:{free}/{after.partition('/')[2]}"

    error = broken(server.reader())

    assert isinstance(error, Unreachable)
    assert error.cause is Cause.REFUSED


def test_a_host_that_nobody_knows_is_said(server):
    server.url = server.url.replace("127.0.0.1", "nowhere.invalid")

    error = broken(server.reader())

    assert isinstance(error, Unreachable)
    assert error.cause is Cause.NAME


def test_a_database_that_is_not_there_is_said(server):
    server.url += "_gone"

    error = broken(server.reader())

    # Without a right to any database MariaDB does not say which there are.
    assert isinstance(error, ConfigBroken | PermissionMissing)


def test_a_table_that_is_not_there_is_named(erp):
    erp.listed += "_gone"

    error = broken(erp.reader(), erp.listed)

    assert isinstance(error, ConfigBroken)
    assert error.field == erp.listed


def test_a_table_that_goes_between_two_pages_is_named(erp):
    pages = begun(erp)
    erp.run(f"DROP TABLE {erp.table}")

    with pytest.raises(ConfigBroken) as gone:
        list(pages)

    assert "customers" in gone.value.field


@pytest.mark.parametrize("column", ["city", "Delivery Zone"])
def test_a_column_that_goes_between_two_pages_is_named(erp, column):
    pages = begun(erp, ("name", column))
    quote = "`" if erp.kind == "mariadb" else '"'
    erp.run(f"ALTER TABLE {erp.table} DROP COLUMN {quote}{column}{quote}")

    with pytest.raises(ConfigBroken) as gone:
        list(pages)

    assert column.startswith(gone.value.field) or gone.value.field == column


@pytest.mark.parametrize("setting", ["key", "stamp"])
def test_a_column_that_is_configured_and_gone_is_named(erp, setting):
    error = broken(erp.reader(**{setting: "gone"}), erp.listed)

    assert isinstance(error, ConfigBroken)
    assert error.field == "gone"


def test_a_field_that_is_gone_is_named(erp):
    error = broken(erp.reader(), erp.listed, ("name", "gone"))

    assert isinstance(error, ConfigBroken)
    assert error.field == "gone"


def test_a_right_that_is_lost_midway_is_named(server):
    if server.kind == "mariadb":
        server.run(f"REVOKE SELECT ON {server.name}.* FROM {READER}@'127.0.0.1'")
        server.run("CREATE TABLE other (a INT)", f"GRANT SELECT ON other TO {READER}@'127.0.0.1'")
        server.run(f"GRANT SELECT ON customers TO {READER}@'127.0.0.1'")
    pages = begun(server)
    who = READER if server.kind == "postgresql" else f"{READER}@'127.0.0.1'"
    server.run(f"REVOKE SELECT ON {server.table} FROM {who}")

    with pytest.raises(PermissionMissing) as lost:
        list(pages)

    assert lost.value.what == server.listed


@contextmanager
def locked(erp):
    """Keep everybody else out of the table."""
    if erp.kind == "postgresql":
        erp.run("BEGIN", f"LOCK TABLE {erp.table} IN ACCESS EXCLUSIVE MODE")
    else:
        erp.run(f"LOCK TABLES {erp.table} WRITE")
    yield
    erp.run("ROLLBACK" if erp.kind == "postgresql" else "UNLOCK TABLES")


def test_a_server_that_is_slow_is_given_up(server):
    with locked(server):
        error = broken(server.reader(patience=SOON), server.listed)

    assert isinstance(error, Unreachable)
    assert error.cause is Cause.TIME


def test_a_query_of_sqlite_that_is_slow_is_given_up(file):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    error = broken(file.reader(query=endless, key="max(i)", patience=SOON), "query")

    assert isinstance(error, Unreachable)
    assert error.cause is Cause.TIME


def test_a_server_that_falls_silent_is_given_up(server):
    """It does not even cancel what it is asked to."""
    pid = server.server.pid
    pages = begun(server)
    del pages
    with (
        server.reader(patience=Patience(1.0, 3.0)) as reader,
        closing(reader.read(server.listed, ("name",))) as pages,
    ):
        next(pages)
        frozen = [pid, *children(pid)]
        send(frozen, signal.SIGSTOP)
        try:
            with pytest.raises(Unreachable) as silent:
                list(pages)
        finally:
            send(frozen, signal.SIGCONT)

    assert silent.value.cause is Cause.TIME


def send(pids, number):
    for each in pids:
        with suppress(ProcessLookupError):  # a server ends children of its own at any moment
            os.kill(each, number)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as listed:
        return list(map(int, listed.read().split()))


def test_a_server_that_ends_is_asked_again_later(server):
    if server.kind == "postgresql":
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"
    else:
        end = f"KILL USER {READER}@'127.0.0.1'"
    server.customers(("C1", "Acme", STAMP))
    reader = server.reader()

    with reader, pytest.raises(Retryable), reader._line.open() as connection:
        _asked_after(connection, lambda: server.run(end))


def _asked_after(connection, first):
    first()
    connection.exec_driver_sql("SELECT 1")


def test_nothing_can_be_written_even_with_the_right_to(server):
    server.run(f"CREATE TABLE {server.table}_log (a INT)")
    if server.kind == "postgresql":
        server.run(
            f"GRANT ALL ON {server.table}_log TO {READER}",
            "CREATE FUNCTION sales.log() RETURNS int LANGUAGE sql AS"
            " 'INSERT INTO sales.customers_log VALUES (1) RETURNING 1'",
        )
        call = "sales.log()"
    else:
        server.run(
            f"GRANT ALL ON {server.name}.* TO {READER}@'127.0.0.1'",
            "CREATE FUNCTION log() RETURNS INT BEGIN INSERT INTO customers_log VALUES (1);"
            " RETURN 1; END",
        )
        call = f"{server.name}.log()"

    error = broken(server.reader(query=f"SELECT {call} AS a", key="a"), "query")

    assert isinstance(error, ConfigBroken)


def test_a_file_that_is_no_database_is_said(tmp_path, file):
    file.file.write_text("code;name\n" * 1000)

    error = broken(file.reader())

    assert isinstance(error, ConfigBroken)
    assert "no SQLite database" in str(error)


def test_a_file_that_is_locked_is_asked_again_later(file, monkeypatch):
    monkeypatch.setattr("crmapp.connectors.sql.line.CONNECT", 0)
    with closing(sqlite3.connect(file.file)) as writer:
        writer.execute("BEGIN EXCLUSIVE")

        error = broken(file.reader())

    assert type(error) is Retryable


def test_a_password_is_never_said(server, caplog):
    caplog.set_level(logging.DEBUG)
    secret = server.password
    reader = server.reader(query="SELECT 1 AS a FROM gone", key="a")
    settings = SqlSettings.from_json({"url": server.url.replace("@", ":ünd%40@", 1)})
    server.password = "ünd@"

    errors = [broken(reader, "query"), broken(server.reader())]

    told = [repr(settings), str(settings.as_json()), repr(reader), caplog.text]
    for error in errors:
        told += ["".join(traceback.format_exception(error)), error.remote, repr(vars(error))]
    assert settings.password == "ünd@"
    assert [text for text in told if secret in text or "ünd" in text] == []


def test_a_host_that_the_operator_has_not_named_is_not_asked(server):
    error = broken(server.reader(reach=SourceReach()))

    assert "CRMAPP_SOURCE_HOSTS" in str(error)
    assert not isinstance(error, Retryable)


def test_a_file_outside_of_the_operators_folders_is_not_read(file):

    assert "CRMAPP_SOURCE_FOLDERS" in str(broken(file.reader(reach=SourceReach())))
