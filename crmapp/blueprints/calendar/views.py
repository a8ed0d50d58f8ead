"""Send a person's calendar to whoever knows its address."""

from __future__ import annotations

from hashlib import sha256

from flask import Response, request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.calendar import bp
from crmapp.errors import NotFound
from crmapp.services import calendars
from crmapp.web.access import public
from crmapp.web.extensions import GUESS_LIMIT, limiter

READING_LIMIT = "30 per minute; 300 per hour"


@bp.get("/<word>.ics")
@public
@limiter.limit(READING_LIMIT, key_func=lambda: sha256(request.path.encode()).hexdigest())
def show(word: str) -> ResponseReturnValue:
    """Send the calendar; a wrong address is refused as a wrong password is, and without a hint."""
    reader = calendars.reader_of(word)
    if reader is None:
        _count_guess()
        raise NotFound
    response = Response(calendars.written(reader), content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@limiter.limit(GUESS_LIMIT)
def _count_guess() -> None:
    """Refuse whoever has tried too many addresses."""
