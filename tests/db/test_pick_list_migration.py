"""A pick list becomes a record, and what stood in the lists stays."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import db, session
from crmapp.db.schema import is_current, migrate
from crmapp.models import PickList, PickListValue
from tests.support.earlier import taken_back_to


def test_lists_and_values_survive_the_way_back_and_forth(app):
    before = _content()
    with taken_back_to("0004"):
        pass

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
