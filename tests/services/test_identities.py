"""What an account is called elsewhere: by the names that people gave to the sources."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.models import ExternalIdentity, FeedSource
from crmapp.services import history, identities
from crmapp.services.identities import SystemNames
from tests.support.feeds import Erp, customer, feed, living, mapping, source


@pytest.fixture
def sources(make):
    """Three sources that all have the same customer."""
    names = ("Our ERP", "Shop", "Plant")
    erps = [Erp([{**customer(1), "id": f"{name[0]}1"}]) for name in names]
    ids = [source(make, erp, name) for erp, name in zip(erps, names, strict=True)]
    feed(make, mapping(make, *ids))
    return ids


def test_a_source_goes_by_its_name_also_when_it_is_retired_or_renamed(make, sources):
    with unit_of_work():
        session.get_one(FeedSource, sources[0]).retired_at = utcnow()
        session.get_one(FeedSource, sources[1]).name = "Web shop"
    (account,) = living()

    known = identities.of(account.id, locale="en")

    assert [(each.system, each.external_id) for each in known] == [
        ("Our ERP", "O1"),
        ("Web shop", "S1"),
        ("Plant", "P1"),
    ]


def test_history_names_sources(make, sources):
    (account,) = living()

    (entry,) = history.of("account", account.id, by=make.alice, locale="en").entries

    assert {str(each) for each in entry.links} == {
        "Is O1 in Our ERP",
        "Is S1 in Shop",
        "Is P1 in Plant",
    }
    assert str(entry.source) == "CRM mapping ERP, O1"


def test_a_source_that_is_not_there_keeps_its_code(app):
    assert SystemNames("en").of("feed:99", "customer") == "feed:99 · customer"


def test_sources_are_looked_up_once_however_many_are_named(make, sources):
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        asked.append(statement)

    rows = session.execute(select(ExternalIdentity.system, ExternalIdentity.object)).all()
    names = SystemNames("en")
    event.listen(db.engine, "before_cursor_execute", note)
    found = [names.of(row.system, row.object) for row in rows]
    event.remove(db.engine, "before_cursor_execute", note)

    assert sorted(found) == ["Our ERP", "Plant", "Shop"]
    assert len(asked) == 1
