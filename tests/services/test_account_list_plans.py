"""The list of accounts is read from indexes: the database's own plans say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from crmapp.db import db, session, unit_of_work
from crmapp.db.json_values import index_values
from crmapp.domain import conditions
from crmapp.models import Account
from crmapp.services import account_few, account_list, account_where
from crmapp.services.account_question import NOBODY, SORTS, Cursor, Question
from tests.support.processes import eventually
from tests.support.statements import seen

FILTERS = [
    Question(),
    Question(active=False),
    Question(locations=("Lyon",)),
    Question(locations=("Graz", "Lyon")),
    Question(owner=7),
    Question(owner=NOBODY),
    Question(team=3),
    Question(team=NOBODY),
    Question(owner=7, active=True),
    Question(deleted=True),
    Question(cursor=Cursor("", ("m", 1))),
    Question(cursor=Cursor("", ("m", 1), backwards=True)),
]
REACHES = [[], ["territory"], ["team", "territory"], ["team", "territory", "unowned"]]
SEARCHES = ["acme", "acme lyon", "c0004711", "3m", "acme 3m"]
NOT_YET = text(
    "SELECT count(*) FROM pg_index WHERE indcheckxmin AND indrelid = 'account'::regclass"
    " AND xmin::text::bigint >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
)
"""The indexes of a table with changed rows that are younger than a transaction that goes on.

