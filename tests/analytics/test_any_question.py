"""Any question at all: never an unexpected error, and the same answer as plain Python gives."""

import unicodedata
from collections import defaultdict
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crmapp.analytics.modes import MODES
from crmapp.analytics.query import Number, Question, Selection
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
PERIODS = {
    "months": (date(2025, 11, 1), date(2026, 10, 31)),
    "ytd": (date(2026, 1, 1), date(2026, 10, 31)),
    "total": (date(1, 1, 1), date(9999, 12, 31)),
    "month": (date(2026, 10, 1), date(2026, 10, 31)),
    "quarter": (date(2026, 8, 1), date(2026, 10, 31)),
    "year": (date(2025, 1, 1), date(2025, 12, 31)),
    "2025-02-11..2026-05-06": (date(2025, 2, 11), date(2026, 5, 6)),
}
YEARS_BEFORE = {
    "months": (date(2024, 11, 1), date(2025, 10, 31)),
    "ytd": (date(2025, 1, 1), date(2025, 10, 31)),
    "month": (date(2025, 10, 1), date(2025, 10, 31)),
    "quarter": (date(2025, 8, 1), date(2025, 10, 31)),
    "year": (date(2024, 1, 1), date(2024, 12, 31)),
    "2025-02-11..2026-05-06": (date(2024, 2, 11), date(2025, 5, 6)),
}
JUST_BEFORE = {
    "months": (date(2024, 11, 1), date(2025, 10, 31)),
    "ytd": (date(2025, 3, 1), date(2025, 12, 31)),
    "month": (date(2026, 9, 1), date(2026, 9, 30)),
    "quarter": (date(2026, 5, 1), date(2026, 7, 31)),
    "year": (date(2024, 1, 1), date(2024, 12, 31)),
    "2025-02-11..2026-05-06": (date(2023, 11, 19), date(2025, 2, 10)),
}
DERIVED = ("variance", "percent", "share", "cumulative", "class")
ALWAYS = ("total", "share", "matrix")
FEW = settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))

