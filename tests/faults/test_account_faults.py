"""Every fault at every phase of a sync of accounts: nothing is lost, doubled or hushed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.field_rules import Side
from crmapp.domain.runs import ENDED, receipt
from crmapp.models import Account, AccountSync, Change, Run, User
from crmapp.services import account_sync, account_sync_states, field_maps, sync_options
from crmapp.services.sync_options import SyncOptions
from tests.faults import customers
from tests.faults.battery import BULK, Combination, Lasts, combinations, course
from tests.faults.customers import Book, Rows
from tests.faults.pair import Pair, hurry, quiet, served, stand, wake
from tests.faults.reported import told

BOOK = Book(24)
_OBJECT = "/ia/api/v1/objects/accounts-receivable/customer"
PHASES = {
    "xml": {
        "signing in": ("getAPISession", 0),
        "reading what changed": ("query CUSTOMER", 0),
        "reading the accounts": ("query CUSTOMER", 1),
        "reading them once more": ("query CUSTOMER", 2),
        "writing customers": ("update CUSTOMER", 0),
    },
    "rest": {
        "signing in": ("POST */oauth2/token", 0),
        "reading the accounts": ("query accounts-receivable/customer", 1),
        "writing new customers": (f"POST {_OBJECT}", 0),
        "writing customers": (f"PATCH {_OBJECT}", 0),
    },
    "salesforce": {
        "signing in": ("POST */oauth2/token", 0),
        "reading what changed": ("GET */query*", 0),
        "reading the accounts": ("GET */query*", 1),
        "reading the accounts by ids": ("POST */composite/sobjects/*", 0),
        "writing accounts": ("PATCH */composite/sobjects", 0),
        "writing new accounts": ("PATCH */composite/sobjects/Account/*", 0),
    },
    "bulk": BULK,
}
VANISHES = {
    "xml": ("CUSTOMER", "TERMNAME"),
    "rest": ("CUSTOMER", "NAME"),
    "salesforce": ("Account", "Phone"),
    "bulk": ("Account", "Phone"),
}


@pytest.fixture(scope="session")
def furnished_accounts(tmp_path_factory) -> Path:
    """The files of both pretend systems as each combination begins."""
    folder = tmp_path_factory.mktemp("furnished")
    customers.furnish_intacct(folder / "intacct", BOOK)
    customers.furnish_salesforce(folder / "salesforce", BOOK)
    return folder


@pytest.fixture
def pair(furnished_accounts: Path, tmp_path: Path, make) -> Iterator[Pair]:
    """Both systems, furnished anew."""
    with served(furnished_accounts, tmp_path / "pair") as opened:
        yield opened


def enable(by) -> None:
    """Have accounts synchronised, and made where they are not."""
    field_maps.read_anew(by=by)
    options = SyncOptions(enabled=True, create=frozenset(Side))
    sync_options.save(options, seen=sync_options.version(), by=by)


def rows(pair: Pair) -> Rows:
    quiet()
    return customers.rows(pair.intacct, pair.salesforce)


def begin() -> Run:
    """Do what the sweeper starts when it is time to, also after a run that failed."""
    earlier = utcnow() - timedelta(hours=1)
    with unit_of_work():
        session.execute(update(Run).where(Run.status == "failed").values(finished_at=earlier))
        account_sync_states.keep_clock(due_at=utcnow(), rest_until=None)
    run_id = account_sync.start_due()
    assert run_id is not None
    return stand(run_id)


def misreported(run: Run) -> list[str]:
    """Return where what is said of a run contradicts what it did here."""
    query = select(Change.record_id).where(Change.run_id == run.id, Change.object == "account")
    written = Counter(session.scalars(query))
    found = [f"account {each} was changed {n} times" for each, n in written.items() if n > 1]
    if run.status != "failed" and not receipt(run.total or 0, run.done, run.control).balances:
        found.append(f"the receipt is {run.done} of {run.total}")
    return found


def falsely_synced(now: Rows) -> list[str]:
    """Return the accounts that are said to be synchronised, and are not."""
    session.rollback()
    done = select(Account.number).join(AccountSync, AccountSync.account_id == Account.id)
    synced = set(session.scalars(done.where(AccountSync.state == "synced")))
    return [
        f"{side}: {number} is not as it is to be"
        for side in ("here", "intacct", "salesforce")
        for number in synced
        if getattr(now, side).get(number) != customers.wanted(number or "")
    ]


def begin_again(by: User) -> Run:
    """Do what a person does when all is well again."""
    account_sync.retry(by=by)
    running = account_sync_states.open_run()
    return stand(running) if running else begin()


@pytest.mark.parametrize("met", list(combinations(PHASES, VANISHES)), ids=str)
def test_a_sync_of_accounts_loses_and_doubles_nothing_and_says_what_is_wrong(
    met: Combination, make, pair, record_property, monkeypatch
):
    pair.connect(met, by=make.alice)
    enable(make.alice)
    hurry(monkeypatch, met)
    customers.furnish_here(BOOK)
    customers.link_some(pair.salesforce, BOOK)
    before, expected = rows(pair), course(met, looks_again=True)
    pair.meet(met)

    run, waits = begin(), 0
    assert pair.has_met(met)
    while run.status not in ENDED:
        waits += 1
        assert expected.says in told(run)
        assert customers.halfway(before, rows(pair)) == []
        if met.lasts is Lasts.NOTICED:
            pair.well()
        run = wake(run.id)

    assert (waits > 0, run.status) == (expected.waits, expected.status)
    assert misreported(run) == []
    assert customers.halfway(before, rows(pair)) == []
    assert falsely_synced(rows(pair)) == []
    if run.status != "done":
        assert expected.says in told(run)
        pair.well()
        again = begin_again(make.alice)
        assert (again.status, again.error, misreported(again)) == ("done", None, [])
    assert customers.breaks(before, rows(pair), BOOK) == []
    assert customers.states() == {("synced", False): BOOK.size}
    record_property("combination", met.row(waits, run.status))
