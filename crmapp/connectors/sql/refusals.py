"""What the errors of databases mean, and what to do about each."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from crmapp.connectors.errors import (
    AuthFailed,
    Cause,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    Retryable,
    Unreachable,
    WrongInstance,
)
from crmapp.connectors.redaction import redacted, shortened
from crmapp.i18n import N_, Text


@dataclass(frozen=True)
class Asked:
    """What was asked: for the sentences about it. ``secrets`` are never said."""

    object: str = ""
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Refused:
    words: str
    asked: Asked

    @property
    def remote(self) -> str:
        return shortened(redacted(self.words, self.asked.secrets))


_Meaning = Callable[[_Refused], ConnectorError]


def refused(error: SQLAlchemyError | Exception, asked: Asked, *, late: bool) -> ConnectorError:
    """Return what an error of a database means; ``late`` says that we gave it up ourselves."""
    told: Any = error.orig if isinstance(error, DBAPIError) else error
    refused = _Refused(str(told), asked)
    if late:
        return _late(refused)
    meaning = _POSTGRES.get(_sqlstate(told)) or _MYSQL.get(_number(told))
    if meaning in (None, _refuses_connections, _cut):
        meaning = _late if _TIMED_OUT.search(refused.words) else meaning
        meaning = _not_safe if _NOT_SAFE.search(refused.words) else meaning
    if meaning is None:
        meaning = next((each for pattern, each in _WORDS if pattern.search(refused.words)), None)
    if meaning is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        meaning = _cut
    return (meaning or _unknown)(refused)


def gone(name: str, remote: str = "") -> ConfigBroken:
    """Return the error for a table or a column that the database does not know."""
    return ConfigBroken(
        Text(
            N_(
                "%(field)s is gone in the database, or hidden from the user of the connection."
                " Choose another one, or have it brought back."
            ),
            {"field": name},
        ),
        field=name,
        remote=remote,
    )


def _sqlstate(told: Any) -> str:
    return str(getattr(told, "sqlstate", None) or "")


def _number(told: Any) -> int:
    first = told.args[0] if getattr(told, "args", ()) else 0
    return first if isinstance(first, int) and not isinstance(told, sqlite3.Error) else 0


_TIMED_OUT = re.compile(r"timed out|timeout expired")
_NOT_SAFE = re.compile(
    r"certificate|does not support SSL|doesn't support SSL|SSL is required|wrong version number",
    re.IGNORECASE,
)
_NAMES = (
    re.compile(r"column (.+?) does not exist"),
    re.compile(r"(?:relation|schema|database|role) \"([^\"]+)\""),
    re.compile(r"no such (?:column|table): (\S+)"),
    re.compile(r"(?:Unknown column|Unknown database|Table|View) '([^']+)'"),
)


def _gone(it: _Refused) -> ConnectorError:
    found = next((match for each in _NAMES if (match := each.search(it.words))), None)
    name = found[1].replace('"', "") if found else it.asked.object
    return gone(name.rpartition(".")[2] if "olumn" in it.words else name, it.remote)


def _wrong_query(it: _Refused) -> ConnectorError:
    sentence = N_("The database cannot read %(object)s: %(words)s")
    values = {"object": it.asked.object or "?", "words": it.remote}
    return ConfigBroken(Text(sentence, values), field=it.asked.object, remote=it.remote)


def _credentials(it: _Refused) -> ConnectorError:
    return AuthFailed(
        N_("The database refuses the user or the password. Enter them again."), remote=it.remote
    )


def _forbidden(it: _Refused) -> ConnectorError:
    sentence = Text(N_("The user of the connection may not use this database. Have it allowed."))
    if it.asked.object:
        sentence = Text(
            N_(
                "The user of the connection may not read %(what)s. Have the right to read it"
                " granted in the database."
            ),
            {"what": it.asked.object},
        )
    return PermissionMissing(sentence, what=it.asked.object, remote=it.remote)


def _late(it: _Refused) -> ConnectorError:
    return Unreachable(
        N_(
            "The database has not answered in time. It is asked again later. Ask whoever runs it"
            " why it is slow."
        ),
        cause=Cause.TIME,
        remote=it.remote,
    )


def _busy(it: _Refused) -> ConnectorError:
    return Retryable(N_("The database is busy. It is asked again in a while."), remote=it.remote)


def _refuses_connections(it: _Refused) -> ConnectorError:
    return Unreachable(
        N_("The database cannot be reached. Check its address and the network."),
        cause=Cause.REFUSED,
        remote=it.remote,
    )


def _cut(it: _Refused) -> ConnectorError:
    return Unreachable(
        N_("The connection to the database was cut. It is asked again later."), remote=it.remote
    )


def _not_safe(it: _Refused) -> ConnectorError:
    sentence = N_(
        "The line to the database is not as safe as the address asks for: %(words)s. Have a"
        " certificate installed there that this machine trusts, or ask for less with sslmode."
    )
    return WrongInstance(Text(sentence, {"words": it.remote}), remote=it.remote)


def _no_database(it: _Refused) -> ConnectorError:
    return ConfigBroken(
        N_("This file is no SQLite database, or it is damaged."),
        field=it.asked.object,
        remote=it.remote,
    )


def _unknown(it: _Refused) -> ConnectorError:
    return ConnectorError(
        Text(N_("The database answers: %(words)s"), {"words": it.remote}), remote=it.remote
    )


# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES: dict[str, _Meaning] = {
    **dict.fromkeys(("28P01", "28000"), _credentials),
    **dict.fromkeys(("42P01", "42703", "3D000", "3F000"), _gone),
    "42501": _forbidden,
    **dict.fromkeys(("42601", "42702", "42701", "42803", "42804", "42883", "25006"), _wrong_query),
    "57014": _late,
    **dict.fromkeys(("53300", "57P03", "55P03", "40001", "40P01", "53200"), _busy),
    **dict.fromkeys(("57P01", "57P02", "08006", "08003", "08000"), _cut),
}
# https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference
_MYSQL: dict[int, _Meaning] = {
    **dict.fromkeys((1045, 1698), _credentials),
    **dict.fromkeys((1146, 1054, 1049), _gone),
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370), _forbidden),
    **dict.fromkeys((1060, 1064, 1052, 1055, 1356, 1792), _wrong_query),
    **dict.fromkeys((1969, 3024, 1317), _late),
    **dict.fromkeys((1040, 1203, 1205, 1213, 1226), _busy),
    **dict.fromkeys((2002, 2003), _refuses_connections),
    **dict.fromkeys((2006, 2013, 1053, 1927), _cut),
}
# What comes without a number: SQLite, and PostgreSQL while a connection is made.
_WORDS: tuple[tuple[re.Pattern[str], _Meaning], ...] = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        (r"password authentication failed|no password supplied|pg_hba\.conf", _credentials),
        (r"role \"[^\"]*\" (does not exist|is not permitted)", _credentials),
        (r"permission denied|not authorized", _forbidden),
        (r"database \"[^\"]*\" does not exist|no such (table|column)", _gone),
        (r"too many (clients|connections)|starting up|shutting down|is locked", _busy),
        (r"interrupted", _late),
        (r"Connection refused|No route to host|unreachable|unable to open", _refuses_connections),
        (r"closed the connection|connection is lost|SSL|EOF|reset by peer", _cut),
        (r"not a database|malformed|disk image", _no_database),
        (r"syntax error|ambiguous column", _wrong_query),
    )
)
