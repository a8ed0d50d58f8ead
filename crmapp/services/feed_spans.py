"""Which source a row of a feed's plan is of, and what the run keeps of that source."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from crmapp.models import Run


def sources(run: Run) -> Sequence[Mapping[str, Any]]:
    """Return what a run keeps of each source that it reads, left to right."""
    found: Sequence[Mapping[str, Any]] = run.source.get("sources", ())
    return found


def of(run: Run, row_no: int) -> Mapping[str, Any]:
    """Return what a run keeps of the source of a row; nothing of a run that reads none."""
    firsts = [first for first, _last in run.mapping.get("spans", ())]
    place = bisect_right(firsts, row_no) - 1  # a source without rows begins where the next one does
    kept = sources(run)
    return kept[place] if 0 <= place < len(kept) else {}


def name_of(run: Run, row_no: int) -> str:
    """Return the name of the source of a row, where the run reads several."""
    name: str = of(run, row_no).get("name", "")
    return name if len(sources(run)) > 1 else ""
