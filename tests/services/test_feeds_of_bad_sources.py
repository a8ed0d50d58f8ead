"""Sources that break while they are read: what was there stays, and the next run does the rest."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmapp.connectors.errors import (
    AuthFailed,
    ConfigBroken,
    ConnectorError,
    PermissionMissing,
    WrongInstance,
)
from crmapp.db import session
from crmapp.models import Account, Change, FeedCursor
from crmapp.services import accounts
from tests.factories import Make
from tests.support.feeds import Erp, customer, feed, living, mapping, source

pytestmark = pytest.mark.database

LASTING = [
    PermissionMissing("You may not read customers.", what="customer"),
    AuthFailed("The password has changed."),
    ConfigBroken("The column phone is gone.", field="phone"),
    WrongInstance("This is another company."),
]


@pytest.fixture
def erp() -> Erp:
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make: Make, erp: Erp) -> int:
    return mapping(make, source(make, erp))


def written() -> tuple[int | None, ...]:
    counted = (select(func.count()).select_from(each) for each in (Account, Change, FeedCursor))
    return tuple(session.scalar(each) for each in counted)


def breaking(erp: Erp, error: ConnectorError, page: int = 1) -> None:
    def once(number: int) -> None:
        if number == page:
            raise error

    erp.before = once


def well(erp: Erp) -> None:
    erp.before = lambda _page: None


@pytest.mark.parametrize("error", LASTING, ids=lambda error: type(error).__name__)
def test_what_breaks_midway_fails_the_run_by_name_and_leaves_all_as_it_was(make, rule, erp, error):
    feed(make, rule)
    erp.rows = [customer(n, name=f"Renamed {n}") for n in range(1, 9)]
    before = written()
    breaking(erp, error)

    failed = feed(make, rule)

    assert failed is not None
    assert (failed.status, failed.done) == ("failed", {})
    assert str(failed.error) == f"“Our ERP”: {error.message}"
    assert written() == before
    well(erp)
    done = feed(make, rule)
    assert done is not None
    assert done.done == {"created": 1, "updated": 7}
    assert feed(make, rule) is None


def test_customers_that_go_while_they_are_read_are_not_taken_for_gone_accounts(make, rule, erp):
    feed(make, rule)
    ids = {account.name: account.id for account in living()}
    reading = [0, 1, 2]

    def deleting(page: int) -> None:
        if page in reading:
            reading.remove(page)
            erp.rows = [row for row in erp.rows if row["id"] != f"K{3 * page + 1}"]

    erp.before = deleting
    feed(make, rule)
    well(erp)
    feed(make, rule)

    assert {account.name: account.id for account in living()} == ids
    assert all(accounts.get(id_, by=make.alice).active for id_ in ids.values())
