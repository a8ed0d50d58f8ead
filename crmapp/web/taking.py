"""Files that leave the house with an answer, as the audit trail is told of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, request

from crmapp.db import utcnow
from crmapp.models import User
from crmapp.services import audit
from crmapp.web.access import person, signed_in

PARTS = timedelta(hours=1)
"""Parts of a file that are asked for one by one within this time are one fetch."""


def taken(
    answer: Response,
    what: str,
    *,
    about_id: object = "",
    by: User | None = None,
    since: datetime | None = None,
    **details: Any,
) -> Response:
    """Note who takes the file of an answer away, and return the answer.

    It is the reader unless ``by`` says who. Nothing is noted where nothing leaves: for HEAD, and
    if she has the file already (304); with ``since``, once from then on (:func:`audit.exported`).
    """
    part = answer.status_code == HTTPStatus.PARTIAL_CONTENT
    if request.method == "GET" and (part or answer.status_code == HTTPStatus.OK):
        since = utcnow() - PARTS if part else since
        audit.exported(what, by=by or _reader(), about_id=about_id, since=since, **details)
    return answer


def _reader() -> User | None:
    return person() if signed_in() else None