anything = st.one_of(st.text(max_size=12), st.sampled_from(["-1", "1e9", "9" * 40, "\0", "\ud800"]))
names = st.sampled_from(
    ["period", "mode", "against", "across", "top", "measures", "properties", "q", "sort",
     "activity", "page", "size", "sel", "focus.products", "focus.customers", "focus."]
)  # fmt: skip
values = st.one_of(
    anything,
    st.sampled_from(
        ["months", "ytd", "total", "value", "orders,value", "name", "-value.m3", "all"]
    ),
    st.sampled_from(["without", "1", "2", "3", "25", "200", "-value.total", "value.percent", ""]),
    st.sampled_from(
        [*MODES, "year_before", "products", "5", "value.c3", "value.class", "value.r2"]
    ),
    st.sampled_from(["2026-01-05..2026-03-31", "2026-02-30..2026-03-01", "1900-01-01..2199-12-31"]),
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


class Facts(list):
    """Lines of the raw table; a failure does not print them all."""

    def __repr__(self):
        return f"<{len(self)} facts>"


@pytest.fixture(scope="module")
def facts():
    """The raw lines as Python values, read without a word of ours."""
    with duckdb.connect() as connection:
        lines = connection.execute(
            "SELECT customer_name, product_code, product_line, country, territory, order_number,"
            " quantity_ordered, round(sales::DECIMAL(20, 8), 2)::DECIMAL(12, 2),"
            " (order_date::DATE + to_months(257))::DATE FROM read_parquet(?)",
            [str(DATASETS / "vehicle_sales.parquet")],
        ).fetchall()
    return Facts(lines)


@pytest.mark.parametrize(
    "mode, measure",
    [
        (mode, measure)
        for mode in MODES
        for measure in MEASURES
        if mode != "share" or measure in ("value", "quantity")
    ],
)
@settings(FEW, max_examples=8)
@given(
    period=st.sampled_from(list(PERIODS)),
    against=st.sampled_from(["year_before", "just_before", "year", "2025-02-11..2026-05-06"]),
    dimension=st.sampled_from(list(DIMENSIONS)),
    across=st.sampled_from(list(DIMENSIONS)),
    activity=st.sampled_from(["with", "without", "all"]),
    search=st.sampled_from(WORDS),
    countries=st.one_of(
        st.none(), st.sets(st.sampled_from(["USA", "France", "Japan", "Atlantis"]), min_size=1)
    ),
    column=st.integers(0, 12),
    descending=st.booleans(),
)
def test_an_answer_is_what_plain_python_computes(
    engine, facts, mode, measure, period, against, dimension, across, activity, search, countries,
    column, descending,
):  # fmt: skip
    assume(mode in ALWAYS or period != "total")
    assume(mode != "matrix" or across != dimension)
    args = {"period": period, "mode": mode, "measures": measure, "activity": activity, "q": search}
    args |= {"against": against} if mode == "variance" else {}
    args |= {"across": across, "top": "5"} if mode == "matrix" else {}
    args |= {"size": "200"} | ({"focus.countries": "1"} if countries else {})
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
    if all(question.sort != column.name for column in found.columns):
        return  # a matrix has no more columns than there are entities
    for key in [None, *plain.rows][:2]:
        number = Number.read(question, question.sort, [key] if key else [])
        behind = engine.transactions(question, number, selections=chosen)
        assert behind.totals[measure] == plain.behind(key)


def measures(values):
    return {name: value for name, value in values.items() if "." in name}


def inside(start, end):
    return lambda fact: start <= fact[8] <= end


class Plain:
    """The answer to a question by loops over all facts."""

    def __init__(self, facts, question, countries, engine):
        self.question = question
        self.engine = engine
        self.name, _, self.key = question.sort.partition(".")
        self.position = list(DIMENSIONS).index(question.dimension)
        entities = self.entities(facts, engine)
        wanted = {key for key, text in entities.items() if self.matches(text)}
        in_focus = [fact for fact in facts if countries is None or fact[3] in countries]
        spans = self.spans()
        inside = [fact for fact in in_focus if any(a <= fact[8] <= b for a, b in spans.values())]
        groups = defaultdict(list)
        for fact in inside:
            groups[self.key_of(fact, self.position)].append(fact)
        active = wanted & set(groups)
        if question.activity == "with":
            shown = active
        else:
            if countries is not None and question.dimension == "countries":
                wanted &= countries
            shown = wanted if question.activity == "all" else wanted - active
        matching = [fact for fact in inside if self.key_of(fact, self.position) in wanted]
        self.columns = self.columns_of(matching, spans)
        self.ranks = self.ranking(groups) if question.mode == "share" else {}
        self.facts = {key: groups.get(key, []) for key in shown}
        self.facts[None] = [fact for key in shown for fact in self.facts[key]]
        self.rows = {key: self.values(key) for key in shown}
        self.totals = self.values(None)

    def spans(self):
        """The first and last day of each column, by its key."""
        question = self.question
        whole = PERIODS[question.period]
        if question.mode in ("summary", "variance"):
            named = {"year_before": YEARS_BEFORE, "just_before": JUST_BEFORE}
            other = named.get(question.against, {}).get(question.period)
            return {"current": whole, "previous": other or PERIODS[question.against]}
        months = [
            (date(year, month, 1), date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1))
            for year in range(2024, 2027)
            for month in range(1, 13)
        ]
        touched = [(a, b) for a, b in months if b >= whole[0] and a <= whole[1]]
        if question.mode == "months":
            cut = [(max(a, whole[0]), min(b, whole[1])) for a, b in touched]
            return {f"m{n}": days for n, days in enumerate(cut, start=1)} | {"total": whole}
        if question.mode == "moving":
            return {
                f"r{n}": (date(b.year - 1 + b.month // 12, b.month % 12 + 1, 1), b)
                for n, (_, b) in enumerate(reversed(touched), start=1)
            }
        return {"total": whole}

    def columns_of(self, matching, spans):
        """For each column that is added up, what tells its facts from others."""
        if self.question.mode != "matrix":
            return {key: inside(a, b) for key, (a, b) in spans.items()}
        position = list(DIMENSIONS).index(self.question.across)
        groups = defaultdict(list)
        for fact in matching:
            groups[self.key_of(fact, position)].append(fact)
        sizes = {key: self.measure(found) for key, found in groups.items()}
        largest = sorted(sorted(sizes), key=lambda key: -sizes[key])
        columns = {
            f"c{n}": lambda fact, key=key: self.key_of(fact, position) == key
            for n, key in enumerate(largest[:5], start=1)
        }
        if largest[5:]:
            columns["other"] = lambda fact: self.key_of(fact, position) in largest[5:]
        return columns | {"total": lambda fact: True}

    def ranking(self, groups):
        """The sum from the largest entity down to each, and of all."""
        sizes = {key: self.measure(found) for key, found in groups.items()}
        upto, ranks = 0, {}
        for key in sorted(sorted(sizes), key=lambda key: -sizes[key]):
            upto += sizes[key]
            ranks[key] = upto
        return ranks | {None: upto}

    def values(self, key):
        """The columns of one entity, or of all."""
        found = {
            name: self.measure([fact for fact in self.facts[key] if stands(fact)])
            for name, stands in self.columns.items()
        }
        if self.question.mode in ("summary", "variance"):
            found |= self.variance(found["current"], found["previous"])
        if self.question.mode == "share":
            found |= self.share(key, found["total"])
        return {f"{self.question.measures[0]}.{name}": value for name, value in found.items()}

    def share(self, key, value):
        whole, upto = self.ranks[None], self.ranks.get(key)
        if value is None:
            return {"share": None, "cumulative": None, "class": None}
        if key is None:
            return {"share": near(value / whole), "cumulative": None, "class": None}
        before = (upto - value) / whole
        letter = "A" if before < Decimal("0.8") else "B" if before < Decimal("0.95") else "C"
        return {"share": near(value / whole), "cumulative": near(upto / whole), "class": letter}

    def behind(self, key):
        """What the transactions behind the sorted column of a row come to."""
        both = lambda fact: any(stands(fact) for stands in self.columns.values())  # noqa: E731
        stands = self.columns.get(self.key, both if self.key in DERIVED else lambda fact: False)
        found = [fact for fact in self.facts[key] if stands(fact)]
        return self.measure(found)

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

    def key_of(self, fact, position):
        value = fact[position]
        if position == 0:
            return self.numbers()[value]
        return value or "(none)"

    def numbers(self):
        if not hasattr(self.engine, "numbers"):
            question = Question.from_args(self.engine.dataset, "customers", {"activity": "all"})
            names = sorted(row.values["name"] for row in self.engine.rows(question))
            self.engine.numbers = {name: f"C{rank:03}" for rank, name in enumerate(names, start=1)}
        return self.engine.numbers

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
        values = {row.key: row.values.get(self.question.sort) for row in found.rows}
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
