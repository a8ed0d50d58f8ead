"""What every engine promises, checked against SQL that is written by hand over the raw table."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from crmapp.analytics.query import Question, Selection
from crmapp.errors import Invalid, NotFound
from tests.analytics.conftest import DATASETS

RAW = str(DATASETS / "vehicle_sales.parquet")
SHIFT = 257  # months from May 2005 to October 2026


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw table with the shifted day and the exact value: written anew, on its own."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE sold AS SELECT *, sales::DECIMAL(12, 2) AS amount,"
            " (order_date::DATE + to_months(?))::DATE AS day FROM read_parquet(?)",
            [SHIFT, RAW],
        )
        yield connection


def ask(engine, dimension="customers", **args):
    return Question.from_args(engine.dataset, dimension, args)


def answer(engine, dimension="customers", restriction=None, selections=None, **args):
    return engine.answer(
        ask(engine, dimension, **args), restriction=restriction, selections=selections or {}
    )


def test_a_question_that_is_asked_again_has_the_same_answer(engine):
    assert answer(engine, size="25") is answer(engine, size="25")
    assert answer(engine, size="25") is not answer(engine, size="50")


def test_what_was_answered_to_one_reader_is_not_answered_to_another(engine):
    seen = [answer(engine, restriction=keys) for keys in (None, {"C034"}, {"C056"}, {"C034"})]

    assert [one.count for one in seen] == [80, 1, 1, 1]
    assert [[row.key for row in one.rows] for one in seen[1:]] == [["C034"], ["C056"], ["C034"]]


def test_a_selection_that_changed_marks_other_rows(engine):
    chosen = [{1: Selection.some("customers", keys)} for keys in (["C034"], ["C034", "C056"])]

    found = [answer(engine, size="200", sel="1", selections=each) for each in chosen]

    assert [one.selected for one in found] == [1, 2]
    assert [sum(row.selected for row in one.rows) for one in found] == [1, 2]


def test_months_of_customers_are_those_of_the_raw_table(engine, raw):
    found = answer(engine, size="200")

    expected = raw.execute(
        "SELECT customer_name,"
        " sum(amount) FILTER (WHERE day >= '2025-11-01' AND day < '2025-12-01'),"
        " sum(amount) FILTER (WHERE day BETWEEN '2026-10-01' AND '2026-10-31'), sum(amount)"
        " FROM sold WHERE day BETWEEN '2025-11-01' AND '2026-10-31' GROUP BY 1 ORDER BY 4 DESC, 1"
    ).fetchall()
    shown = ("name", "value.m1", "value.m12", "value.total")
    assert [tuple(row.values[name] for name in shown) for row in found.rows] == expected
    assert found.count == len(expected) == 80


def test_totals_are_of_everything_that_matches_not_of_the_page(engine, raw):
    found = answer(engine, size="25", page="2")

    (total,) = raw.execute(
        "SELECT sum(amount) FROM sold WHERE day BETWEEN '2025-11-01' AND '2026-10-31'"
    ).fetchone()
    assert found.totals["value.total"] == total == Decimal("5202332.12")
    assert len(found.rows) == 25
    assert found.pages == 4


def test_a_distinct_count_is_counted_anew_in_the_total(engine, raw):
    found = answer(engine, "lines", period="total", measures="orders")

    (total,) = raw.execute("SELECT count(DISTINCT order_number) FROM sold").fetchone()
    assert found.totals["orders.total"] == total == 307
    assert sum(row.values["orders.total"] for row in found.rows) > total


def test_an_average_price_is_computed_anew_in_the_total(engine, raw):
    found = answer(engine, "lines", period="total", measures="average_price", sort="name")

    value, quantity = raw.execute("SELECT sum(amount), sum(quantity_ordered) FROM sold").fetchone()
    expected = (value / quantity).quantize(Decimal("0.0001"))
    assert found.totals["average_price.total"] == expected == Decimal("101.2711")


def test_a_year_to_date_is_compared_with_last_year(engine, raw):
    found = answer(engine, "countries", period="ytd", sort="-value.percent")

    expected = raw.execute(
        "WITH y AS (SELECT country,"
        " coalesce(sum(amount) FILTER (WHERE day BETWEEN '2026-01-01' AND '2026-10-31'), 0) AS c,"
        " sum(amount) FILTER (WHERE day BETWEEN '2025-01-01' AND '2025-10-31') AS p"
        " FROM sold GROUP BY 1)"
        " SELECT country, c - coalesce(p, 0), ((c - coalesce(p, 0)) / p)::DECIMAL(38, 4) FROM y"
        " WHERE c > 0 OR p > 0 ORDER BY 3 DESC NULLS LAST, 1"
    ).fetchall()
    shown = ("name", "value.variance", "value.percent")
    assert [tuple(row.values[name] for name in shown) for row in found.rows] == expected


def test_the_answer_says_what_its_periods_are(engine):
    found = answer(engine, period="ytd")

    current, previous, variance, percent = found.columns[-4:]
    assert (str(current.period.start), str(current.period.end)) == ("2026-01-01", "2026-10-31")
    assert (str(previous.period.start), str(previous.period.end)) == ("2025-01-01", "2025-10-31")
    assert variance.period is None
    assert (variance.caption, percent.kind) == ("Variance", "percent")
    assert found.snapshot == engine.snapshot


def test_a_missing_territory_is_a_row_like_any_other(engine, raw):
    found = answer(engine, "territories", period="total", measures="value")

    (value,) = raw.execute("SELECT sum(amount) FROM sold WHERE territory IS NULL").fetchone()
    missing = next(row for row in found.rows if row.missing)
    assert (missing.key, missing.values["value.total"]) == ("(none)", value)
    assert engine.dataset.dimension("territories").missing.text("fr") == "(aucun)"


def test_customers_are_numbered_by_name(engine):
    found = answer(engine, sort="code", activity="all", size="200")

    assert [row.key for row in found.rows[:2]] == ["C001", "C002"]
    assert found.rows[-1].values["name"] == "giftsbymail.co.uk"
    assert (found.count, found.rows[-1].key) == (92, "C092")


@pytest.mark.parametrize("words", ["lyon", "LYÓN", "souven lyon", "C047", "78.32.5555 lyon"])
def test_search_finds_parts_of_any_property(engine, words):
    found = answer(engine, q=words, activity="all")

    assert "Lyon Souveniers" in [row.values["name"] for row in found.rows] or words.startswith("78")


@pytest.mark.parametrize(
    "words", ['" OR (', "%", "_", "\\", "' OR 1=1 --", "Łódź", "مرحبا", "=cmd()"]
)
def test_search_takes_every_character_as_it_is(engine, words):
    assert answer(engine, q=words, activity="all").count == 0


def test_entities_without_sales_are_found(engine, raw):
    found = answer(engine, activity="without", size="200", sort="name")

    expected = raw.execute(
        "SELECT DISTINCT customer_name FROM sold WHERE customer_name NOT IN (SELECT customer_name"
        " FROM sold WHERE day BETWEEN '2025-11-01' AND '2026-10-31') ORDER BY lower(customer_name)"
    ).fetchall()
    assert [(row.values["name"],) for row in found.rows] == expected
    assert found.count == 12
    assert found.totals["value.total"] is None


def test_nulls_come_last_both_ways(engine):
    for order in ("value.m1", "-value.m1"):
        column = [row.values["value.m1"] for row in answer(engine, sort=order, size="200").rows]
        known = [value for value in column if value is not None]
        assert column[len(known) :] == [None] * (len(column) - len(known))
        assert known == sorted(known, reverse=order.startswith("-"))


def test_equal_values_are_in_the_order_of_keys(engine):
    rows = answer(engine, sort="-country", size="200").rows

    by_key = sorted(rows, key=lambda row: row.key)
    expected = sorted(by_key, key=lambda row: row.values["country"].lower(), reverse=True)
    assert rows == tuple(expected)


def test_pages_hold_every_row_once(engine):
    pages = [answer(engine, "products", size="25", page=str(n)).rows for n in range(1, 7)]

    keys = [row.key for page in pages for row in page]
    assert len(keys) == len(set(keys)) == 109
    assert pages[-1] == ()


def test_focus_on_two_dimensions_adds_up(engine, raw):
    chosen = {
        1: Selection.some("countries", ["France", "Spain"]),
        2: Selection.some("lines", ["Ships"]),
    }

    found = answer(engine, selections=chosen, period="total", measures="value,orders",
                   **{"focus.countries": "1", "focus.lines": "2"})  # fmt: skip

    expected = raw.execute(
        "SELECT sum(amount), count(DISTINCT order_number), count(DISTINCT customer_name) FROM sold"
        " WHERE country IN ('France', 'Spain') AND product_line = 'Ships'"
    ).fetchone()
    totals = found.totals
    assert (totals["value.total"], totals["orders.total"], found.count) == expected


def test_a_reader_sees_only_her_accounts_in_every_dimension(engine, raw):
    mine = {"C001", "C034"}

    for dimension in engine.dataset.dimensions:
        found = answer(engine, dimension, restriction=mine, period="total", measures="value,orders")
        expected = raw.execute(
            "SELECT sum(amount), count(DISTINCT order_number) FROM sold"
            " WHERE customer_name IN ('AV Stores, Co.', 'Euro Shopping Channel')"
        ).fetchone()
        assert (found.totals["value.total"], found.totals["orders.total"]) == expected


@pytest.mark.parametrize("activity", ["with", "without", "all"])
def test_a_reader_without_accounts_sees_no_customers(engine, activity):
    found = answer(engine, restriction=set(), activity=activity)

    assert (found.count, found.rows, found.totals["value.total"]) == (0, (), None)
    assert engine.count(ask(engine, activity=activity), restriction=set()) == 0


def test_a_restriction_holds_for_selections(engine):
    everything = Selection.all_but(ask(engine, activity="all"))
    some = Selection.some("customers", ["C001", "C002", "C003"])

    for selection, count in ((everything, 2), (some, 1)):
        assert engine.count(ask(engine), selection=selection, restriction={"C001", "C050"}) == count


def test_all_but_some_is_the_rest(engine):
    selection = Selection.all_but(ask(engine, q="gift", activity="all"), ["C022"])

    rows = engine.rows(ask(engine), selection=selection)

    assert engine.count(ask(engine), selection=selection) == len(rows)
    assert all("gift" in row.values["name"].lower() for row in rows)
    assert (
        len(rows) == engine.count(ask(engine, q="gift", activity="all")) - 1 or "C022" not in rows
    )


def test_selected_rows_are_marked_and_counted_across_pages(engine):
    chosen = {5: Selection.some("customers", ["C034", "C016", "C092", "nobody"])}

    found = answer(engine, selections=chosen, sel="5", size="25")

    assert [row.key for row in found.rows if row.selected] == ["C034"]
    assert found.selected == 3


def test_rows_have_every_property_and_the_asked_measures(engine):
    (row,) = engine.rows(ask(engine, measures="quantity"),
                         selection=Selection.some("customers", ["C034"]))  # fmt: skip

    assert list(row.values)[:10] == list(engine.dataset.dimension("customers").properties)
    assert list(row.values)[10:] == list(ask(engine, measures="quantity").measure_columns)
    assert row.values["phone"] == "(91) 555 94 44"


def test_rows_go_on_behind_a_key_in_the_order_of_keys(engine):
    question = ask(engine, activity="all")
    seen, after = [], None
    while rows := engine.rows(question, after=after, limit=30):
        seen += [row.key for row in rows]
        after = seen[-1]

    assert seen == [f"C{number:03}" for number in range(1, 93)]


def asked(engine, monkeypatch):
    """Note each question that reaches the database."""
    found = []
    asking = engine._asking
    monkeypatch.setattr(engine, "_asking", lambda *args: found.append(args) or asking(*args))
    return found


def test_who_goes_on_reading_asks_once_for_many_rows(engine, monkeypatch):
    monkeypatch.setattr("crmapp.analytics.engines.duckdb.AHEAD", 60)
    questions, seen, after = asked(engine, monkeypatch), [], None
    while rows := engine.rows(ask(engine, activity="all"), after=after, limit=30, going_on=True):
        seen += [row.key for row in rows]
        after = seen[-1]

    assert seen == [f"C{number:03}" for number in range(1, 93)]
    assert len(questions) == 3  # 60 rows, 32, and that there are none behind them


def test_who_reads_from_another_place_or_something_else_is_not_given_what_was_found_ahead(engine):
    everyone, page = ask(engine, activity="all"), {"limit": 2, "going_on": True}
    selection = Selection.some("customers", ["C001", "C007"])

    engine.rows(everyone, **page)
    assert [row.key for row in engine.rows(everyone, after="C040", **page)] == ["C041", "C042"]
    engine.rows(everyone, **page)
    selected = engine.rows(everyone, selection=selection, after="C002", **page)
    assert [row.key for row in selected] == ["C007"]
    engine.rows(everyone, **page)
    restricted = engine.rows(everyone, restriction=["C005"], after="C002", **page)
    assert [row.key for row in restricted] == ["C005"]


def test_rows_go_on_behind_a_key_that_is_not_there(engine):
    found = engine.rows(ask(engine, activity="all"), after="C040x", limit=2)

    assert [row.key for row in found] == ["C041", "C042"]


def held(engine):
    """Bytes of the file that the database holds in memory."""
    query = "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    return engine._cursor().execute(query).fetchone()[0]


def test_what_is_read_on_and_on_is_not_held_unless_somebody_else_asks(engine):
    everyone = ask(engine, activity="all")
    engine.rows(everyone)
    before = held(engine)

    with contextlib.closing(engine.each(everyone, 92, seconds=20)) as others:
        next(others)
        engine.rows(everyone, going_on=True)
        meanwhile = held(engine)
    engine.rows(everyone, going_on=True)

    assert held(engine) < before <= meanwhile


def test_wide_rows_come_fewer_at_a_time_and_none_is_left_out(engine, monkeypatch):
    monkeypatch.setattr("crmapp.analytics.sql.WIDE", 500)
    pages, after = [], None
    while rows := engine.rows(ask(engine, activity="all"), after=after, limit=30):
        pages.append([row.key for row in rows])
        after = pages[-1][-1]

    assert max(map(len, pages)) < 10
    assert sum(pages, []) == [f"C{number:03}" for number in range(1, 93)]


def test_too_many_rows_at_once_are_refused(engine):
    with pytest.raises(Invalid):
        engine.rows(ask(engine), limit=1_000_000)


def test_a_selection_that_is_not_there_is_not_found(engine):
    with pytest.raises(NotFound):
        answer(engine, sel="99")


def test_the_same_question_again_gives_the_same_answer(engine):
    assert answer(engine) == answer(engine)


def test_an_engine_says_what_it_was_opened_on(opener, sales_file: Path):
    assert opener(sales_file).snapshot == sales_file.stem


def test_threads_that_ask_at_once_get_their_own_answers(opener, sales_file: Path):
    engine = opener(sales_file)
    dimensions = list(engine.dataset.dimensions) * 6

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda name: answer(engine, name, size="25").count, dimensions))

    assert counts == [80, 109, 7, 19, 4] * 6


def test_the_days_on_which_somebody_bought_are_those_of_the_raw_table(engine, raw):
    found = engine.days(Selection.some("customers", ["C034"]), "value", "lines")

    expected = raw.execute(
        "SELECT product_line, list(DISTINCT day ORDER BY day) FROM sold"
        " WHERE customer_name = 'Euro Shopping Channel' GROUP BY 1"
    ).fetchall()
    assert found == dict(expected)


def test_whose_days_one_may_not_see_bought_on_none(engine):
    found = engine.days(
        Selection.some("customers", ["C034"]), "value", "lines", restriction={"C056"}
    )

    assert found == {}
