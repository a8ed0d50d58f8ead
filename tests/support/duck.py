"""DuckDB for the tests: each question over a connection of its own.

`duckdb.sql`, `duckdb.execute` and their like share one that lives as long as the process: an answer
that one test leaves half read makes another test's question fail.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb


def ask(sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """Answer with every row of a query; of a COPY, with how many rows it wrote."""
    with duckdb.connect() as connection:
        return connection.execute(sql, parameters or None).fetchall()
