"""Numbers as people type them where a comma begins the decimals, and as the domain reads them."""

from __future__ import annotations

import re
from typing import Any

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale
from wtforms import StringField

from crmapp.domain.fields import Field, Kind
from crmapp.domain.thousands import closed_up

FIGURES = frozenset({Kind.NUMBER, Kind.MONEY})
"""Kinds of fields that are typed as their reader writes numbers."""
_WITH_POINT = re.compile(r"-?\d+\.\d+")
_WITH_COMMA = re.compile(r"[-−]?(\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}|\d+,\d+)")


class NumberField(StringField):
    """A number as text: its value has a point, and it is shown as the reader types it."""

    _typed = ""

    def process_data(self, value: Any) -> None:
        """Take a value that was not typed."""
        self._typed = ""
        super().process_data(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was sent; what is no number is left for the domain to refuse."""
        self._typed = str(valuelist[0]) if valuelist else ""
        super().process_formdata([as_read(self._typed)] if valuelist else [])

    def _value(self) -> str:
        return self._typed or as_typed(super()._value())


def as_read(text: str) -> str:
    """Return a number that the reader has typed as the domain reads it."""
    return with_point(text) if _begins_decimals(",") else text


def as_typed(text: str) -> str:
    """Return a number that the domain has written as the reader types it.

    :func:`as_read` gives it back. What is no such number stays.
    """
    if _begins_decimals(",") and _WITH_POINT.fullmatch(text):
        return text.replace(".", ",")
    return text


def read_for(spec: Field | None, text: str) -> str:
    """Return what was typed for a field as the domain reads it: only of a number is it changed."""
    return as_read(text) if spec and spec.kind in FIGURES else text


def typed_for(spec: Field | None, text: str) -> str:
    """Return what the domain has written for a field as the reader types it."""
    return as_typed(text) if spec and spec.kind in FIGURES else text


def _begins_decimals(sign: str) -> bool:
    return bool(get_decimal_symbol(get_locale() or "en") == sign)


def with_point(text: str) -> str:
    """Write a number with a point that has a comma before its decimals, or points among thousands.

    ``1.250,50`` is ``1250.50``, ``1,250`` is ``1.250`` and ``1.250.000`` is ``1250000``. What may
    mean something else stays: ``1.250`` is what programs write.
    """
    plain = closed_up(text)
    if not _WITH_COMMA.fullmatch(plain):
        return text
    return plain.replace(".", "").replace(",", ".").replace("−", "-")
