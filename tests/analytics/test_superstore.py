"""The second dataset of the demo: people who moved, products with two names, losses."""

from decimal import Decimal

import duckdb
import pytest

from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.engines.duckdb import DuckDBEngine
from crmapp.analytics.query import Question
from tests.analytics.conftest import DATASETS, NOW

RAW = str(DATASETS / "superstore.parquet")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("superstore")
    shape = datasets.load(DATASETS / "superstore.yml")
    built = snapshots.refresh(shape, DATASETS, folder, NOW)
    return DuckDBEngine(snapshots.path_of(folder, built.name))


def answer(engine, dimension, **args):
    return engine.answer(Question.from_args(engine.dataset, dimension, args))


def test_sales_profit_and_margin_are_those_of_the_raw_table(engine):
    found = answer(engine, "categories", period="total", size="200", activity="all")

    expected = duckdb.execute(
        'SELECT "Sub-Category", sum("Sales"::DECIMAL(14, 4)), sum("Profit"::DECIMAL(14, 4)),'
        ' count(DISTINCT "Order ID") FROM read_parquet(?) GROUP BY 1',
        [RAW],
    ).fetchall()
    shown = ("name", "value.total", "profit.total", "orders.total")
    rows = [tuple(row.values[name] for name in shown) for row in found.rows]
    assert sorted(rows) == sorted(expected)
    value, profit = (found.totals[name] for name in ("value.total", "profit.total"))
    assert value == sum(row[1] for row in expected)
    assert found.totals["margin.total"] == round(Decimal(profit) / Decimal(value), 4)


def test_a_customer_who_moved_is_shown_where_she_ordered_last(engine):
    found = answer(
        engine, "customers", q="CG-12520", activity="all", properties="code,city,postal_code"
    )

    (claire,) = found.rows
    city, code = duckdb.execute(
        'SELECT "City", lpad("Postal Code"::VARCHAR, 5, \'0\') FROM read_parquet(?)'
        ' WHERE "Customer ID" = \'CG-12520\' ORDER BY "Order Date" DESC, "Row ID" DESC LIMIT 1',
        [RAW],
    ).fetchone()
    assert (claire.values["city"], claire.values["postal_code"]) == (city, code)
    assert "city" in claire.varies


def test_postal_codes_get_back_their_zeros(engine):
    found = answer(
        engine, "customers", activity="all", properties="postal_code", sort="postal_code", size="25"
    )

    assert all(len(row.values["postal_code"]) == 5 for row in found.rows)
    assert found.rows[0].values["postal_code"].startswith("0")
