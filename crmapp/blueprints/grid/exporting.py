"""What the grid shows as a file: every row that matches, in its order, and the total."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response
from flask_babel import gettext as _

from crmapp.analytics.engine import Value
from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import asked
from crmapp.blueprints.grid.sheet import Sheet
from crmapp.domain.permissions import Right
from crmapp.services import grids
from crmapp.web.access import current_user, requires
from crmapp.web.sheets import Heading, csv_response, xlsx_response


@bp.get("/<dataset>/<dimension>.csv")
@requires(Right.GRID_VIEW)
def csv(dataset: str, dimension: str) -> Response:
    """Send the grid as CSV: numbers as they are, without rounding."""
    sheet = _whole(dataset, dimension)
    rows = [*_rows(sheet), _total(sheet)]
    return csv_response(f"{dataset}-{dimension}.csv", [h.text for h in _headings(sheet)], rows)


@bp.get("/<dataset>/<dimension>.xlsx")
@requires(Right.GRID_VIEW)
def xlsx(dataset: str, dimension: str) -> Response:
    """Send the grid as a workbook: numbers as numbers, with the format of their kind."""
    sheet = _whole(dataset, dimension)
    title = sheet.shape.label.text(sheet.locale)
    return xlsx_response(
        f"{dataset}-{dimension}.xlsx", title, _headings(sheet), _rows(sheet), _total(sheet)
    )


def _whole(dataset: str, dimension: str) -> Sheet:
    answer = grids.whole(asked(dataset, dimension), by=current_user)
    return Sheet(grids.dataset(dataset, by=current_user), answer, [])


def _headings(sheet: Sheet) -> list[Heading]:
    return [Heading(sheet.heading(head), head.column.kind) for head in sheet.heads]


def _rows(sheet: Sheet) -> Iterator[list[Value]]:
    for row in sheet.answer.rows:
        yield [sheet.value(row, column) for column in sheet.columns]


def _total(sheet: Sheet) -> list[Value]:
    """The last line: its name in the first column, the totals below their measures."""
    first, *others = sheet.columns
    return [_("Total"), *(sheet.answer.totals.get(column.name) for column in others)]
