"""Values of the grid as the reader writes them: fast, because a page has thousands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol
from flask_babel import format_date, get_locale

from crmapp.analytics.columns import Column
from crmapp.analytics.dataset import Dataset
from crmapp.analytics.engine import Value

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"


def writer(dataset: Dataset, column: Column) -> Callable[[Value], str]:
    """Return the function that writes the values of ``column`` in the reader's language.

    Sums of money are written in whole units, so that twelve months fit a screen; averages and
    prices with two decimals, shares as percentages with one.
    """
    written = _numbers(get_locale() or Locale("en"), *_shape(dataset, column))

    def write(value: Value) -> str:
        if value is None or value == "":
            return NOTHING
        if isinstance(value, date):
            return str(format_date(value))
        if isinstance(value, str) or column.kind == "text":  # a code may be kept as a number
            return str(value)
        return written(value)

    return write


def is_summed(dataset: Dataset, column: Column) -> bool:
    """Whether a column's values add up, as against averages, shares and properties."""
    measure = dataset.measures.get(column.measure)
    return measure is not None and measure.formula.additive


def _shape(dataset: Dataset, column: Column) -> tuple[int, bool, bool]:
    """How many decimals, whether only those that say something, whether a percentage."""
    if column.kind == "percent":
        return 1, False, True
    if column.kind == "money":
        return (0 if is_summed(dataset, column) else 2), False, False
    return 2, True, False


def _numbers(
    locale: Locale, digits: int, short: bool, share: bool
) -> Callable[[int | float | Decimal], str]:
    # Babel's own formatting reads its pattern for each value: 15 times slower. A test compares.
    symbols = str.maketrans(
        {",": get_group_symbol(locale), ".": get_decimal_symbol(locale), "-": MINUS}
    )
    pattern = locale.percent_formats[None].pattern if share else ""
    suffix = pattern[pattern.rindex("0") + 1 :] if share else ""

    def write(value: int | float | Decimal) -> str:
        text = f"{value * 100 if share else value:,.{digits}f}"
        if short:
            text = text.rstrip("0").removesuffix(".")
        if text[0] == "-" and not text.strip("-0.,"):
            text = text[1:]  # what rounds to nothing is not negative
        return text.translate(symbols) + suffix

    return write