PostgreSQL leaves them aside for so long, whatever database of the server the other works in:
https://git.postgresql.org/gitweb/?p=postgresql.git;f=src/backend/access/heap/README.HOT
"""


@contextmanager
def plans() -> Iterator[list[str]]:
    """Collect the plan of every statement that reads accounts."""
    found: list[str] = []

    def explain(connection, cursor, statement, parameters, *_rest):
        if statement.startswith("SELECT") and "account" in statement:
            how = "QUERY PLAN " if connection.dialect.name == "sqlite" else ""
            other = connection.connection.cursor()
            other.execute(f"EXPLAIN {how}{statement}", parameters)
            found.append(" | ".join(str(row[-1]) for row in other.fetchall()))
            other.close()

    with seen(explain):
        yield found


def plans_of(question, by):
    """Return how the database answers ``question``, if it has to use indexes where it has some."""
    by.can, by.id, list(by.teams)  # loaded before the statements are looked at
    if db.engine.dialect.name == "postgresql":
        wait_for_indexes()
        session.execute(text("SET LOCAL enable_seqscan = off"))
    with plans() as found:
        account_list.page(question, by=by)
    return found


def wait_for_indexes():
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        eventually(lambda: not connection.scalar(NOT_YET), "could all indexes be used", 60)


def reads_the_table(plan):
    return (
        plan.endswith("SCAN account") or "SCAN account |" in plan or "Seq Scan on account" in plan
    )


@pytest.mark.parametrize("question", FILTERS, ids=repr)
@pytest.mark.parametrize("name", ["mona", "bob"])
def test_each_filter_is_answered_from_an_index(make, question, name):
    make.account()

    found = plans_of(question, getattr(make, name))

    assert found
    assert [plan for plan in found if reads_the_table(plan)] == []


@pytest.mark.parametrize("question", FILTERS, ids=repr)
@pytest.mark.parametrize("sees", REACHES, ids=repr)
def test_a_restriction_is_answered_from_an_index_as_well(make, question, sees):
    make.account(territory="north")
    nina = make.user("nina", sees=sees, edits=[], territories=["north", "south"])

    found = plans_of(question, nina)

    assert found
    assert [plan for plan in found if reads_the_table(plan)] == []


@pytest.mark.parametrize("sort", SORTS)
def test_no_order_is_made_by_sorting_all_accounts(make, sort):
    make.account(owner_id=make.bob.id, team_id=make.bob.teams[0].id)

    found = plans_of(Question(sort=sort), make.mona)

    assert [p for p in found if reads_the_table(p) or "TEMP B-TREE FOR ORDER BY" in p] == []


@pytest.mark.parametrize("words", SEARCHES)
def test_a_search_is_answered_from_an_index(make, words):
    make.account("Acme Lyon", number="C0004711")

    found = plans_of(Question(words=words), make.mona)

    assert found
    assert [plan for plan in found if reads_the_table(plan)] == []


def asked(where, **more):
    return Question(where=conditions.read(where), **more)


@pytest.fixture
def rank(make):
    make.field("Rank", kind="number", filterable=True)
    with unit_of_work():
        index_values(Account.__table__, "c_rank", numeric=True)


@pytest.mark.parametrize("question", [asked("c_rank~gt~5"), Question(fields=(("c_rank", "5.."),))])
def test_what_an_index_of_a_field_leaves_is_all_that_is_looked_at(make, rank, question):
    make.account(custom={"c_rank": "7"})

    found = plans_of(question, make.mona)

    assert "ix_account_c_rank" in " ".join(found)
    assert [plan for plan in found if reads_the_table(plan)] == []


def test_who_had_an_activity_lately_is_read_from_the_activities(make):
    make.activity(make.account())

    found = plans_of(asked("last_activity~past~30"), make.mona)

    assert found
    assert [plan for plan in found if reads_the_table(plan)] == []


def test_what_no_index_knows_is_looked_for_in_the_table_as_it_lies_on_the_disk(make):
    make.account(billing_city="Lyon")

    found = plans_of(asked("credit_limit~gt~5"), make.mona)

    assert len(found) == 2  # few are looked for, and counted and sorted; PostgreSQL knows how
    if db.engine.dialect.name == "sqlite":
        assert [plan for plan in found if "SCAN account USING" in plan] == []
        assert reads_the_table(found[0])


def test_what_many_have_is_met_on_the_way_through_the_list(make, rank, monkeypatch):
    for name in ("FEW", "SOME"):
        monkeypatch.setattr(account_few, name, 0)
    make.account(custom={"c_rank": "7"})

    *_counted, found, _lines = plans_of(asked("c_rank~gt~5;credit_limit~empty"), make.mona)

    if db.engine.dialect.name == "sqlite":  # PostgreSQL knows how many there are
        assert "ix_account_list" in found
    assert "TEMP B-TREE" not in found


def test_a_list_that_is_known_to_be_long_is_read_without_asking_the_search(make, monkeypatch):
    monkeypatch.setattr(account_few, "FEW", 0)
    monkeypatch.setattr(account_list, "_many", {})  # of this test alone
    make.account(billing_city="Lyon")
    question = asked("billing_city~is~Lyon")
    account_list.page(question, by=make.mona)

    found = plans_of(question, make.mona)

    assert len(found) == 2  # the accounts in their order, and their lines


def test_what_a_long_list_asks_for_is_known_while_nobody_commits(make, monkeypatch):
    monkeypatch.setattr(account_few, "FEW", 0)
    monkeypatch.setattr(account_list, "_many", {})  # of this test alone
    make.account("Here", billing_city="Lyon")
    there = make.account("There", billing_city="Lyon")
    question = asked("billing_city~is~Lyon")

    def names():
        return [line.name for line in account_list.page(question, by=make.mona).rows]

    assert names() == names() == ["Here", "There"]
    if db.engine.dialect.name == "sqlite":
        with monkeypatch.context() as without:
            without.setattr(account_where, "met", None)
            assert names() == ["Here", "There"]
    with unit_of_work():
        there.billing_city = "Paris"
    assert names() == ["Here"]


def test_what_depends_on_the_day_is_asked_anew(make, monkeypatch, clock):
    monkeypatch.setattr(account_few, "FEW", 0)
    monkeypatch.setattr(account_list, "_many", {})  # of this test alone
    make.account("New")
    question = asked("created_at~past~1")
    before = [account_list.page(question, by=make.mona).rows for _again in range(2)]
    clock.shift(timedelta(days=3))

    assert all("New" in [line.name for line in rows] for rows in before)
    assert account_list.page(question, by=make.mona).rows == []
