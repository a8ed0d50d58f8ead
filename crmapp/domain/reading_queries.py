"""Whether a query in SQL does nothing but read."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from crmapp.i18n import N_

LONGEST = 20_000
"""Letters of a query."""
NOT_READING = N_("Write one query that reads, such as SELECT * FROM sales_lines.")
_NO_SQL = N_("This is not SQL that can be read. Check it and try again.")
_DIALECTS = {"postgresql": "postgres", "mssql": "tsql", "mariadb": "mysql"}
_CHANGES = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Create, exp.Drop, exp.Command
)  # fmt: skip
_RUN_COMMENT = re.compile(r"/\*M?!")
"""MySQL and MariaDB run what stands in such a comment, which no parser of SQL looks into."""


def refusal(query: str, dialect: str) -> str | None:
    """Say why a query must not be asked, or None if it is one query that only reads.

    ``dialect`` is what SQLAlchemy calls the kind of database. A database is told once more to
    refuse what writes: it alone knows what its functions do.
    """
    try:
        statements = sqlglot.parse(query, read=_DIALECTS.get(dialect, dialect))
    except (SqlglotError, ValueError):
        return _NO_SQL
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return NOT_READING
    if statements[0].find(*_CHANGES) or _RUN_COMMENT.search(query):
        return NOT_READING
    return None
