"""Values of the grid as the reader writes them: fast, because a page has thousands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.numbers import NumberPattern, parse_pattern
from flask_babel import format_date, get_locale

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Value

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"
WHOLE, SOME, CENTS, SHARE = (
    parse_pattern(p) for p in ("#,##0", "#,##0.##", "#,##0.00", "#,##0.0%")
)


def writer(dataset: Dataset, column: Column) -> Callable[[Value], str]:
    """Return the function that writes the values of ``column`` in the reader's language.

    Sums of money are written in whole units, so that twelve months fit a screen; averages and
    prices with two decimals.
    """
    locale = get_locale() or Locale("en")
    pattern = _pattern(dataset, column)

    def write(value: Value) -> str:
        if value is None or value == "":
            return NOTHING
        if isinstance(value, date):
            return format_date(value)
        if isinstance(value, str):
            return value
        return _number(value, pattern, locale)

    return write


def _number(value: float | Decimal, pattern: NumberPattern, locale: Locale) -> str:
    text = pattern.apply(value, locale)
    if value >= 0:
        return text
    digits = text.lstrip("-" + MINUS)
    return MINUS + digits if any(digit in "123456789" for digit in digits) else digits


def _pattern(dataset: Dataset, column: Column) -> NumberPattern:
    if column.kind == "percent":
        return SHARE
    if column.kind != "money":
        return SOME
    return WHOLE if is_summed(dataset, column) else CENTS


def is_summed(dataset: Dataset, column: Column) -> bool:
    """Whether a column's values add up, as against averages, shares and properties."""
    measure = dataset.measures.get(column.measure)
    return measure is not None and measure.formula.additive
