"""A small statement answers the same whether the library carries it out or the driver alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, event, func, literal, literal_column, select, union_all
from sqlalchemy.exc import DBAPIError

from crmapp.db import db
from crmapp.db.bulk import is_one_of
from crmapp.db.statements import Ready
from crmapp.models import Account

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
row = Account.__table__.c


@pytest.fixture
def acme(make):
    make.account("Beta")
    return make.account("Acme", active=False, credit_limit=Decimal("12.50"), tags=["key", "vip"])


def rows(statement, **values):
    return Ready(statement).rows(values)


@pytest.mark.database
def test_rows_have_the_types_of_their_columns(acme):
    query = select(row.id, row.name, row.active, row.credit_limit, row.tags, row.created_at)
    (found,) = rows(query.where(row.id == bindparam("id")), id=acme.id)
    assert (found.id, found.name, found.active) == (acme.id, "Acme", False)
    assert (found.credit_limit, found.tags) == (Decimal("12.50"), ["key", "vip"])
    assert found.created_at == acme.created_at
    assert tuple(found) == (
        *(acme.id, "Acme", False, Decimal("12.50"), ["key", "vip"]),
        acme.created_at,
    )


@pytest.mark.database
def test_values_are_given_as_their_columns_keep_them(acme):
    query = select(row.id).where(row.created_at < bindparam("now", type_=row.created_at.type))
    assert rows(query, now=NOW.replace(year=1990)) == []
    assert acme.id in [each.id for each in rows(query, now=NOW.replace(year=2990))]


@pytest.mark.database
def test_a_value_that_the_statement_has_itself_need_not_be_given(acme):
    query = select(row.id).where(row.name == "Acme", row.id == bindparam("id"))
    assert [each.id for each in rows(query, id=acme.id)] == [acme.id]
    assert rows(query, id=acme.id + 1) == []


@pytest.mark.database
def test_columns_without_a_name_and_those_of_several_statements_are_read_by_place(acme):
    both = row.name.in_(("Acme", "Beta"))
    (counted,) = rows(select(func.count(), func.count(row.credit_limit)).where(both))
    assert tuple(counted) == (2, 1)
    ways = (select(literal(True), row.name, literal_column("1").label("way")) for _ in range(2))
    found = rows(union_all(*(way.where(row.id == acme.id) for way in ways)))
    assert [(tuple(each), each.way) for each in found] == [((True, "Acme", 1), 1)] * 2


@pytest.mark.database
def test_many_values_are_one_or_a_list(acme):
    ids = [acme.id, acme.id + 1]
    for where in (is_one_of(row.id, "ids"), row.id.in_(bindparam("ids", expanding=True))):
        found = rows(select(row.name).where(where), ids=ids)
        assert [each.name for each in found] == ["Acme"]


@pytest.mark.database
def test_it_is_carried_out_again_and_again_with_other_values(acme):
    query = Ready(select(row.name).where(row.name == bindparam("name")))
    assert [len(query.rows({"name": name})) for name in ("Acme", "Beta", "Gone")] == [1, 1, 0]


@pytest.mark.database
def test_what_goes_wrong_is_told_as_the_library_tells_it(acme):
    with pytest.raises(DBAPIError, match="no_such_column"):
        rows(select(literal_column("no_such_column")).select_from(Account.__table__))


@pytest.mark.database
def test_a_value_that_is_missing_is_an_error_of_the_program(acme):
    with pytest.raises(Exception, match="id"):
        rows(select(row.name).where(row.id == bindparam("id")))


def test_on_sqlite_the_library_is_not_asked(acme):
    if not is_sqlite():
        return
    asked = []

    def listen(*_call):
        asked.append(1)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        rows(select(row.name).where(row.id == bindparam("id")), id=acme.id)
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert asked == []


def is_sqlite():
    return db.engine.dialect.name == "sqlite"
