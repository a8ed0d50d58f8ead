"""Accounts that were there before get the columns by which duplicates are found."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import db, session
from crmapp.db.schema import is_current, migrate
from crmapp.models import Account
from tests.support.earlier import taken_back_to


def test_the_columns_are_filled_of_accounts_that_are_there(make):
    make.account("Acme", phone="+33 1 42 68 53 00", email="a@acme.example")
    make.account("Bolts", website="https://www.bolts.example/x", email="b@gmail.com")
    make.account("Cogs", phone="123")
    before = _content()
    with taken_back_to("0022"):
        pass

    migrate(db.engine)

    assert is_current(db.engine)
    assert _content() == before
    assert ("Acme", "2685300", "acme.example", None) in before
    assert ("Bolts", None, None, "bolts.example") in before


def _content() -> list[tuple[object, ...]]:
    query = select(Account.name, Account.phone_key, Account.domain_key, Account.site_key)
    return [tuple(row) for row in session.execute(query.order_by(Account.id))]
