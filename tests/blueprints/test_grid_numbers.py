"""Numbers are written as Babel writes them, only faster."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from flask_babel import force_locale
from hypothesis import example, given
from hypothesis import strategies as st

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Label, load
from crmapp.blueprints.grid.numbers import writer
from crmapp.config import ROOT

SALES = load(ROOT / "datasets" / "sales.yml")
NO_LABEL = Label("", "")
WHOLE = Column("value.total", NO_LABEL, "money", measure="value", period_key="total")
CENTS = Column("average_price.total", NO_LABEL, "money", measure="average_price")
NUMBER = Column("quantity.total", NO_LABEL, "number", measure="quantity")
SHARE = Column("value.percent", NO_LABEL, "percent", measure="value", period_key="percent")
PATTERNS = {"#,##0": WHOLE, "#,##0.00": CENTS, "#,##0.##": NUMBER}


@pytest.mark.parametrize("locale", ["en", "fr"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_number_is_written_as_babel_writes_it(application, locale, pattern):
    with application.test_request_context(), force_locale(locale):
        write = writer(SALES, PATTERNS[pattern])

    @example(Decimal("-0.001"))
    @example(Decimal("-1234567.895"))
    @example(Decimal(0))
    @example(Decimal(1000))
    @given(st.decimals(-(10**12), 10**12, places=3))
    def the_same(value):
        theirs = format_decimal(value, pattern, locale=locale).replace("-", "\N{MINUS SIGN}")
        nothing = not theirs.strip("\N{MINUS SIGN}0.,")
        assert write(value) == (theirs.lstrip("\N{MINUS SIGN}") if nothing else theirs)

    the_same()


@pytest.mark.parametrize("locale, text", [("en", "−26.2%"), ("fr", "−26,2\u00a0%")])
def test_a_share_is_a_percentage_in_the_readers_way(application, locale, text):
    with application.test_request_context(), force_locale(locale):
        write = writer(SALES, SHARE)

    assert write(Decimal("-0.2617")) == text


def test_nothing_is_a_dash(application):
    with application.test_request_context():
        assert writer(SALES, WHOLE)(None) == "–"


def test_a_code_that_is_kept_as_a_number_is_written_as_it_is(application):
    with application.test_request_context():
        assert writer(SALES, Column("code", NO_LABEL, "text"))(10412) == "10412"
