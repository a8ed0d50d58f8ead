"""Which keys of the ledger a feed has read, and which it has not."""

from __future__ import annotations

import pytest

from crmapp import artefacts
from crmapp.config import settings
from crmapp.domain.plan import Planned, PlanRow
from crmapp.services.feed_join import Span
from crmapp.services.feed_keys import ReadKeys

OURS, THEIRS = ("source:1", "customer"), ("source:2", "customer")
SPANS = [Span(1, 3, OURS), Span(4, 5, THEIRS)]
pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def parts() -> list[str]:
    rows = [PlanRow(n, Planned.UNCHANGED, key=key) for n, key in enumerate("abcxa", 1)]
    return [artefacts.write(1, f"part-1-{n}", rows[n : n + 2]).name for n in (0, 2, 4)]


def test_each_source_lacks_the_keys_that_it_does_not_have_itself(parts: list[str]) -> None:
    with artefacts.read(parts) as file:
        read = ReadKeys(file, SPANS)

        assert read.lack(OURS, ["a", "c", "x", "y"]) == {"x", "y"}
        assert read.lack(THEIRS, ["a", "c", "x", "y"]) == {"c", "y"}
        assert read.lack(OURS, []) == set()


def test_the_parts_are_read_only_once_however_often_it_is_asked(parts: list[str]) -> None:
    with artefacts.read(parts) as file:
        read = ReadKeys(file, SPANS)
        for name in parts:
            (settings().artefacts_dir / name).unlink()

        assert read.lack(OURS, ["c", "d"]) == {"d"}
