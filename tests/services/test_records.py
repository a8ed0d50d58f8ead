"""The door for writes keeps what follows from a record's values."""

from __future__ import annotations

from crmapp.db import session, unit_of_work
from crmapp.domain.changes import Action, Write
from crmapp.models import Account
from crmapp.services import records
from tests.support.columns import derived


def test_records_that_are_renamed_and_others_in_one_batch_are_sorted_and_searched_rightly(make):
    one, two, three = (make.account(name, phone="123").id for name in ("Ada", "Bob", "Cora"))
    alice = make.alice
    writes = [
        Write(Action.UPDATE, {"phone": "456"}, one),
        Write(Action.UPDATE, {"name": "Zoë"}, two),
        Write(Action.UPDATE, {"phone": "789"}, three),
    ]

    with unit_of_work():
        records.write(Account, writes, by=alice)

    for id_ in (one, two, three):
        account = session.get_one(Account, id_)
        values = {name: getattr(account, name) for name in ("name", "phone")}
        kept = derived("account", values)
        assert {name: getattr(account, name) for name in kept} == kept
