"""A small chart of columns: where each stands in the drawing, for the template to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from crmapp.analytics.engine import Value

WIDTH, HEIGHT = 36, 96
"""What one column has of the drawing, and how high the drawing is; its words stand below."""
_GAP = 5


@dataclass(frozen=True)
class Bar:
    """A column of the chart: its place, its words, and whether its value is below zero."""

    label: str
    text: str
    x: int
    y: float
    width: int
    height: float
    below: bool

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


def bars(values: Sequence[tuple[str, Value, str]]) -> list[Bar]:
    """Lay out columns for (label, value, value as text), with one line for zero."""
    amounts = [float(value) if isinstance(value, int | float | Decimal) else 0.0
               for _label, value, _text in values]  # fmt: skip
    top, bottom = max([0.0, *amounts]), min([0.0, *amounts])
    scale = HEIGHT / (top - bottom or 1)
    return [
        Bar(
            label,
            written,
            place * WIDTH + _GAP,
            round((top - max(amount, 0)) * scale, 1),
            WIDTH - 2 * _GAP,
            round(abs(amount) * scale, 1),
            amount < 0,
        )
        for place, ((label, _value, written), amount) in enumerate(
            zip(values, amounts, strict=True)
        )
    ]
