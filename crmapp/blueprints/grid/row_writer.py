"""The rows of a grid and its totals, written out cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from crmapp.analytics.arguments import FOCUS
from crmapp.analytics.columns import Column
from crmapp.analytics.engine import Row, Value
from crmapp.blueprints.grid.address import grid_url
from crmapp.blueprints.grid.cells import Cell, Line, css_of
from crmapp.blueprints.grid.charts import through_time, trend
from crmapp.blueprints.grid.numbers import writer

if TYPE_CHECKING:
    from crmapp.blueprints.grid.sheet import Sheet


class RowWriter:
    """Writes the values of a sheet as cells, each number with the address of what is behind it."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._main = sheet.numbers[0].name
        self._periods = through_time(sheet)
        columns = sheet.answer.columns
        self._writers: Mapping[str, Callable[[Value], str]] = {
            column.name: writer(sheet.dataset, column) for column in columns
        }

    def line(self, row: Row) -> Line:
        cells = [self._cell(row, column) for column in self._sheet.columns]
        digest = sha256(row.key.encode()).hexdigest()[:12]
        name = next((cell.text for cell in cells if cell.title), row.key)
        return Line(row.key, f"grid-row-{digest}", name, row.selected, cells)

    def totals(self) -> list[Cell]:
        values = self._sheet.answer.totals
        columns = self._sheet.numbers
        return [self._number(column, values[column.name], values) for column in columns]

    def _cell(self, row: Row, column: Column) -> Cell:
        if column.measure:
            return self._number(column, row.values[column.name], row.values, row.key)
        text = self._writers[column.name](self._property(row, column))
        return Cell(
            text=text,
            css=css_of(text, column.numeric, column.name in self._sheet.aside),
            title=column.name == self._sheet.named,
            varies=column.name in row.varies,
        )

    def _property(self, row: Row, column: Column) -> Value:
        missing = self._sheet.shape.missing
        if row.missing and missing and column.name == self._sheet.named:
            return missing.text(self._sheet.locale)
        return row.values[column.name]

    def _number(
        self,
        column: Column,
        value: Value,
        values: Mapping[str, Value],
        entity: str | None = None,
    ) -> Cell:
        text = self._writers[column.name](value)
        has_facts = column.numeric and value is not None
        return Cell(
            text=text,
            css=css_of(text, column.numeric, aside=False),
            behind=self._behind(column, entity) if has_facts else "",
            main=column.name == self._main,
            trend=self._trend(values) if column.name == self._main else "",
        )

    def _trend(self, values: Mapping[str, Value]) -> str:
        """The line beside a row's first number, if there is anything to draw."""
        drawn = [float(values[name] or 0) for name in self._periods]  # type: ignore[arg-type]  # numbers
        return trend(drawn) if any(drawn) else ""

    def _behind(self, column: Column, entity: str | None) -> str:
        whose = "" if entity is None else f"&key={quote(entity)}"
        return f"{self._behind_any}&of={column.name}{whose}"

    @cached_property
    def _behind_any(self) -> str:
        """The address of transactions but for the number asked about: made once for all cells."""
        kept = ("period", "mode", "against", "across", "top", "measures", "q")
        args = self._sheet.question.to_args().items()
        return grid_url(
            self._sheet.dataset.name,
            self._sheet.shape.name,
            {key: value for key, value in args if key in kept or key.startswith(FOCUS)},
            "grid.transactions",
        )
