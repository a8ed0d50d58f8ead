"""What was read before holds while nobody commits, and not one transaction longer."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import func, select, update

from crmapp.db import beside, db, session, unit_of_work, while_unchanged
from crmapp.models import Team


class Reading:
    """Reads the names of teams, and counts how often it had to ask."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        return while_unchanged("names", self._read)

    def _read(self):
        self.asked += 1
        return tuple(session.scalars(select(Team.name)))


@pytest.fixture
def reading(app):
    with unit_of_work():
        session.add(Team(name="North"))
    found = Reading()
    assert found() == ("North",)
    session.remove()
    return found


def is_sqlite():
    return db.engine.dialect.name == "sqlite"


def rename(connection, name):
    connection.execute(update(Team.__table__).values(name=name))


def test_it_is_not_read_twice_while_nothing_is_committed(reading):
    for _ in range(3):
        assert reading() == ("North",)
        session.remove()

    assert reading.asked == (1 if is_sqlite() else 4)


def test_what_another_connection_committed_is_seen(reading):
    with beside(db.engine) as connection:
        rename(connection, "South")

    assert reading() == ("South",)


def test_what_this_connection_committed_is_seen(reading):
    with unit_of_work():
        rename(session, "South")

    assert reading() == ("South",)


def test_who_writes_sees_what_she_has_written_and_leaves_no_trace_of_it(reading):
    seen = []
    with suppress(ZeroDivisionError), unit_of_work():
        rename(session, "South")
        seen.append(reading())
        raise ZeroDivisionError

    assert [*seen, reading()] == [("South",), ("North",)]


def test_in_one_transaction_it_says_what_other_statements_say(reading):
    assert reading() == ("North",)
    with beside(db.engine) as connection:
        rename(connection, "South")

    assert reading() == (session.scalar(select(func.max(Team.name))),)
