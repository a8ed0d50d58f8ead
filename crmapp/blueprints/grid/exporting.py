"""What the grid shows as a file: every row that matches, in its order, and the total.

A file of up to ``grids.WHOLE`` rows is sent at once; a larger one is written by a run.
"""

from __future__ import annotations

from flask import Response, request, url_for
from flask_babel import gettext as _

from crmapp.blueprints.grid import bp
from crmapp.blueprints.grid.address import address, asked
from crmapp.blueprints.grid.sheet import Sheet, sheet_of
from crmapp.domain.permissions import Right
from crmapp.services import exports, grids
from crmapp.services.exports import Layout
from crmapp.services.sheet_files import Heading
from crmapp.web.access import current_user, requires
from crmapp.web.htmx import page, see_other
from crmapp.web.sheets import csv_response, xlsx_response


@bp.get("/<dataset>/<dimension>.csv")
@requires(Right.GRID_VIEW)
def csv(dataset: str, dimension: str) -> Response:
    """Send the grid as CSV: plain numbers, money in cents."""
    sheet = _whole(dataset, dimension)
    if sheet is None:
        return _rather_a_run(dataset, dimension)
    layout, answer = _layout(sheet), sheet.answer
    headings = [each.text for each in layout.headings]
    return csv_response(f"{layout.name}.csv", headings, layout.lines(answer.rows, answer.totals))


@bp.get("/<dataset>/<dimension>.xlsx")
@requires(Right.GRID_VIEW)
def xlsx(dataset: str, dimension: str) -> Response:
    """Send the grid as a workbook: numbers as numbers, with the format of their kind."""
    sheet = _whole(dataset, dimension)
    if sheet is None:
        return _rather_a_run(dataset, dimension)
    layout, answer = _layout(sheet), sheet.answer
    lines = layout.lines(answer.rows, answer.totals)
    return xlsx_response(f"{layout.name}.xlsx", layout.title, layout.headings, lines, True)


@bp.get("/<dataset>/<dimension>/exports/new")
@requires(Right.GRID_VIEW)
def new_export(dataset: str, dimension: str) -> Response:
    """Offer to have the grid written to a file in the background."""
    return page("grid/new_export.html", sheet=sheet_of(asked(dataset, dimension)))


@bp.post("/<dataset>/<dimension>/exports")
@requires(Right.GRID_VIEW)
def export(dataset: str, dimension: str) -> Response:
    """Have the grid written to a file, however many rows it has, and show how far that is."""
    question = asked(dataset, dimension)
    sheet = Sheet(grids.answer(question, by=current_user))
    run_id = exports.start(
        sheet.answer,
        _layout(sheet),
        request.form.get("kind", ""),
        title=f"{sheet.dataset.label.text(sheet.locale)} · {sheet.shape.label.text(sheet.locale)}",
        key=request.form.get("idempotency_key"),
        by=current_user,
    )
    return see_other(url_for("runs.show", run_id=run_id))


def _whole(dataset: str, dimension: str) -> Sheet | None:
    """The grid with all its rows; None if they are too many to be sent at once."""
    answer = grids.whole(asked(dataset, dimension), by=current_user)
    return None if answer is None else Sheet(answer)


def _rather_a_run(dataset: str, dimension: str) -> Response:
    question = asked(dataset, dimension)
    return see_other(address(question.change(page=1), "grid.new_export"))


def _layout(sheet: Sheet) -> Layout:
    """The columns of the grid as they stand on its page, in the reader's language."""
    return Layout(
        name=f"{sheet.question.dataset}-{sheet.question.dimension}",
        title=sheet.shape.label.text(sheet.locale),
        columns=tuple(
            (head.column.name, Heading(sheet.heading(head), head.column.kind))
            for head in sheet.heads
        ),
        named=sheet.named,
        missing=sheet.shape.missing.text(sheet.locale) if sheet.shape.missing else "",
        total=_("Total"),
    )
