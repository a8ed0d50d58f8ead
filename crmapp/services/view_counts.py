"""How many accounts each view holds for its reader, counted apart from the list."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

import structlog
from sqlalchemy.exc import DBAPIError

from crmapp.db import session
from crmapp.errors import Invalid
from crmapp.models import User
from crmapp.services import view_questions
from crmapp.services.saved_views import Listed

PATIENCE = 2.0
"""So many seconds go by at most before views are left uncounted."""
log = structlog.get_logger(__name__)


class Count(NamedTuple):
    """``number`` accounts, or with ``many`` more than that; None: they could not be counted."""

    view_id: int
    number: int | None
    many: bool = False


def counts(views: Iterable[Listed], *, by: User) -> list[Count]:
    """Count the accounts of each view that ``by`` may see; one that fails leaves the others."""
    until, found = time.monotonic() + PATIENCE, list[Count]()
    for view in views:
        if time.monotonic() > until:
            break
        try:
            number, many = view_questions.count(view.args, by=by)
        except Invalid:
            found.append(Count(view.id, None))
        except DBAPIError as error:
            session.rollback()
            log.warning("view not counted", view=view.id, error=repr(error))
            found.append(Count(view.id, None))
        else:
            found.append(Count(view.id, number, many))
    return found
