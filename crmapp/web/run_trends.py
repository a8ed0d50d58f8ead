"""How the last runs of a job went: small bars, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from crmapp.domain.runs import STATUS_LABELS, Status
from crmapp.services.run_list import LAST, Past
from crmapp.web.templating import number
from crmapp.web.texts import translated

STEP, HIGH, LOW = 5, 20, 3
"""How wide a bar is with its gap, and how high the highest and the lowest are."""
FEWEST = 2
_COLOURS = {
    Status.DONE: "ok",
    Status.DONE_WITH_ERRORS: "warn",
    Status.FAILED: "bad",
    Status.CANCELLED: "off",
    Status.UNDONE: "off",
}


@dataclass(frozen=True)
class Bar:
    """One run: where its bar stands, how high it is, its colour, and whether it failed."""

    x: int
    y: int
    height: int
    css: str
    failed: bool


@dataclass(frozen=True)
class Trend:
    """The last runs of a job, the oldest first, and what they say in a sentence."""

    bars: tuple[Bar, ...]
    text: str
    width: int = LAST * STEP
    height: int = HIGH


def trend(pasts: Sequence[Past]) -> Trend | None:
    """Draw the rows of each run, the newest on the right; None of fewer than two runs."""
    if len(pasts) < FEWEST:
        return None
    most = max(past.rows for past in pasts) or 1
    first = LAST - len(pasts)
    bars = (_bar(past, first + place, most) for place, past in enumerate(pasts))
    return Trend(tuple(bars), _said(pasts))


def _bar(past: Past, place: int, most: int) -> Bar:
    height = LOW + round((HIGH - LOW) * past.rows / most)
    failed = past.status is Status.FAILED
    css = _COLOURS.get(past.status, "now")
    return Bar(place * STEP, HIGH - height, height, css, failed)


def _said(pasts: Sequence[Past]) -> str:
    """Say how many ended how, and how many rows the newest had."""
    counted = Counter(past.status for past in pasts)
    ended = ", ".join(
        f"{translated(STATUS_LABELS[status])}: {number(count)}"
        for status, count in counted.most_common()
    )
    rows = pasts[-1].rows
    return _(
        "The last %(count)s runs of this job. %(ended)s. %(newest)s",
        count=number(len(pasts)),
        ended=ended,
        newest=ngettext(
            "The newest has %(rows)s row.", "The newest has %(rows)s rows.", rows, rows=number(rows)
        ),
    )
