"""What a change of the accounts' sync would do is said before anybody saves it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmapp.domain.field_rules import Side, Sync
from crmapp.errors import Forbidden, NotFound
from crmapp.services import sync_change, sync_options
from crmapp.services.sync_options import SyncOptions

OFF = SyncOptions(direction=Sync.FROM, create=frozenset())
ON = replace(OFF, enabled=True)


def said(before: SyncOptions, after: SyncOptions) -> str:
    return " ".join(str(each) for each in sync_change.sentences(before, after))


@pytest.mark.parametrize(
    "after",
    [
        replace(ON, direction=Sync.BOTH),
        replace(ON, direction=Sync.TO),
        replace(ON, create=frozenset({Side.INTACCT})),
    ],
)
def test_what_writes_more_than_before_is_risky(after):
    assert sync_change.is_risky(ON, after)
    assert sync_change.is_risky(OFF, ON)


@pytest.mark.parametrize("direction", [Sync.FROM, Sync.TO])
def test_one_way_instead_of_both_is_risky_as_values_are_overwritten_then(direction):
    assert sync_change.is_risky(replace(ON, direction=Sync.BOTH), replace(ON, direction=direction))


@pytest.mark.parametrize(
    "before, after",
    [
        (ON, ON),
        (ON, OFF),
        (ON, replace(ON, every=60)),
        (replace(ON, direction=Sync.BOTH), replace(OFF, direction=Sync.FROM)),
        (replace(ON, create=frozenset(Side)), ON),
        (OFF, replace(OFF, direction=Sync.BOTH, create=frozenset(Side))),
    ],
)
def test_what_writes_no_more_than_before_is_not(before, after):
    assert not sync_change.is_risky(before, after)


def test_who_begins_reads_all_that_is_in_force_then():
    text = said(OFF, replace(ON, create=frozenset({Side.INTACCT}), every=5))

    assert "Accounts are synchronized from now on" in text
    assert "Direction: From Intacct." in text
    assert "Accounts that Sage Intacct does not have are created there." in text
    assert "read every 5 minutes" in text
    assert "Salesforce does not have" not in text


def test_who_changes_one_thing_reads_of_that_alone():
    assert said(ON, ON) == ""
    assert said(ON, replace(ON, every=60)) == "What was changed there is read every 60 minutes."
    assert said(replace(ON, create=frozenset({Side.INTACCT})), ON) == (
        "Accounts that Sage Intacct does not have are not created there any more."
    )
    assert "not synchronized any more" in said(ON, OFF)


def test_it_is_said_how_many_accounts_take_part(make):
    make.account("With a number", number="N-1")
    make.account("Without")

    found = sync_change.difference(SyncOptions(enabled=True), by=make.alice)

    assert (found.risky, found.count) == (True, 1)


def test_only_who_manages_integrations_learns_it(make):
    with pytest.raises(Forbidden):
        sync_change.difference(SyncOptions(), by=make.mona)
    with pytest.raises(Forbidden):
        sync_change.earlier(1, by=make.mona)


def test_an_earlier_version_is_found_and_before_the_first_nothing_was_set(make):
    sync_options.save(ON, seen=0, by=make.alice)
    sync_options.save(OFF, seen=1, by=make.alice)

    assert sync_change.earlier(1, by=make.alice) == ON
    assert sync_change.earlier(0, by=make.alice) == SyncOptions()
    with pytest.raises(NotFound):
        sync_change.earlier(7, by=make.alice)


def test_what_confirms_one_choice_confirms_no_other():
    assert sync_change.word(ON) != sync_change.word(OFF)
    assert sync_change.word(ON) == sync_change.word(replace(ON))
