"""A question's answer over HTTP: the grid's page, or its part."""

from __future__ import annotations

from typing import Any

from flask import Response

from crmapp.analytics.query import Question
from crmapp.blueprints.grid.address import address
from crmapp.blueprints.grid.sheet import sheet_of
from crmapp.blueprints.grid.shelf import shelf_of
from crmapp.errors import CRMError, DatasetError
from crmapp.web.htmx import page, put_address
from crmapp.web.kept import Kept
from crmapp.web.texts import translated

MOST = 64
"""So many answers are kept by a process as they were written: with them their values, which make
half a megabyte at most."""
_kept = Kept(MOST)


def context(question: Question) -> dict[str, Any]:
    """What the grid's templates need."""
    sheet, shelf = sheet_of(question), shelf_of(question)
    return {"sheet": sheet, "shelf": shelf, "answer_part": _kept.part}


def shown(question: Question, tidied: bool = False, status: int = 200) -> Response:
    """Answer with the grid; ``tidied``: the browser asked by another address than ours."""
    response = page("grid/show.html", "grid/_sheet.html", status, **context(question))
    return put_address(response, address(question), push=True) if tidied else response


def refused(error: CRMError, afresh: str) -> Response:
    """Say what is wrong with the address, each argument a sentence, and where to start afresh."""
    problems = [translated(text) for text in getattr(error, "fields", {}).values()]
    return page(
        "grid/refused.html",
        status=error.status,
        problems=problems or [translated(error.message)],
        unready=isinstance(error, DatasetError),
        afresh=afresh,
    )
