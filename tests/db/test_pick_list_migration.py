"""A pick list becomes a record, and what stood in the lists stays."""

from __future__ import annotations

from alembic import command
from sqlalchemy import select

from crmapp.db import db, session
from crmapp.db.schema import _config, is_current, migrate
from crmapp.db.session import WRITE
from crmapp.models import PickList, PickListValue


def test_lists_and_values_survive_the_way_back_and_forth(app):
    before = _content()
    session.remove()
    with db.engine.connect().execution_options(**{WRITE: True}) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        connection.commit()

    migrate(db.engine)

    assert is_current(db.engine)
    assert _content() == before
    assert len(before) > 30


def _content() -> list[tuple[object, ...]]:
    value, list_ = PickListValue, PickList
    query = select(value.id, value.code, value.label_fr, list_.code, list_.label_en).join(
        list_, list_.code == value.list_code
    )
    return [tuple(row) for row in session.execute(query.order_by(value.id))]
