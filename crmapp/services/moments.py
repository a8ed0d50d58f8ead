"""Places in a list that is ordered by a moment and an id, as addresses hold them."""

from __future__ import annotations

from datetime import datetime

from crmapp.errors import Invalid
from crmapp.i18n import N_

Place = tuple[datetime, int]


def written(at: datetime, id_: int) -> str:
    """Return the place of a row, to go on from in the next request."""
    return f"{at.isoformat()}~{id_}"


def read(name: str, text: str) -> Place:
    """Return the place that the argument ``name`` means.

    Raises:
        Invalid: it means none.
    """
    moment, _, number = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not number.isdecimal() or len(number) > 10:
        raise Invalid({name: N_("This address is not complete. Start again from the top.")})
    return at, int(number)
