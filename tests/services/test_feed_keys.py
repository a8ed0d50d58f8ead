"""Which keys of the ledger a feed has read, and which it has not."""

from __future__ import annotations

import pytest

from crmapp import artefacts
from crmapp.config import settings
from crmapp.db import session, unit_of_work
from crmapp.domain.plan import Planned, PlanRow
from crmapp.models import ExternalIdentity
from crmapp.services import feed_keys, planning
from crmapp.services.feed_join import Span
from crmapp.services.feed_keys import ReadKeys
from tests.factories import Make

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


@pytest.mark.parametrize("together", [1, 2, 20])
def test_the_accounts_of_keys_that_were_not_read_are_found_over_all_pages_of_the_ledger(
    parts: list[str], make: Make, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(planning, "PART", 2)
    monkeypatch.setattr(feed_keys, "_TOGETHER", together)
    ours = {key: _known(make, OURS, key) for key in ("a", "b", 'd"', "é", "x")}
    theirs = _known(make, THEIRS, "b")
    with artefacts.read(parts) as file:
        read = ReadKeys(file, SPANS)

        assert sorted(read.missed(OURS)) == sorted(ours[key] for key in ('d"', "é", "x"))
        assert list(read.missed(THEIRS)) == [theirs]


def _known(make: Make, identity: tuple[str, str], key: str) -> int:
    """Make an account that is a customer of a source; return its id."""
    account, (system, object_) = make.account(), identity
    known = {"system": system, "object": object_, "external_id": key}
    with unit_of_work():
        session.add(ExternalIdentity(**known, account_id=account.id))
    return account.id


def test_the_parts_are_read_only_once_however_often_it_is_asked(parts: list[str]) -> None:
    with artefacts.read(parts) as file:
        read = ReadKeys(file, SPANS)
        for name in parts:
            (settings().artefacts_dir / name).unlink()

        assert read.lack(OURS, ["c", "d"]) == {"d"}
