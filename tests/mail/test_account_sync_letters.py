"""The letter about a sync of accounts that waits until somebody has looked at it."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.mail import messages
from crmapp.models import MailOutbox, Run
from crmapp.services import notifications


def letters(run: Run) -> list[MailOutbox]:
    run_id = run.id
    with unit_of_work():
        notifications.run_waits(run_id)
    return session.query(MailOutbox).order_by(MailOutbox.id).all()


def test_it_says_what_waits_and_leads_to_the_preview(make):
    run = make.run(kind="account_sync", status="planned", title="Accounts", by_id=make.ivan.id)
    (letter,) = letters(run)

    words = messages.write(letter)

    assert words.subject == "Accounts: waits for you"
    for text in (words.text, words.html):
        assert "a synchronization is prepared" in text
        assert f"/admin/sync-health/plans/{run.id}" in text
        assert "the list" not in text


def test_of_a_run_that_nobody_began_all_who_may_decide_are_told(make):
    people = {make.alice.id, make.ivan.id}
    make.user("mona2")
    run = make.run(kind="account_sync", status="planned", title="Accounts")

    assert {each.user_id for each in letters(run)} == people


def test_once_it_waits_no_more_nothing_is_written(make):
    run = make.run(kind="account_sync", status="queued", by_id=make.ivan.id)

    with pytest.raises(messages.Unwritable):
        messages.write(letters(run)[0])
