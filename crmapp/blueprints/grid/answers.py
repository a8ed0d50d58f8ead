"""A question's answer over HTTP: the grid's page, or its part."""

from __future__ import annotations

from flask import Response

from crmapp.analytics.query import Question
from crmapp.blueprints.grid.address import address
from crmapp.blueprints.grid.sheet import sheet_of
from crmapp.web.htmx import page, put_address


def shown(question: Question, tidied: bool = False, status: int = 200) -> Response:
    """Answer with the grid; ``tidied``: the browser asked by another address than ours."""
    response = page("grid/show.html", "grid/_sheet.html", status, sheet=sheet_of(question))
    return put_address(response, address(question), push=True) if tidied else response
