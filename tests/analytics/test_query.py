"""A question is read from a URL and written back; what cannot be read is said in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmapp.analytics import dataset as datasets
from crmapp.analytics.query import Question, Selection, carried, modes_for, selection_of
from crmapp.errors import Invalid, NotFound
from tests.analytics.conftest import DATASETS

SALES = datasets.load(DATASETS / "sales.yml")
CUSTOMERS = tuple(SALES.dimension("customers").properties)


def ask(dimension="customers", **args):
    return Question.from_args(SALES, dimension, args)


def test_without_arguments_the_first_measure_is_shown_by_month():
    question = ask()

    assert question.period == "months"
    assert question.measures == ("value",)
    assert question.properties == ("code", "name", "city", "country")
    assert question.order == "-value.total"
    assert (question.page, question.size, question.activity) == (1, 50, "with")


def test_what_is_usual_is_left_out_of_the_url():
    assert ask().to_args() == {
        "period": "months",
        "measures": "value",
        "properties": "code,name,city,country",
    }


def test_totals_show_every_measure():
    assert ask(period="total").measures == tuple(SALES.measures)


def test_months_are_of_one_measure():
    question = ask(measures="orders,value")

    assert question.measure_columns[0] == "orders.m1"
    assert question.measure_columns[-2:] == ("orders.m12", "orders.total")


def test_focus_and_selection_are_ids():
    question = ask(**{"focus.products": "12", "focus.lines": "3", "sel": "9"})

    assert question.focus == (("lines", 3), ("products", 12))
    assert question.selection == 9


def test_an_argument_of_somebody_else_is_ignored():
    assert Question.from_args(SALES, "lines", {"lang": "fr"}, ignore={"lang"}) == ask("lines")


some = st.lists(st.sampled_from(CUSTOMERS), unique=True, min_size=1)
questions = st.builds(
    lambda **args: ask(**{name: text for name, text in args.items() if text}),
    period=st.sampled_from(["", "months", "ytd", "total", "quarter", "2025-02-11..2026-05-06"]),
    mode=st.sampled_from(["", "share", "matrix"]),
    against=st.sampled_from(["", "just_before"]),
    across=st.sampled_from(["", "lines"]),
    top=st.sampled_from(["", "5", "20"]),
    measures=st.lists(st.sampled_from(["value", "quantity"]), unique=True).map(",".join),
    properties=some.map(",".join),
    q=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    sort=st.sampled_from(["", *CUSTOMERS, *(f"-{name}" for name in CUSTOMERS)]),
    activity=st.sampled_from(["", "with", "without", "all"]),
    page=st.sampled_from(["", "1", "7"]),
    size=st.sampled_from(["", "25", "200"]),
    sel=st.sampled_from(["", "5"]),
)


@given(questions)
def test_a_question_survives_its_url(question):
    assert Question.from_args(SALES, question.dimension, question.to_args()) == question


@pytest.mark.parametrize(
    "args, sentence",
    [
        (
            {"period": "weeks"},
            "period is none of those that can be used: months, ytd, total, month,",
        ),
        ({"measures": "profit"}, "measures is none of those that can be used: value, quantity,"),
        ({"properties": "shoe_size"}, "properties is none of those that can be used: code, name,"),
        ({"sort": "value.m13"}, "sort is none of those that can be used: code, name,"),
        ({"sort": "-value.current"}, "sort is none of those that can be used: code, name,"),
        ({"sort": "1; DROP TABLE fact"}, "sort is none of those that can be used: code, name,"),
        ({"activity": "some"}, "activity is none of those that can be used: with, without, all."),
        ({"size": "51"}, "size is none of those that can be used: 25, 50, 100, 200."),
        ({"page": "0"}, "page is not a number from 1 on."),
        ({"page": "-1"}, "page is not a number from 1 on."),
        ({"page": "9" * 5000}, "page is not a number from 1 on."),
        ({"page": "²"}, "page is not a number from 1 on."),
        ({"sel": "x"}, "sel is not a number from 1 on."),
        ({"focus.products": "x"}, "focus.products is not a number from 1 on."),
        ({"focus.suppliers": "1"}, "There is no argument focus.suppliers; there are: focus.custom"),
        ({"filter": "1"}, "There is no argument filter; there are: period, mode, against,"),
        ({"q": "a\0b"}, "q holds a character that cannot be used."),
        ({"q": "\ud800"}, "q holds a character that cannot be used."),
        (
            {"period": "2026-03-31..2026-01-05"},
            "period needs two days, the earlier one first: 2026",
        ),
        (
            {"period": "2026-02-29..2026-03-01"},
            "period needs two days, the earlier one first: 2026",
        ),
        ({"period": "..2026-03-01"}, "period needs two days, the earlier one first: 2026"),
        (
            {"period": "1066-10-14..2026-03-01"},
            "period needs two days, the earlier one first: 2026",
        ),
        ({"mode": "pie"}, "mode is none of those that can be used: months, moving, summary,"),
        (
            {"mode": "summary", "period": "total"},
            "summary needs a period with a beginning and an e",
        ),
        (
            {"mode": "months", "period": "2020-01-01..2023-01-01"},
            "months needs a period with a beg",
        ),
        (
            {"mode": "share", "measures": "orders"},
            "measures is none of those that can be used: val",
        ),
        ({"against": "total"}, "against is none of those that can be used: year_before, just_befo"),
        ({"across": "customers"}, "across is none of those that can be used: products, lines,"),
        ({"top": "11"}, "top is none of those that can be used: 5, 10, 20, 50."),
        ({"mode": "share", "sort": "value.m1"}, "sort is none of those that can be used: code, na"),
        ({"q": "x" * 201}, "q is too long: use up to 200 characters."),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_in_a_sentence(args, sentence):
    with pytest.raises(Invalid) as caught:
        ask(**args)

    assert str(caught.value).startswith(sentence)


def test_every_argument_that_is_wrong_is_named():
    with pytest.raises(Invalid) as caught:
        ask(period="weeks", size="3", page="x")

    assert list(caught.value.fields) == ["period", "page", "size"]


def test_another_dimension_is_not_found():
    with pytest.raises(NotFound):
        ask("suppliers")


def test_a_change_goes_back_to_the_first_page():
    assert ask(page="7").change(search="x").page == 1


def test_a_sort_by_a_column_that_goes_becomes_the_usual_one():
    assert ask(sort="value.m3").change(mode="summary").order == "-value.current"


def test_a_sort_by_a_column_that_another_mode_has_too_becomes_that_modes_own():
    assert ask(period="ytd").change(mode="variance").order == "-value.variance"


@pytest.mark.parametrize(
    "period, mode", [("months", "months"), ("ytd", "summary"), ("total", "total")]
)
def test_a_period_has_a_usual_mode_that_is_left_out_of_the_url(period, mode):
    question = ask(period=period)

    assert question.mode == mode
    assert "mode" not in question.to_args()


def test_a_period_stays_in_another_mode():
    question = ask(period="ytd").change(mode="share")

    assert (question.period, question.mode) == ("ytd", "share")
    assert question.to_args()["mode"] == "share"


def test_a_mode_without_months_is_left_for_all_time():
    assert ask().change(period="total").mode == "total"


def test_all_time_is_left_for_a_mode_with_months():
    assert ask(period="total").change(mode="months").period == "months"


def test_what_belongs_to_another_mode_is_forgotten():
    matrix = ask(mode="matrix", across="lines", top="5")
    variance = ask(mode="variance", against="just_before")

    assert matrix.change(mode="share") == ask(mode="share")
    assert variance.change(mode="summary") == ask(mode="summary")


def test_the_way_to_another_dimension_keeps_the_layout():
    assert carried(ask(mode="matrix", across="lines", q="gift"), "countries") == {
        "period": "months",
        "mode": "matrix",
        "across": "lines",
        "measures": "value",
    }


def test_a_matrix_is_turned_round_on_the_way_to_what_it_has_across():
    assert carried(ask(mode="matrix", across="lines"), "lines")["across"] == "customers"


def test_a_dataset_has_the_modes_that_its_measures_and_dimensions_allow():
    text = SALES.text.replace("categories: lines\n", "")
    start = text.index("  products:")
    averages = text[text.index("  average_price:") :]
    alone = datasets.parse(text[:start] + "measures:\n" + averages, "sales.yml")

    assert "share" in modes_for(SALES)
    assert "matrix" in modes_for(SALES)
    assert modes_for(alone) == ("months", "moving", "summary", "total", "variance")


def test_a_sort_by_a_property_stays():
    assert ask(sort="name").change(period="ytd").order == "name"


def test_a_question_has_no_other_values():
    with pytest.raises(TypeError, match="serch"):
        ask().change(serch="x")


def test_a_reference_to_no_selection_is_not_found():
    with pytest.raises(NotFound, match="There is no such selection"):
        selection_of({}, 7, "customers")


def test_a_selection_of_another_dimension_is_refused():
    with pytest.raises(Invalid, match="Selection 7 is of another dimension"):
        selection_of({7: Selection.some("products", ["x"])}, 7, "customers")
