"""Numbers as people type them where a comma begins the decimals, for the domain to read."""

from __future__ import annotations

import re
from typing import Any

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale
from wtforms import StringField

_SPACES = re.compile(r"[\s'’]")
_WITH_COMMA = re.compile(r"[-−]?(\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}|\d+,\d+)")


class NumberField(StringField):
    """A number as text; its value is written with a point, whatever the reader writes."""

    _typed = ""

    def process_data(self, value: Any) -> None:
        """Take a value that was not typed."""
        self._typed = ""
        super().process_data(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was sent; what is no number is left for the domain to refuse."""
        self._typed = str(valuelist[0]) if valuelist else ""
        if valuelist and get_decimal_symbol(get_locale() or "en") == ",":
            valuelist = [with_point(self._typed)]
        super().process_formdata(valuelist)

    def _value(self) -> str:
        return self._typed or super()._value()


def with_point(text: str) -> str:
    """Write a number with a point that has a comma before its decimals, or points among thousands.

    ``1.250,50`` is ``1250.50``, ``1,250`` is ``1.250`` and ``1.250.000`` is ``1250000``. What may
    mean something else stays: ``1.250`` is what a form shows, and programs write.
    """
    plain = _SPACES.sub("", text)
    if not _WITH_COMMA.fullmatch(plain):
        return text
    return plain.replace(".", "").replace(",", ".").replace("−", "-")
