"""Records that were there before are found without the letters in their names that nobody sees."""

from __future__ import annotations

from sqlalchemy import select, text, update

from crmapp.db import db, session
from crmapp.db.bulk import dialect
from crmapp.db.schema import is_current, migrate
from crmapp.models import Account, Contact
from tests.support.earlier import taken_back_to


def test_old_names_are_folded_anew(make):
    acme = make.account("Ac\u200bme Bolts", number="N-1")
    make.account("Cogs")
    make.contact(acme, last_name="Do\u00ade")
    before = _content()
    with taken_back_to("0041") as connection:
        connection.execute(
            update(Account)
            .where(Account.number == "N-1")
            .values(
                search_text="ac\u200bme bolts | n-1", name_key="ac\u200bme bolts", near_key="old"
            )
        )
        connection.execute(update(Contact).values(search_text="do\u00ade", name_key="do\u00ade"))

    migrate(db.engine)

    assert is_current(db.engine)
    assert _content() == before
    assert ("acme bolts", "acme bolts | n-1") in [row[:2] for row in before]
    if dialect() == "sqlite":  # the index of the search follows
        found = text("SELECT count(*) FROM account_search WHERE account_search MATCH 'acme'")
        assert session.scalar(found) == 1


def _content() -> list[tuple[object, ...]]:
    accounts = select(Account.name_key, Account.search_text, Account.near_key)
    contacts = select(Contact.name_key, Contact.search_text)
    return [
        *map(tuple, session.execute(accounts.order_by(Account.id))),
        *map(tuple, session.execute(contacts)),
    ]
