"""The SQL of a question: names from the dataset, values as parameters."""

from dataclasses import replace
from datetime import date
from textwrap import dedent

import pytest
from hypothesis import given

from crmapp.analytics import dataset as datasets
from crmapp.analytics.across import Across
from crmapp.analytics.dataset import Label
from crmapp.analytics.query import Question, Selection
from crmapp.analytics.ranges import Calendar
from crmapp.analytics.sql import Writer
from crmapp.errors import Invalid
from tests.analytics.conftest import DATASETS
from tests.analytics.test_query import questions

SALES = datasets.load(DATASETS / "sales.yml")
CALENDAR = Calendar(date(2026, 11, 22), date(2026, 10, 31))


def ask(dimension, **args):
    return Question.from_args(SALES, dimension, {k.replace("_", "."): v for k, v in args.items()})


def page(question, restriction=None, selections=None):
    return Writer(SALES, CALENDAR, restriction, selections or {}).page(question)


def lines(text):
    return dedent(text).strip()


def test_totals_of_additive_measures_add_up_the_entities():
    statement = page(ask("lines", period="total", measures="value"))

    assert statement.sql == lines(
        """
        WITH g AS MATERIALIZED (SELECT d_lines AS id, SUM(_x1) AS a0_total FROM fact GROUP BY 1),
        r AS (SELECT * FROM g),
        t AS (SELECT SUM(r.a0_total) AS a0_total FROM r),
        p AS (SELECT r.*, a0_total AS _sort FROM r ORDER BY _sort DESC NULLS LAST, id LIMIT $v1 OFFSET $v2)
        SELECT 0 AS _part, p._sort, p.id, NULL AS _count, d._key, d._varies, d."name", a0_total AS "value.total" FROM p JOIN d_lines AS d ON d._id = p.id
        UNION ALL SELECT 1, NULL, NULL, (SELECT COUNT(*) FROM r), NULL, NULL, NULL, a0_total AS "value.total" FROM t
        ORDER BY _part, _sort DESC NULLS LAST, id
        """  # noqa: E501 the statement as it is
    )
    assert statement.params == {"v1": 50, "v2": 0}


def test_totals_of_other_measures_come_from_what_is_counted():
    statement = page(ask("lines", period="total", measures="orders"))

    assert (
        "d0 AS MATERIALIZED (SELECT d_lines AS id, _x3 AS x FROM fact GROUP BY 1, 2)"
        in statement.sql
    )
    assert (
        "t AS (SELECT NULLIF(COUNT(x), 0) AS a0_total FROM (SELECT x FROM d0 GROUP BY 1))"
        in statement.sql
    )


def test_a_ratio_is_computed_anew_for_the_total():
    statement = page(ask("lines", period="total", measures="average_price"))

    ratio = 'CAST(a0_total / NULLIF(a1_total, 0) AS DECIMAL(38, 4)) AS "average_price.total"'
    assert statement.sql.count(ratio) == 2


def test_months_are_added_up_by_entity_and_month_first():
    statement = page(ask("lines"))

    assert (
        "f AS (SELECT d_lines AS id, _month AS bucket, SUM(_x1) AS a0 FROM fact"
        " WHERE _month BETWEEN $v1 AND $v12 GROUP BY 1, 2)" in statement.sql
    )
    assert "SUM(a0) FILTER (WHERE bucket = $v12) AS a0_m12" in statement.sql
    assert (statement.params["v1"], statement.params["v12"]) == (2025 * 12 + 10, 2026 * 12 + 9)


def test_a_year_and_the_year_before_are_two_buckets_of_whole_months():
    statement = page(ask("lines", mode="summary", measures="value"))

    assert "CASE WHEN _month >= $v1 THEN 1 ELSE 0 END AS bucket" in statement.sql
    assert statement.params["v1"] == 2025 * 12 + 10


def test_a_share_is_of_all_whatever_is_searched():
    statement = page(ask("lines", mode="share", q="cars"))

    assert statement.sql.count("FROM fact") == 1
    aggregated, _, searched = statement.sql.partition("r AS (")
    assert "_search" not in aggregated
    assert "_search" in searched.partition("t AS (")[0]


def test_a_matrix_asks_first_who_has_a_column():
    question = ask("lines", mode="matrix", across="countries", top="5")
    writer = Writer(SALES, CALENDAR)

    asked = writer.widest(question)
    writer.across = Across((7, 3), (Label("USA", "USA"), Label("France", "France")), others=4)
    statement = writer.page(question)

    assert "SELECT d_countries AS id, SUM(_x1) AS a0_total FROM fact" in asked.sql
    assert asked.sql.endswith("LIMIT 5")
    assert "CASE d_countries WHEN $v3 THEN 1 WHEN $v4 THEN 2 ELSE 0 END" in statement.sql
    assert 'a0_other AS "value.other"' in statement.sql


