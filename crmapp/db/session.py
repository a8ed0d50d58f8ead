"""The session, and ``unit_of_work``: the only commit in the house."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeVar, cast
from zlib import crc32

import orjson
from flask.globals import _cv_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from crmapp.db import unchanged
from crmapp.db.base import Base
from crmapp.errors import DISK_FULL, ReadOnly, Unavailable
from crmapp.memory import Memory

WRITE = "crmapp_write"
AFTER = "crmapp_after_commit"
HERE = "crmapp_connection"
KNOWN = "crmapp_known"
READ_ONLY = "crmapp_read_only"
T = TypeVar("T")

_FULL = frozenset({"SQLITE_FULL", "53100"})
"""How SQLite and PostgreSQL say that the disk is full."""
_AWAY = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
)


def json_text(value: Any) -> str:
    """Say a value in JSON, as columns keep it."""
    return orjson.dumps(value).decode()


ENGINE_OPTIONS = {
    "pool_pre_ping": True,
    "pool_use_lifo": True,
    "hide_parameters": True,
    "json_serializer": json_text,
    "json_deserializer": orjson.loads,
}
"""How every engine is made: dead connections are noticed, the one that was used last is used next
(it has most in its cache), JSON is read and written fast. What a statement was given may be
anybody's name: an error does not tell it, so it does not get into a log."""


def _context() -> int:
    """Say in which application context one is: each has a session of its own.

    The library asks through a proxy, and is asked for the session twenty times by a page.
    """
    context = _cv_app.get(None)
    if context is None:
        raise RuntimeError("Working outside of application context.")
    return id(context)


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"scopefunc": _context})
session = db.session

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA busy_timeout=15000",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=FILE",
    "PRAGMA cache_size=-32000",
)
_LITTLE = "PRAGMA cache_size=-8000"


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit everything in the block together, or nothing.

    What was read before is read again: on SQLite the block begins with the write lock
    (``BEGIN IMMEDIATE``), so a decision made inside cannot be overtaken. Blocks do not nest;
    functions that write expect to be called inside one.

    Raises:
        Unavailable: the database is locked, full or away; nothing was written.
        ReadOnly: nothing may be written here, see :func:`read_only`.
    """
    if session().info.get(READ_ONLY):
        raise ReadOnly
    if session().info.get(WRITE):
        raise RuntimeError("unit_of_work() does not nest: let the use-case open it")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes made outside unit_of_work() would be lost")
    session.rollback()
    session().info[WRITE] = True
    try:
        session.connection(execution_options={WRITE: True})
        yield
        waiting = session().info.pop(AFTER, [])
        session.commit()
    except DBAPIError as error:
        session.rollback()
        if _is_away(error):
            raise unavailable(error) from error
        raise
    except BaseException:
        session.rollback()
        raise
    finally:
        session().info.pop(WRITE, None)
        session().info.pop(AFTER, None)
    for callback in waiting:
        callback()


def keep_little() -> None:
    """Keep less of SQLite's file in memory in this process: work in bulk sees most of it once.

    It is for workers. It holds for the connection that is used first, and so nearly always.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql(_LITTLE)
        session.rollback()


def read_only(only: bool) -> None:
    """Refuse each unit of work of this session from now on, or do so no longer."""
    session().info[READ_ONLY] = only


def be_alone(matter: str, here: Connection | None = None) -> None:
    """Inside a unit of work: wait for others who are at ``matter``, and keep them out of it.

    ``here`` is the connection of a transaction of its own, see :func:`beside`. SQLite has one
    writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        (here or session).execute(select(func.pg_advisory_xact_lock(crc32(matter.encode()))))


@contextmanager
def beside(engine: Engine) -> Iterator[Connection]:
    """Write in a transaction of its own, in a thread that has no session."""
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        yield connection


def after_commit(callback: Callable[[], object]) -> None:
    """Call ``callback`` once the unit of work around the caller has committed."""
    if not writing():
        raise RuntimeError("after_commit() outside unit_of_work()")
    session().info.setdefault(AFTER, []).append(callback)


def connection() -> Connection:
    """Return the connection of this transaction, as the session does, but it is asked once."""
    here = session()
    kept: tuple[object, Connection] | None = here.info.get(HERE)
    if kept is None or kept[0] is not here.get_transaction():
        found = here.connection()
        kept = here.info[HERE] = here.get_transaction(), found
    return kept[1]


def while_unchanged(key: Hashable, read: Callable[[], T]) -> T:
    """Return what ``read`` returned for ``key`` before, if nothing was committed since; else read.

    Nobody may change what it returns. Who writes reads each time.
    """
    known = _known()
    return read() if known is None else cast(T, known.of(key, read))


def is_kept() -> bool:
    """Whether :func:`while_unchanged` returns now what it returned before."""
    return _known() is not None


def _known() -> Memory[Any] | None:
    """Return what this connection has read before; asked for once in a transaction."""
    here = session()
    kept: tuple[object, Memory[Any] | None] | None = here.info.get(KNOWN)
    if kept is None or kept[0] is not here.get_transaction():
        writes = connection().get_execution_options().get(WRITE)
        known = None if writes else unchanged.known(connection())
        kept = here.info[KNOWN] = here.get_transaction(), known
    return kept[1]


def unavailable(error: DBAPIError) -> Unavailable:
    """Say why the database did not answer, as far as people can do something about it."""
    found = {getattr(error.orig, name, "") for name in ("sqlite_errorname", "sqlstate")}
    return Unavailable(DISK_FULL if found & _FULL else None)


def _is_away(error: DBAPIError) -> bool:
    """Whether the database, and not the statement, is what failed."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorname", "").startswith(_AWAY)
    return error.connection_invalidated or isinstance(error, OperationalError)


def writing() -> bool:
    """Whether the caller is inside :func:`unit_of_work`."""
    return bool(session().info.get(WRITE))


def prepare_engine(
    engine: Engine, functions: Mapping[str, Callable[[str], str]] = MappingProxyType({})
) -> None:
    """Give SQLite the settings that keep readers and writers out of each other's way.

    It is lent ``functions`` of a text, by the names that statements call them by; the same text
    gives the same each time.
    """
    if engine.dialect.name != "sqlite":
        return

    def lend(connection: sqlite3.Connection, _record: Any) -> None:
        for name, function in functions.items():
            connection.create_function(name, 1, function, deterministic=True)

    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "connect", lend)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", unchanged.forget)


def _prepare_connection(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITE):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif plain := connection.connection.driver_connection:  # this one waits for nobody
        plain.execute("BEGIN")
