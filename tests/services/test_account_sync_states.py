"""Who notes what waits of an account waits for nobody who waits for her."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from crmapp.db import session, unit_of_work, utcnow
from crmapp.models import Account, AccountSync
from crmapp.services import account_sync_states
from tests.support.rivals import overtaken

pytestmark = pytest.mark.database
PARTS = ("accepted", "hashes", "offered", "problem")


def test_a_person_and_a_run_that_note_an_account_at_once_do_not_block_each_other(app, make):
    account = make.account("New", number="N-1").id
    edits = select(Account.id).where(Account.id == account).with_for_update()
    notes = insert(AccountSync).values(
        account_id=account, pending=7, pending_at=utcnow(), **{name: {} for name in PARTS}
    )

    def note() -> None:
        with unit_of_work():
            account_sync_states.changed_there([account])

    assert overtaken(app, edits, note, notes) == []

    session.rollback()
    assert account_sync_states.of([account])[account].pending == 7
