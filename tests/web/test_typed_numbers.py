import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from crmapp.web.forms import Form
from crmapp.web.typed_numbers import NumberField, as_read, as_typed, with_point


class LimitForm(Form):
    limit = NumberField("Limit")


@pytest.fixture(autouse=True)
def in_a_request(app):
    with app.test_request_context(method="POST"):
        yield


@pytest.mark.parametrize(
    "typed, read",
    [
        ("1.250,50", "1250.50"),
        ("1 250,5", "1250.5"),
        ("1\u00a0250,5", "1250.5"),
        ("1\u202f250,5", "1250.5"),
        ("1'250,5", "1250.5"),
        ("1.250.000", "1250000"),
        ("1,250", "1.250"),
        ("-1.250,5", "-1250.5"),
        ("−3,5", "-3.5"),
        ("1.250", "1.250"),
        ("1250.5", "1250.5"),
        ("1,250,000", "1,250,000"),
        ("12.50,5", "12.50,5"),
        ("2 2,5", "2 2,5"),
        ("much", "much"),
        ("", ""),
    ],
)
def test_a_comma_begins_the_decimals_where_nothing_else_can_be_meant(typed, read):
    assert with_point(typed) == read


@pytest.mark.parametrize("locale, kept", [("fr", "1250.50"), ("en", "1.250,50")])
def test_a_form_reads_as_its_reader_writes_and_shows_what_was_typed(locale, kept):
    with force_locale(locale):
        form = LimitForm(MultiDict({"limit": "1.250,50"}))

    assert form.limit.data == kept
    assert 'value="1.250,50"' in str(form.limit())


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_what_is_shown_in_french_is_read_as_the_same_number(number):
    kept = format(number, "f")
    with force_locale("fr"):
        assert as_read(as_typed(kept)) == kept


@pytest.mark.parametrize("text", ["", "much", "1,250,000", "1.250.000", "1250", "-7", "1e5", "."])
def test_what_is_no_number_with_decimals_is_shown_as_it_is(text):
    with force_locale("fr"):
        assert as_typed(text) == text


def test_a_form_shows_a_number_that_is_kept_as_its_reader_types_it():
    with force_locale("fr"):
        form = LimitForm(None, data={"limit": "1250.125"})

        assert form.limit.data == "1250.125"
        assert 'value="1250,125"' in str(form.limit())


def test_a_value_that_somebody_else_entered_is_shown_instead():
    form = LimitForm(MultiDict({"limit": "1.250,50"}))

    form.limit.process_data("7.5")

    assert 'value="7.5"' in str(form.limit())
