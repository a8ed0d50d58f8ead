"""Who is gone from a source that has shrunk is listed beside the plan that waits."""

from __future__ import annotations

import pytest

from crmapp import artefacts
from crmapp.config import Settings
from crmapp.models import Run
from crmapp.services import accounts, feed_missing, planning
from tests.factories import Make
from tests.support.feeds import Erp, customer, feed, living, mapping, source


@pytest.fixture
def erp() -> Erp:
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make: Make, erp: Erp) -> int:
    made = mapping(make, source(make, erp))
    feed(make, made)
    return made


def listed(make: Make, run: Run | None, page: int = 1) -> tuple[list[str], int]:
    assert run is not None
    found = feed_missing.listed(run, page, by=make.alice)
    return [row.key for row in found.rows], found.count


def test_a_source_that_shrank_names_who_is_gone(make: Make, rule: int, erp: Erp) -> None:
    del erp.rows[4:]

    run = feed(make, rule)

    assert run is not None
    rows = feed_missing.listed(run, 1, by=make.alice).rows
    gone = {row.name: (row.account, row.key, row.source) for row in rows}
    ids = {account.name: account.id for account in living()}
    assert gone == {
        name: (ids[name], key, "Our ERP")
        for name, key in [("Customer 5", "K5"), ("Customer 6", "K6"), ("Customer 7", "K7")]
    }


@pytest.mark.database
def test_a_long_list_is_read_in_parts_and_shown_page_by_page(
    make: Make, rule: int, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PART", 2)
    monkeypatch.setattr(feed_missing, "PAGE", 2)
    erp.rows = erp.rows[:2]

    run = feed(make, rule)

    assert [listed(make, run, page) for page in (1, 2, 3, 9)] == [
        (["K3", "K4"], 5),
        (["K5", "K6"], 5),
        (["K7"], 5),
        (["K7"], 5),
    ]


def test_accounts_that_rest_or_are_deleted_are_not_among_them(
    make: Make, rule: int, erp: Erp
) -> None:
    first, second = living()[:2]
    accounts.update(first.id, {"active": ""}, first.version, by=make.alice)
    accounts.delete(second.id, by=make.alice)
    erp.rows = erp.rows[3:]

    assert listed(make, feed(make, rule)) == (["K3"], 1)


def test_only_the_sources_that_shrank_are_asked(make: Make, erp: Erp) -> None:
    other = Erp([customer(n) | {"id": f"S{n}"} for n in range(11, 21)])
    rule = mapping(make, source(make, erp), source(make, other, "Shop"))
    feed(make, rule)
    del erp.rows[2:]
    del other.rows[-1]

    assert listed(make, feed(make, rule)) == (["K3", "K4", "K5", "K6", "K7"], 5)


def test_a_plan_that_nothing_guards_lists_nobody(make: Make, rule: int, erp: Erp) -> None:
    erp.rows = [*erp.rows[1:], customer(20)]

    assert listed(make, feed(make, rule)) == ([], 0)


def test_when_the_list_is_lost_the_plan_is_still_there(
    make: Make, rule: int, erp: Erp, settings: Settings
) -> None:
    del erp.rows[4:]
    run = feed(make, rule)
    for file in settings.artefacts_dir.rglob("missing-*"):
        file.unlink()

    assert listed(make, run) == ([], 0)
    assert run is not None
    assert not artefacts.lost([part["name"] for part in run.artefacts])
