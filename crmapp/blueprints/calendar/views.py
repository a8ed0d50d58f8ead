"""Send a person's calendar to whoever knows its address."""

from __future__ import annotations

from hashlib import sha256

from flask import Response, request
from flask.typing import ResponseReturnValue

from crmapp.blueprints.calendar import bp
from crmapp.db import utcnow
from crmapp.errors import NotFound
from crmapp.services import calendars
from crmapp.web.access import public
from crmapp.web.extensions import GUESS_LIMIT, limiter
from crmapp.web.taking import taken

READING_LIMIT = "30 per minute; 300 per hour"


@bp.get("/<word>.ics")
@public
@limiter.limit(READING_LIMIT, key_func=lambda: sha256(request.path.encode()).hexdigest())
def show(word: str) -> ResponseReturnValue:
    """Send the calendar; a wrong address is refused as a wrong password is, and without a hint.

    Programs ask for it every few minutes: that they do is noted once a day for each network
    address, when one has the calendar sent for the first time that day (in UTC).
    """
    reader = calendars.reader_of(word)
    if reader is None:
        _count_guess()
        raise NotFound
    response = Response(calendars.written(reader), content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    today = utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    return taken(response, "calendar", about_id=reader.id, by=reader, since=today)


@limiter.limit(GUESS_LIMIT)
def _count_guess() -> None:
    """Refuse whoever has tried too many addresses."""
