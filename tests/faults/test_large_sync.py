"""A sync of 5,000 accounts, by a job where they are many, meets a fault at each of its phases."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmapp.connectors.sandbox.faults import Kind
from crmapp.domain.runs import ENDED
from crmapp.models import Run, User
from crmapp.services import account_sync
from tests.faults import customers
from tests.faults.battery import ALL
from tests.faults.customers import Book
from tests.faults.pair import Pair, served, stand, wake
from tests.faults.test_account_faults import begin, begin_again, enable, misreported, rows
from tests.support.sandbox_pair import connect_both

BOOK = Book(5000)
PHASES = [
    ("intacct", "query CUSTOMER", 1),  # what changed: a page in the middle
    ("salesforce", "GET */query*", 1),
    ("intacct", "query CUSTOMER", 6),  # the accounts' records
    ("salesforce", "POST */composite", 1),
    ("salesforce", "POST */composite/sobjects/Account", 0),
    ("intacct", "update CUSTOMER", 3),
    ("intacct", "create CUSTOMER", 2),
    ("salesforce", "POST */jobs/ingest", 0),
    ("salesforce", "PUT */jobs/ingest/*/batches", 0),
    ("salesforce", "PATCH */jobs/ingest/*", 0),
    ("salesforce", "GET */jobs/ingest/*", 0),
    ("salesforce", "GET */successfulResults/", 0),
    ("salesforce", "PATCH */composite/sobjects/Account/*", 3),
]
IN_JOB = ("BULK */jobs/*", 1)
KINDS = [
    Kind.CUT_AFTER, Kind.SERVER_ERROR, Kind.HALF, Kind.UNAUTHORIZED, Kind.TWICE, Kind.CUT,
    Kind.THROTTLED, Kind.UNAVAILABLE,
]  # fmt: skip
"""Each turn has each phase meet the next of them."""


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Path:
    """The files of both pretend systems with 5,000 accounts."""
    folder = tmp_path_factory.mktemp("many")
    customers.furnish_intacct(folder / "intacct", BOOK)
    customers.furnish_salesforce(folder / "salesforce", BOOK)
    return folder


def let_it_rain(pair: Pair, turn: int) -> None:
    """Set one fault for each phase."""
    for place, (system, pattern, after) in enumerate(PHASES):
        kind = KINDS[(place + turn) % len(KINDS)]
        pair.systems[system].fault(kind, pattern=pattern, after=after, seconds=60.0)
    pattern, after = IN_JOB
    kind = (Kind.LOCK_ROW, Kind.SERVER_ERROR)[turn % 2]
    pair.systems["salesforce"].fault(kind, pattern=pattern, after=after)


def unmet(pair: Pair) -> list[str]:
    """Return the phases that met nothing."""
    faults = [each for system in pair.systems.values() for each in system.app.faults.listed()]
    return [each.pattern for each in faults if not each.fired]


def follow(run: Run, by: User) -> list[Run]:
    """Work on a run, and on those after it, as people and time do, until one ends well."""
    followed = [run]
    while followed[-1].status != "done":
        last = followed[-1]
        if last.status == "planned":  # it would write more than one may without being asked
            account_sync.begin(last.id, last.plan_hash or "", by=by)
            followed.append(stand(last.id))
        elif last.status in ENDED:
            followed.append(begin_again(by))
        else:
            followed.append(wake(last.id))
        assert len(followed) < 40, [each.error for each in followed]
    return followed


@pytest.mark.parametrize("turn", range(0, len(KINDS), 2) if ALL else [0])
def test_a_sync_of_5000_accounts_loses_and_doubles_nothing(
    turn, make, many, tmp_path, record_property, monkeypatch
):
    monkeypatch.setattr("crmapp.connectors.door._pause_before", lambda _state: 0.0)
    with served(many, tmp_path / "pair") as pair:
        urls = (pair.systems["salesforce"].url, pair.systems["intacct"].url)
        connect_both(*urls, by=make.alice, by_rest=False)
        enable(make.alice)
        customers.furnish_here(BOOK)
        customers.link_some(pair.salesforce, BOOK)
        before = rows(pair)
        let_it_rain(pair, turn)

        followed = follow(begin(), make.alice)

        assert unmet(pair) == []
        assert [misreported(each) for each in followed] == [[]] * len(followed)
        assert customers.breaks(before, rows(pair), BOOK) == []
        assert customers.states() == {("synced", False): BOOK.size}
        turns = len({each.id for each in followed})
    seen = f"done, in {len(followed)} spells of {turns} runs"
    faults = f"one of {len(KINDS)} kinds at each of {len(PHASES) + 1} phases, turn {turn + 1}"
    record_property(
        "combination", f"All three | every phase | {faults} | one request each | {seen}"
    )
