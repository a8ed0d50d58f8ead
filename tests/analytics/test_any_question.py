"""Any question at all: never an unexpected error, and the same answer as plain Python gives."""

import unicodedata
from collections import defaultdict
from contextlib import suppress
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmapp.analytics.query import PERIOD_KEYS, Question, Selection
from crmapp.errors import CRMError
from tests.analytics.conftest import DATASETS

DIMENSIONS = {
    "customers": "customer_name",
    "products": "product_code",
    "lines": "product_line",
    "countries": "country",
    "territories": "territory",
}
MEASURES = ["value", "quantity", "orders", "average_price"]
WORDS = ["", "a", "gift", "classic cars", "LYON", "é", "S18 19", "usa", "nothing of that name"]
MONTHS = [(2025, 11), (2025, 12), *((2026, month) for month in range(1, 11))]
FEW = settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))

anything = st.one_of(st.text(max_size=12), st.sampled_from(["-1", "1e9", "9" * 40, "\0", "\ud800"]))
names = st.sampled_from(
    ["period", "measures", "properties", "q", "sort", "activity", "page", "size", "sel",
     "focus.products", "focus.customers", "focus."]
)  # fmt: skip
values = st.one_of(
    anything,
    st.sampled_from(
        ["months", "ytd", "total", "value", "orders,value", "name", "-value.m3", "all"]
    ),
    st.sampled_from(["without", "1", "2", "3", "25", "200", "-value.total", "value.percent", ""]),
)
keys = st.lists(st.sampled_from(["C001", "C034", "C056", "S18_3232", "USA", "\0", "", "x'"]))


@FEW
@given(
    dimension=st.sampled_from([*DIMENSIONS, "suppliers", ""]),
    args=st.dictionaries(st.one_of(names, anything), values, max_size=6),
    chosen=keys,
    restriction=st.one_of(st.none(), keys),
)
def test_forged_arguments_give_an_answer_or_a_sentence(
    engine, dimension, args, chosen, restriction
):
    with suppress(CRMError):
        question = Question.from_args(engine.dataset, dimension, args)
        selections = {
            1: Selection.some("customers", chosen),
            2: Selection.all_but(Question.from_args(engine.dataset, "products", {}), chosen),
            3: Selection.all_but(question, chosen),
        }
        found = engine.answer(question, restriction=restriction, selections=selections)
        assert len(found.rows) <= found.count
        assert set(found.totals) == {column.name for column in found.columns}


@pytest.fixture(scope="module")
def facts():
    """The raw lines as Python values, read without a word of ours."""
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT customer_name, product_code, product_line, country, territory, order_number,"
            " quantity_ordered, round(sales::DECIMAL(20, 8), 2)::DECIMAL(12, 2),"
            " (order_date::DATE + to_months(257))::DATE FROM read_parquet(?)",
            [str(DATASETS / "vehicle_sales.parquet")],
        ).fetchall()


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("period", PERIOD_KEYS)
@settings(FEW, max_examples=8)
@given(
    dimension=st.sampled_from(list(DIMENSIONS)),
    activity=st.sampled_from(["with", "without", "all"]),
    search=st.sampled_from(WORDS),
    countries=st.one_of(
        st.none(), st.sets(st.sampled_from(["USA", "France", "Japan", "Atlantis"]), min_size=1)
    ),
    column=st.integers(0, 12),
    descending=st.booleans(),
)
def test_an_answer_is_what_plain_python_computes(
    engine, facts, period, measure, dimension, activity, search, countries, column, descending
):
    args = {"period": period, "measures": measure, "activity": activity, "size": "200"}
    args |= {"q": search} | ({"focus.countries": "1"} if countries else {})
    question = Question.from_args(engine.dataset, dimension, args)
    columns = question.measure_columns
    question = question.change(sort=columns[column % len(columns)], descending=descending)
    chosen = {1: Selection.some("countries", countries or [])}

    found = engine.answer(question, selections=chosen)

    plain = Plain(facts, question, countries, engine)
    assert {row.key: measures(row.values) for row in found.rows} == plain.rows
    assert measures(found.totals) == plain.totals
    assert found.count == len(plain.rows)
    assert [row.key for row in found.rows] == plain.order(found)
    assert engine.count(question, selections=chosen) == found.count
    assert {row.key for row in engine.rows(question, selections=chosen)} == set(plain.rows)


