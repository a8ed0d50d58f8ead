"""The health of all that is synchronised is never called good while anything is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crmapp.connectors.errors import AuthFailed
from crmapp.db import unit_of_work, utcnow
from crmapp.errors import Forbidden
from crmapp.i18n import Text
from crmapp.models import Account
from crmapp.services import (
    account_sync_health,
    account_sync_read,
    account_sync_states,
    engine,
    failures,
    managed_lists,
    runs,
)
from crmapp.services import sync_health as health
from crmapp.services.sync_health import Headline
from tests.support.field_map import ACCOUNT, lay_out
from tests.support.lists import CODE, Sides, resync, use
from tests.support.sync_states import enable, held, keep, planned, refused, row, synced


@pytest.fixture
def account(make) -> Account:
    """The only account that takes part; it is the same everywhere."""
    enable(make.alice)
    made = make.account("Acme", number="N-1")
    synced(made)
    return made


@pytest.fixture
def sides(account: Account, tmp_path: Path) -> Sides:
    made = Sides(tmp_path)
    made.source("10")
    use(made)
    return made


def said(make) -> tuple[Headline, str]:
    found = health.overview(by=make.alice)
    return found.headline, " ".join(str(each) for each in found.reasons)


def test_it_is_good_when_everything_is_the_same(make, account):
    assert said(make) == (Headline.GOOD, "")


def test_it_is_not_good_before_it_is_enabled(make):
    make.account("Acme", number="N-1")

    assert said(make) == (Headline.DISABLED, "The sync of accounts is not enabled.")


def test_it_is_not_good_without_a_connection(make, sides):
    del sides.remotes.connectors["salesforce"]

    assert said(make) == (Headline.DISCONNECTED, "Salesforce is not connected.")


def test_an_account_that_waits_is_no_good(make, account):
    keep(account, pending=7, pending_at=utcnow())

    assert said(make) == (Headline.ATTENTION, "Accounts that wait to be carried over: 1.")


def test_an_account_that_was_never_synchronized_is_no_good(make, account):
    make.account("New", number="N-2")

    assert said(make) == (Headline.ATTENTION, "Accounts that were never synchronized: 1.")


def test_an_account_that_was_refused_is_no_good(make, account):
    refused(account)

    assert said(make) == (Headline.ATTENTION, "Accounts that another system refused: 1.")


def test_an_account_in_conflict_is_no_good(make, account):
    held(account, "", "Which is right?")

    headline, text = said(make)
    assert headline is Headline.ATTENTION
    assert "in conflict" in text


def test_a_plan_that_waits_for_a_person_is_no_good(make, account):
    planned(make, row(account, "salesforce", Phone=["1", "2"]))

    headline, text = said(make)
    assert headline is Headline.ATTENTION
    assert "waits until somebody has looked at it" in text


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("status", ["planning", "queued", "running"])
def test_a_run_that_another_version_left_is_no_good_until_it_is_cancelled(
    make, account, off, status
):
    version = engine.CODE_VERSION + off
    run = make.run(kind="account_sync", status=status, code_version=version)
    assert "left a run of the accounts behind" in said(make)[1]

    runs.cancel(run.id, by=make.alice)

    assert account_sync_states.open_run() is None
    assert "left a run" not in said(make)[1]


def test_a_run_that_failed_is_no_good(make, account):
    problem = failures.kept(Text("Out of quota."))
    make.run(kind="account_sync", status="failed", finished_at=utcnow(), **problem)

    headline, text = said(make)
    assert headline is Headline.ATTENTION
    assert text == "The last run failed: Out of quota."


@pytest.mark.parametrize("minutes, headline", [(-19, Headline.GOOD), (-21, Headline.ATTENTION)])
def test_a_reading_that_is_overdue_is_no_good(make, account, clock, minutes, headline):
    with unit_of_work():
        account_sync_states.keep_clock(due_at=utcnow() + timedelta(minutes=minutes))

    assert said(make)[0] is headline


def test_it_is_no_good_until_all_accounts_were_compared_by_rows_that_have_changed(make, account):
    with unit_of_work():
        account_sync_states.keep_clock(cursors={account_sync_states.RULES: "as it was"})

    headline, text = said(make)

    assert headline is Headline.ATTENTION
    assert text == "What is mapped has changed: all accounts are compared anew within minutes."


def test_a_list_that_failed_is_no_good(make, sides):
    resync(make, sides)
    assert said(make) == (Headline.GOOD, "")
    sides.remotes.problem["intacct"] = AuthFailed()
    resync(make, sides)

    headline, text = said(make)

    (listed,) = health.lists_of(by=make.alice)
    assert headline is Headline.ATTENTION
    assert text == str(AuthFailed().message)
    assert (listed.managed.code, listed.last.status) == (CODE, "failed")


def test_a_list_whose_reading_is_overdue_is_no_good(make, sides, clock):
    resync(make, sides)
    managed_lists.schedule(CODE, 15, by=make.alice)
    assert said(make)[0] is Headline.GOOD
    clock.shift(timedelta(minutes=36))

    headline, text = said(make)

    assert headline is Headline.ATTENTION
    assert text == "Departments: the next reading is overdue."


def test_an_account_that_is_only_here_as_it_is_set_is_no_reason(make, account):
    keep(make.account("Here", number="N-2"), state="", synced_at=utcnow())

    found = account_sync_health.health(by=make.alice)

    assert (found.total, found.synced, found.alone, found.never) == (2, 1, 1, 0)
    assert said(make) == (Headline.GOOD, "")


def test_an_account_that_waits_is_not_counted_as_the_same_everywhere(make, account):
    synced(make.account("Changed", number="N-2"), pending=7, pending_at=utcnow())
    synced(make.account("Seen elsewhere", number="N-3"), pending=0, pending_at=utcnow())

    found = account_sync_health.health(by=make.alice)

    assert (found.total, found.synced, found.waiting, found.never) == (3, 1, 2, 0)


def test_accounts_that_take_no_part_any_more_are_not_counted(make, account):
    synced(make.account("Gone", number="N-2", deleted_at=utcnow()))
    make.account("New", number="N-3")

    found = account_sync_health.health(by=make.alice)

    assert (found.total, found.synced, found.never) == (2, 1, 1)


def test_accounts_with_one_cause_are_listed_page_by_page(make, account):
    others = [make.account(f"Other {number}", number=f"N-{number}") for number in (2, 3)]
    for each in (account, *others):
        refused(each)
    held(others[1], "", "Which is right?")

    found = account_sync_health.wrong("salesforce:STRING_TOO_LONG", by=make.alice, limit=1)
    rest = account_sync_health.wrong(
        "salesforce:STRING_TOO_LONG", by=make.alice, after=found[0].account_id
    )

    assert [each.name for each in (*found, *rest)] == ["Acme", "Other 2"]
    assert found[0].refusals[0].said


def test_only_who_manages_integrations_learns_it(make, account):
    with pytest.raises(Forbidden):
        health.overview(by=make.mona)
    with pytest.raises(Forbidden):
        health.lists_of(by=make.mona)
    with pytest.raises(Forbidden):
        account_sync_health.wrong("x", by=make.mona)


def test_a_row_of_which_a_field_was_never_there_rests_quietly(make, account):
    with unit_of_work():
        account_sync_read.heed_rows()
    synced(account, pending=None)

    assert said(make) == (Headline.GOOD, "")


def test_a_row_is_no_good_from_when_its_field_is_gone(make, account):
    with unit_of_work():
        account_sync_read.heed_rows()
    synced(account, pending=None)
    fields = tuple(each for each in ACCOUNT.fields if each.name != "Phone")
    lay_out(("salesforce", replace(ACCOUNT, fields=fields)))

    headline, text = said(make)

    assert headline is Headline.ATTENTION
    assert "because a field is gone: Primary phone." in text
