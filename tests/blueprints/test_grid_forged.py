"""Addresses and forms that nobody's browser would send: a sentence each, never a 500."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
FEW = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

anything = st.one_of(st.text(max_size=20), st.sampled_from(["-1", "1e9", "9" * 40, "\0", "", "%"]))
names = st.one_of(
    st.sampled_from(["period", "measures", "properties", "q", "sort", "activity", "page"]),
    st.sampled_from(["size", "sel", "focus.customers", "focus.", "act"]),
)
values = st.one_of(
    anything,
    st.sampled_from(
        [
            "months",
            "ytd",
            "total",
            "value",
            "orders,value",
            "name",
            "-value.m3",
            "without",
            "1",
            "2",
            "25",
            "200",
        ]
    ),
)
acts = st.one_of(anything, st.sampled_from(["tick", "page", "all", "focus"]))


@FEW
@given(
    dataset=st.one_of(st.just("sales"), st.sampled_from(["..", "SALES", "x" * 300, "é"])),
    dimension=st.sampled_from(["customers", "territories", "nope", "'", "\u202e"]),
    args=st.dictionaries(st.one_of(names, anything), values, max_size=5),
    partly=st.booleans(),
)
def test_no_address_breaks_the_grid(alice, dataset, dimension, args, partly):
    response = alice.get(
        f"/analytics/{dataset}/{dimension}",
        query_string=args,
        headers=htmx() if partly else {},
    )

    assert response.status_code in (200, 303, 308, 400, 404, 422)


@FEW
@given(
    args=st.dictionaries(names, values, max_size=3),
    form=st.fixed_dictionaries(
        {}, optional={"act": acts, "key": st.lists(anything, max_size=3), "count": anything,
                      "into": st.one_of(anything, st.sampled_from(["products", "customers"]))}
    ),
)  # fmt: skip
@example(args={}, form={"act": "all", "count": "9" * 30})
@example(args={}, form={"act": "all", "count": "²"})
def test_no_form_breaks_the_selection(alice, args, form):
    response = alice.post(f"{CUSTOMERS}/selection", query_string=args, data=form)

    assert response.status_code in (200, 303, 400, 404, 422)


@pytest.mark.parametrize(
    "search", ['" OR (', "'; DROP TABLE fact; --", "%_\\", "\u202eעברית", "Łódź", "\U0001f600"]
)
def test_strange_words_are_only_words(alice, search):
    for period in ("months", "ytd", "total"):
        found = alice.get(CUSTOMERS, query_string={"q": search, "period": period})

        assert found.status_code == 200
        assert "Nothing matches" in found.text


def test_a_search_of_10000_characters_is_told_how_long_it_may_be(alice):
    refused = alice.get(CUSTOMERS, query_string={"q": "x" * 10_000})

    assert refused.status_code == 422
    assert "use up to 200 characters" in refused.text


def test_a_nul_is_refused(alice):
    assert alice.get(f"{CUSTOMERS}?q=%00").status_code == 400


@pytest.mark.parametrize(
    "args, sentence",
    [
        ("sort=nothing", "sort is none of those that can be used"),
        ("period=decade", "period is none of those that can be used: months, ytd, total, month,"),
        ("page=0", "page is not a number from 1 on."),
        ("page=two", "page is not a number from 1 on."),
        ("size=7", "size is none of those that can be used: 25, 50, 100, 200."),
        ("colour=red", "There is no argument colour"),
        ("sel=x", "sel is not a number from 1 on."),
    ],
)
def test_an_argument_that_cannot_be_used_is_told_in_a_sentence(alice, args, sentence):
    refused = alice.get(f"{CUSTOMERS}?{args}")

    assert refused.status_code == 422
    assert sentence in refused.text
    assert f'href="{CUSTOMERS}"' in refused.text


def test_a_part_that_is_refused_leaves_the_page_and_tells_in_a_toast(alice):
    refused = alice.get(f"{CUSTOMERS}?sort=nothing", headers=htmx())

    assert refused.status_code == 422
    assert refused.headers["HX-Reswap"] == "none"
    assert "sort is none of those" in refused.text


@pytest.mark.parametrize("url", ["/analytics/nothing", "/analytics/sales/nothing"])
def test_what_is_not_there_is_not_found(alice, url):
    assert alice.get(url).status_code == 404


def test_a_forged_form_changes_nothing(app, alice):
    app.config["WTF_CSRF_ENABLED"] = True

    refused = alice.post(f"{CUSTOMERS}/selection", data={"key": "C034", "csrf_token": "forged"})

    assert refused.status_code == 400
