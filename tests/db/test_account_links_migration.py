"""Fields that name an account, and were there before, are found by an index."""

from __future__ import annotations

from crmapp.db import db, session
from crmapp.db.schema import migrate
from crmapp.services import custom_fields
from tests.support.earlier import taken_back_to

INDEX = "ix_account_c_buys_through"


def test_fields_that_name_an_account_get_an_index(make):
    custom_fields.create({"label_en": "Buys through", "kind": "account"}, by=make.alice)
    made = _indexes()
    with taken_back_to("0027"):
        pass
    gone = _indexes()
    session.remove()

    migrate(db.engine)

    assert INDEX in made
    assert INDEX not in gone
    assert _indexes() == made


def _indexes():
    found = session.connection().exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'account'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'account'"
    )
    return {row[0]: row[1] for row in found}
