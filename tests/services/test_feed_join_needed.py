"""Rows that share nothing are not joined: their parts say already what the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmapp import artefacts
from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow
from crmapp.services import feed_join
from crmapp.services.feed_join import LED_BY, Span

SPANS = [Span(1, 2, ("source:1", "customer")), Span(3, 6, ("source:2", "customer"))]
pytestmark = pytest.mark.usefixtures("app")


def apart() -> list[PlanRow]:
    """Rows of two sources: known ones, new ones, and some without anything to join them by."""
    return [
        PlanRow(1, Planned.UNCHANGED, record_id=7, key="a", match="/1", link=True, also=[["x"]]),
        PlanRow(2, Planned.CREATE, key="b", match="/2", fields={"name": [None, "B"]}),
        PlanRow(3, Planned.CREATE, key="a", match="/3", params={"count": 1}),
        PlanRow(4, Planned.UPDATE, record_id=8, key="c", match="/4", fields={"number": ["", "4"]}),
        PlanRow(5, Planned.REJECTED, reason=Reason.BAD_VALUE),
        PlanRow(6, Planned.REJECTED, reason=Reason.BAD_VALUE),
    ]


def parts(rows: Sequence[PlanRow]) -> list[str]:
    return [artefacts.write(1, f"part-1-{n}", rows[n : n + 3]).name for n in (0, 3)]


def test_the_join_leaves_rows_that_share_nothing_as_they_are() -> None:
    with artefacts.read(parts(apart())) as file:
        assert not feed_join.is_needed(file, SPANS)
        joined = file.ask(f"{feed_join.select(SPANS)} ORDER BY row_no")
        assert joined == file.ask("SELECT * FROM plan ORDER BY row_no")


@pytest.mark.parametrize(
    "more",
    [
        {"key": "c"},
        {"match": "/1"},
        {"action": Planned.UPDATE, "record_id": 7},
        {"params": {LED_BY: [0, "a"]}},
    ],
    ids=["a key", "a number", "an account", "a leader"],
)
def test_rows_are_joined_that_share_something(more: dict[str, Any]) -> None:
    rows = [row._replace(**more) if row.row_no == 3 else row for row in apart()]

    with artefacts.read(parts(rows)) as file:
        assert feed_join.is_needed(file, SPANS)