def measures(values):
    return {name: value for name, value in values.items() if "." in name}


class Plain:
    """The answer to a question by loops over all facts."""

    def __init__(self, facts, question, countries, engine):
        self.question = question
        self.position = list(DIMENSIONS).index(question.dimension)
        entities = self.entities(facts, engine)
        wanted = {key for key, text in entities.items() if self.matches(text)}
        in_focus = [fact for fact in facts if countries is None or fact[3] in countries]
        inside = [fact for fact in in_focus if self.periods_of(fact[8])]
        groups = defaultdict(list)
        for fact in inside:
            groups[self.key(fact, engine)].append(fact)
        active = wanted & set(groups)
        if question.activity == "with":
            shown = active
        else:
            if countries is not None and question.dimension == "countries":
                wanted &= countries
            shown = wanted if question.activity == "all" else wanted - active
        self.rows = {key: self.columns(groups.get(key, [])) for key in shown}
        everything = [fact for key in shown for fact in groups.get(key, [])]
        self.totals = self.columns(everything)

    def entities(self, facts, engine):
        rows = engine.rows(self.question.change(search="", activity="all", focus=()), limit=1000)
        names = engine.dataset.dimension(self.question.dimension).properties
        return {
            row.key: fold(
                "\n".join([row.key, *(str(row.values[n]) for n in names if row.values[n])])
            )
            for row in rows
        }

    def matches(self, text):
        return all(fold(word) in text for word in self.question.search.split())

    def key(self, fact, engine):
        value = fact[self.position]
        if self.question.dimension == "customers":
            ranked = self.ranks(engine)
            return ranked[value]
        return value or "(none)"

    def ranks(self, engine):
        if not hasattr(engine, "ranks"):
            question = Question.from_args(engine.dataset, "customers", {"activity": "all"})
            rows = engine.rows(question)
            names = sorted(row.values["name"] for row in rows)
            engine.ranks = {name: f"C{rank:03}" for rank, name in enumerate(names, start=1)}
        return engine.ranks

    def periods_of(self, day):
        if self.question.period == "total":
            return ["total"]
        if self.question.period == "months":
            where = (day.year, day.month)
            return [f"m{MONTHS.index(where) + 1}", "total"] if where in MONTHS else []
        if date(2026, 1, 1) <= day <= date(2026, 10, 31):
            return ["current"]
        return ["previous"] if date(2025, 1, 1) <= day <= date(2025, 10, 31) else []

    def columns(self, facts):
        by_period = defaultdict(list)
        for fact in facts:
            for key in self.periods_of(fact[8]):
                by_period[key].append(fact)
        measure = self.question.measures[0]
        found = {key: self.measure(by_period[key]) for key in PERIOD_KEYS[self.question.period]}
        if self.question.period == "ytd":
            found |= self.variance(found["current"], found["previous"])
        return {f"{measure}.{key}": value for key, value in found.items()}

    def measure(self, facts):
        if not facts:
            return None
        value, quantity = sum(fact[7] for fact in facts), sum(fact[6] for fact in facts)
        return {
            "value": value,
            "quantity": quantity,
            "orders": len({fact[5] for fact in facts}),
            "average_price": near(value / quantity),
        }[self.question.measures[0]]

    def variance(self, current, previous):
        if self.question.measures[0] != "average_price":
            difference = (current or 0) - (previous or 0)
        elif current is None or previous is None:
            difference = None
        else:
            difference = near(current - previous)
        percent = None
        if difference is not None and previous:
            percent = near(Decimal(difference) / abs(previous))
        return {"variance": difference, "percent": percent}

    def order(self, found):
        values = {row.key: row.values[self.question.sort] for row in found.rows}
        known = sorted(key for key, value in values.items() if value is not None)
        unknown = sorted(key for key, value in values.items() if value is None)
        return sorted(known, key=values.get, reverse=self.question.descending) + unknown


class near(Decimal):
    """A ratio with four decimals: equal to another that differs by a rounding."""

    def __eq__(self, other):
        return other is not None and abs(self - other) <= Decimal("0.0002")

    __hash__ = None


def fold(text):
    plain = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
