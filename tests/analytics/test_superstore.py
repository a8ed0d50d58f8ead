"""The second dataset of the demo: people who moved, products with two names, losses."""

from decimal import Decimal

import pytest

from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.engines.duckdb import DuckDBEngine
from crmapp.analytics.query import Question, Selection
from tests.analytics.conftest import DATASETS, NOW
from tests.support import duck

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

    expected = duck.ask(
        'SELECT "Sub-Category", sum("Sales"::DECIMAL(14, 4)), sum("Profit"::DECIMAL(14, 4)),'
        ' count(DISTINCT "Order ID") FROM read_parquet(?) GROUP BY 1',
        [RAW],
    )
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
    ((city, code),) = duck.ask(
        'SELECT "City", lpad("Postal Code"::VARCHAR, 5, \'0\') FROM read_parquet(?)'
        ' WHERE "Customer ID" = \'CG-12520\' ORDER BY "Order Date" DESC, "Row ID" DESC LIMIT 1',
        [RAW],
    )
    assert (claire.values["city"], claire.values["postal_code"]) == (city, code)
    assert "city" in claire.varies


def test_postal_codes_get_back_their_zeros(engine):
    found = answer(
        engine, "customers", activity="all", properties="postal_code", sort="postal_code", size="25"
    )

    assert all(len(row.values["postal_code"]) == 5 for row in found.rows)
    assert found.rows[0].values["postal_code"].startswith("0")


def test_a_margin_is_computed_anew_in_every_total_of_a_matrix(engine):
    found = answer(
        engine, "states", mode="matrix", across="categories", period="total", measures="margin",
        top="5", size="200",
    )  # fmt: skip

    titles = {column.name: column.words.en for column in found.columns if column.measure}
    largest = [titles[f"margin.c{n}"] for n in range(1, 6)]
    expected = duck.ask(
        'WITH f AS (SELECT "State" AS state, "Sales"::DECIMAL(14, 4) AS sales,'
        ' "Profit"::DECIMAL(14, 4) AS profit, CASE WHEN "Sub-Category" IN'
        " (SELECT unnest(?)) THEN \"Sub-Category\" ELSE 'Others' END AS title"
        " FROM read_parquet(?))"
        " SELECT coalesce(state, ''), coalesce(title, 'Total'),"
        " (sum(profit) / sum(sales))::DECIMAL(38, 4) FROM f GROUP BY CUBE (state, title)",
        [largest, RAW],
    )
    rows = {row.values["name"]: row.values for row in found.rows} | {"": found.totals}
    shown = {
        (state, title): values[name]
        for state, values in rows.items()
        for name, title in titles.items()
        if values[name] is not None
    }
    assert shown == {(state, title): margin for state, title, margin in expected}


def test_losses_come_last_in_shares_and_are_of_class_c(engine):
    found = answer(engine, "states", mode="share", period="total", measures="profit", size="200")

    expected = duck.ask(
        'SELECT "State", sum("Profit"::DECIMAL(14, 4)) AS p FROM read_parquet(?)'
        " GROUP BY 1 ORDER BY p DESC",
        [RAW],
    )
    assert [(row.key, row.values["profit.total"]) for row in found.rows] == expected
    assert found.rows[-1].values["profit.total"] < 0
    assert found.rows[-1].values["profit.class"] == "C"
    assert max(row.values["profit.cumulative"] for row in found.rows) > 1
    assert found.rows[-1].values["profit.cumulative"] == 1


def test_those_who_bought_nothing_can_be_searched_selected_and_counted(engine):
    question = Question.from_args(
        engine.dataset,
        "customers",
        {"activity": "without", "period": "month", "mode": "total", "q": "chicago"},
    )
    everyone = Selection.all_but(question)

    found = engine.answer(question.change(size=200))
    rows = engine.rows(question, selection=everyone)

    assert 0 < found.count == len(rows) < 793
    assert {row.key for row in rows} == {row.key for row in found.rows}
    assert all(value is None for row in rows for name, value in row.values.items() if "." in name)
    assert all("Chicago" in str(row.values["city"]) for row in rows)
