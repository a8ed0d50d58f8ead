"""What may be asked of somebody else's database."""

from __future__ import annotations

import pytest

from crmapp.domain.reading_queries import refusal


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql", "mariadb", "mssql"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM customers",
        "WITH some AS (SELECT 1 AS a) SELECT a FROM some UNION SELECT 2",
        "(SELECT code FROM customers) -- and no more",
    ],
)
def test_what_only_reads_may_be_asked(query, dialect):
    assert refusal(query, dialect) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "customers",
        "DELETE FROM customers",
        "SELECT 1; SELECT 2",
        "SELECT 1) AS q; DROP TABLE customers; --",
        "SELECT * INTO other FROM customers",
        "WITH gone AS (DELETE FROM customers RETURNING *) SELECT * FROM gone",
        "CALL everything()",
        "COPY customers TO '/tmp/customers'",
        "ATTACH DATABASE '/tmp/x' AS x",
        "SET statement_timeout = 0",
    ],
)
def test_what_does_more_or_something_else_is_refused(query):
    assert refusal(query, "postgresql")
    assert refusal(query, "sqlite")


@pytest.mark.parametrize(
    "query", ["SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */", "SELECT 1 /*M! x */"]
)
def test_a_comment_that_mysql_runs_is_refused(query):
    assert refusal(query, "mysql")


def test_mysql_writes_no_file():
    assert refusal("SELECT * FROM customers INTO OUTFILE '/tmp/x'", "mysql")
