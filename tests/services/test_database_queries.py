"""Databases of the grid that are read from somebody else's SQL database."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select, update

from crmapp import config, patience
from crmapp.analytics import snapshots
from crmapp.db import beside, db, session, unit_of_work
from crmapp.db.bulk import seconds_now
from crmapp.errors import Forbidden, Invalid, NotFound
from crmapp.models import Run, StoredDataset
from crmapp.patience import Patience
from crmapp.services import (
    database_queries,
    databases,
    dataset_refresh,
    failures,
    grids,
    runs,
    tables,
)
from tests.support.sales import publish

LINES = [
    ("2026-05-01", "0017", "Acme", 2, "19.90"),
    ("2026-05-02", "0018", "Brown & Sons", 1, "5.00"),
    ("2026-05-02", "0017", "Acme", 3, "1015.00"),
]
QUERY = "SELECT day AS date, customer_no, customer, qty, amount FROM lines"


@pytest.fixture
def erp(settings, tmp_path):
    """An ERP with a table of sales, which the operator has named; returns what writes to it."""
    file = tmp_path / "erp.db"

    def write(statement, rows=()):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.executemany(statement, rows) if rows else connection.execute(statement)

    write("CREATE TABLE lines (day TEXT, customer_no TEXT, customer TEXT, qty INT, amount TEXT)")
    write("INSERT INTO lines VALUES (?, ?, ?, ?, ?)", LINES)
    sources = {"erp": f"sqlite:///{file}", "gone": f"sqlite:///{tmp_path}/gone.db"}
    sources["own"] = settings.database_url
    config.use(replace(settings, sql_sources=sources))
    return write


def made(make, query=QUERY, connection="erp"):
    """Make a database of a query and load it; return it and its refresh."""
    dataset_id = database_queries.start(connection, query, "ERP sales", by=make.alice)
    run_id = databases.publish(dataset_id, by=make.alice)
    runs.work(run_id)
    return make.again(StoredDataset, dataset_id), session.get(Run, run_id)


def total(make, stored):
    question = grids.ask(stored.name, "customers", {"period": "total"}, by=make.alice)
    return grids.answer(question, by=make.alice).totals


def test_the_grid_shows_what_the_query_finds_and_a_refresh_what_it_finds_by_then(make, erp):
    stored, run = made(make)

    assert (run.status, run.done) == ("done", {"loaded": 3, "rejected": 0})
    assert float(total(make, stored)["amount.total"]) == 1039.90
    erp("INSERT INTO lines VALUES ('2026-05-03', '0019', 'New', 1, '60.10')")
    runs.work(dataset_refresh.start(stored.id, by=make.alice))
    assert float(total(make, stored)["amount.total"]) == 1100


def test_codes_keep_their_zeros_and_letters_their_accents(make, erp):
    erp("INSERT INTO lines VALUES ('2026-05-03', '0020', 'Łódź 100 %s :x', 1, '1')")
    stored, _run = made(make, QUERY + " WHERE customer LIKE '%100 %'")

    question = grids.ask(stored.name, "customers", {"period": "total"}, by=make.alice)
    (row,) = grids.answer(question, by=make.alice).rows
    assert row.key == "0020"
    assert "Łódź 100 %s :x" in row.values.values()


def test_rows_that_cannot_be_used_are_on_the_receipt_with_their_place(make, erp):
    erp("INSERT INTO lines VALUES (?, ?, ?, ?, ?)", LINES * 30)
    erp("INSERT INTO lines VALUES ('soon', '0021', 'Late', 1, '1')")

    _stored, run = made(make)

    assert (run.status, run.done["rejected"]) == ("done_with_errors", 1)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELEC * FROM lines",
        "DELETE FROM lines",
        "SELECT 1; DELETE FROM lines",
        "WITH gone AS (DELETE FROM lines RETURNING *) SELECT * FROM gone",
        "CREATE TABLE other AS SELECT * FROM lines",
        "SELECT * INTO other FROM lines",
        "PRAGMA journal_mode = DELETE",
        "ATTACH DATABASE '/tmp/x' AS x",
        "SELECT * FROM nowhere",
        "SELECT customer FROM lines WHERE '",
        "SELECT 1 AS x\0",
        "x" * 30_000,
    ],
)
def test_what_does_not_just_read_is_refused_and_changes_nothing(make, erp, query):
    with pytest.raises(Invalid) as refused:
        database_queries.start("erp", query, "", by=make.alice)

    assert refused.value.fields.keys() == {"query"}
    assert session.query(StoredDataset).count() == 0
    erp("INSERT INTO lines VALUES ('2026-05-03', '0019', 'Still there', 1, '1')")


def test_a_database_that_is_not_named_or_not_there_is_said_so(make, erp, settings):
    with pytest.raises(Invalid) as unknown:
        database_queries.start("other", QUERY, "", by=make.alice)
    with pytest.raises(Invalid) as away:
        database_queries.start("gone", QUERY, "", by=make.alice)

    assert "connection" in unknown.value.fields
    assert "gone answers: unable to open" in str(away.value.fields["query"])


def test_a_refresh_that_cannot_read_leaves_the_figures_and_says_why(make, erp):
    stored, _run = made(make)
    erp("DROP TABLE lines")

    run_id = dataset_refresh.start(stored.id, by=make.alice)
    runs.work(run_id)

    run = session.get(Run, run_id)
    assert run.status == "failed"
    assert "no such table" in str(failures.reason(run))
    assert float(total(make, stored)["amount.total"]) == 1039.90


def test_another_query_keeps_what_was_chosen_for_columns_that_stay(make, erp):
    stored, _run = made(make)
    design = databases.draft_of(stored).design
    renamed = replace(design, label_en="Our sales", label_fr="Nos ventes")
    databases.save(stored.id, renamed, by=make.alice)

    database_queries.ask_anew(stored.id, QUERY + " WHERE qty > 1;", by=make.alice)

    draft = databases.draft_of(make.again(StoredDataset, stored.id))
    assert draft.design.label_en == "Our sales"
    assert draft.source["sql"]["query"].endswith("WHERE qty > 1")
    assert [each.heading for each in draft.design.columns] == [
        each.heading for each in design.columns
    ]


def test_a_database_of_files_has_no_query_and_one_of_a_query_takes_no_file(make, erp):
    of_files, (of_query, _run) = publish(make), made(make)

    with pytest.raises(NotFound):
        database_queries.ask_anew(of_files.id, QUERY, by=make.alice)
    with pytest.raises(NotFound):
        databases.send(of_query.id, None, "x.csv", adds=False, by=make.alice)


def test_who_may_not_manage_databases_may_not_ask(make, erp):
    with pytest.raises(Forbidden):
        database_queries.start("erp", QUERY, "", by=make.mona)


KIND = os.environ.get("CRMAPP_TEST_DB") or "sqlite"
MANY = {
    "postgres": (
        "SELECT date '2026-05-01' AS date, lpad((n % 7)::text, 4, '0') AS customer_no, 'C' || n % 7"
        " AS customer, n AS qty, (n * 1.5)::numeric(12, 2) AS amount"
        " FROM generate_series(1, 5000) n"
    ),
    "sqlite": (
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5000)"
        " SELECT '2026-05-01' AS date, printf('%04d', n % 7) AS customer_no, 'C' || n % 7"
        " AS customer, n AS qty, printf('%.2f', n * 1.5) AS amount FROM s"
    ),
}


def test_many_rows_of_either_kind_of_database_are_read(make, erp):
    stored, run = made(make, MANY[KIND], "own")

    assert run.done == {"loaded": 5000, "rejected": 0}
    assert float(total(make, stored)["amount.total"]) == 1.5 * 5000 * 5001 / 2


def test_what_a_query_writes_by_a_function_is_refused_too(make, erp):
    writes = {"postgres": "SELECT nextval('run_id_seq')", "sqlite": "SELECT load_extension('x')"}

    with pytest.raises(Invalid) as refused:
        database_queries.start("own", writes[KIND], "", by=make.alice)

    says = {"postgres": "read-only", "sqlite": "not authorized"}
    assert says[KIND] in str(refused.value.fields["query"])


ENDLESS = {
    "postgres": "SELECT pg_sleep(600)::text AS date, 1 AS amount",
    "sqlite": (
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s)"
        " SELECT max(n) AS date, 1 AS amount FROM s"
    ),
}


def test_a_source_that_never_answers_is_given_up_while_somebody_waits(make, erp, monkeypatch):
    monkeypatch.setattr(tables, "Patience", partial(Patience, silence=0.3))
    began = time.monotonic()

    with pytest.raises(Invalid) as late:
        database_queries.start("own", ENDLESS[KIND], "", by=make.alice)

    assert "own has not given its rows within" in str(late.value.fields["query"])
    assert time.monotonic() - began < 20


def asked_endlessly(make):
    """Queue a refresh whose query never ends."""
    stored, _run = made(make)
    run_id = dataset_refresh.start(stored.id, by=make.alice)
    with unit_of_work():
        run = session.get_one(Run, run_id)
        source = {**run.source["tables"], "sql": {"connection": "own", "query": ENDLESS[KIND]}}
        run.source = {**run.source, "tables": source}
    return stored, run_id


def test_a_refresh_whose_source_never_answers_fails_and_leaves_the_figures(make, erp, monkeypatch):
    monkeypatch.setattr(dataset_refresh, "LONG", Patience(0.3))
    stored, run_id = asked_endlessly(make)

    runs.work(run_id)

    run = session.get(Run, run_id)
    assert run.status == "failed"
    assert "own has not given its rows within" in str(failures.reason(run))
    assert float(total(make, stored)["amount.total"]) == 1039.90


def test_a_refresh_that_waits_for_its_source_keeps_its_claim_and_can_be_cancelled(
    make, erp, monkeypatch
):
    monkeypatch.setattr(patience, "_TICK", 0.1)
    config.use(replace(config.settings(), lease=0.6))
    _stored, run_id = asked_endlessly(make)
    table, held = Run.__table__, []

    def cancel_later(database):
        time.sleep(1.5)
        with beside(database) as connection:
            left = select(table.c.lease_until - seconds_now(database.dialect.name))
            held.append(connection.scalar(left.where(table.c.id == run_id)))
            wanted = update(table).where(table.c.id == run_id)
            connection.execute(wanted.values(cancel_requested=True))

    canceller = threading.Thread(target=cancel_later, args=[db.engine])
    canceller.start()
    runs.work(run_id)
    canceller.join()

    assert held[0] > 0
    assert make.again(Run, run_id).status == "cancelled"


def test_a_refresh_that_is_cancelled_while_it_builds_changes_nothing(make, erp, monkeypatch):
    stored, _run = made(make)
    erp("DELETE FROM lines WHERE customer_no = '0017'")
    run_id = dataset_refresh.start(stored.id, by=make.alice)
    build = snapshots.build

    def cancelled_meanwhile(*args):
        with unit_of_work():
            session.get_one(Run, run_id).cancel_requested = True
        return build(*args)

    monkeypatch.setattr(snapshots, "build", cancelled_meanwhile)
    runs.work(run_id)

    assert make.again(Run, run_id).status == "cancelled"
    assert float(total(make, stored)["amount.total"]) == 1039.90