def test_search_is_a_semi_join_on_the_entities():
    statement = page(ask("lines", q="Vintage CARS", period="total", measures="value"))

    assert (
        "FROM fact WHERE d_lines IN (SELECT w._id FROM d_lines AS w"
        " WHERE CONTAINS(w._search, LOWER(STRIP_ACCENTS($v1)))"
        " AND CONTAINS(w._search, LOWER(STRIP_ACCENTS($v2))))" in statement.sql
    )
    assert statement.params["v2"] == "CARS"


def test_what_a_reader_may_see_is_part_of_every_scan_of_facts():
    question = ask("lines", period="total", measures="orders")

    statement = page(question, restriction={"C002", "C001"})

    allowed = (
        "d_customers IN (SELECT a._id FROM d_customers AS a"
        " WHERE a._key IN (SELECT UNNEST(CAST($v1 AS VARCHAR[]))))"
    )
    assert statement.sql.count("FROM fact") == statement.sql.count(allowed) == 1
    assert statement.params["v1"] == ["C001", "C002"]


def test_distinct_values_are_kept_once_with_the_months_in_which_they_occur():
    statement = page(ask("lines", measures="orders"))

    assert statement.sql.count("FROM fact") == 1
    assert "BIT_OR(CAST(1 AS BIGINT) << (_month - $v1)) AS mask FROM fact" in statement.sql
    assert "NULLIF(COUNT(x) FILTER (WHERE mask & 2048 <> 0), 0) AS a0_m12" in statement.sql
    assert "(SELECT x, BIT_OR(mask) AS mask FROM d0 GROUP BY 1)" in statement.sql


def test_a_rolling_year_takes_twelve_bits():
    statement = page(ask("lines", measures="orders", mode="moving"))

    assert f"mask & {0b111111111111 << 11} <> 0), 0) AS a0_r1," in statement.sql
    assert f"mask & {0b111111111111} <> 0), 0) AS a0_r12" in statement.sql


def test_days_far_apart_are_few_buckets():
    march, winter = "2026-03-01..2026-03-31", "1950-01-05..1950-02-03"
    question = ask("lines", measures="orders,value", mode="variance", period=march, against=winter)

    statement = page(question)

    assert "BIT_OR(CAST(1 AS BIGINT) << (CASE WHEN _day >= $v1 THEN 1 ELSE 0 END))" in statement.sql
    assert "USING (id)" in statement.sql


def test_a_dataset_without_accounts_shows_a_restricted_reader_nothing():
    text = SALES.text.replace("accounts: customers\ncategories: lines\n", "")
    blind = datasets.parse(text, "sales.yml")

    statement = Writer(blind, CALENDAR, {"C001"}).page(ask("lines"))

    assert "AND FALSE" in statement.sql


def test_focus_narrows_facts_down():
    statement = page(ask("lines", focus_products="4", period="total", measures="value"),
                     selections={4: Selection.some("products", ["S1"])})  # fmt: skip

    assert (
        "FROM fact WHERE d_products IN (SELECT s._id AS id FROM d_products AS s"
        " WHERE s._key IN (SELECT UNNEST(CAST($v1 AS VARCHAR[]))))" in statement.sql
    )


def test_rows_follow_a_key():
    writer = Writer(SALES, CALENDAR)

    statement = writer.rows(ask("lines"), Selection.some("lines", ["Ships"]), "Planes", 10)

    assert "WHERE _key <= $v" in statement.sql
    assert "Planes" in statement.params.values()


def test_selections_that_build_on_each_other_end():
    first = Selection.all_but(ask("lines", focus_products="2"))
    second = Selection.all_but(ask("products", focus_lines="1"))

    with pytest.raises(Invalid, match="builds on too many others"):
        page(ask("lines", focus_products="2"), selections={1: first, 2: second})


def test_a_text_that_is_not_unicode_is_refused():
    with pytest.raises(Invalid, match="characters that cannot be used"):
        Writer(SALES, CALENDAR).among(Selection.some("lines", ["\ud800"]), ["x"])


@given(questions)
def test_what_is_searched_for_never_changes_the_statement(question):
    words = question.search.split()
    others = " ".join(f"word{words.index(word)}" for word in words)

    statement, other = page(question), page(replace(question, search=others))

    assert statement.sql == other.sql
    assert set(words) <= set(statement.params.values())
