"""Proposals to deactivate the accounts of customers who are gone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.plan import Planned
from crmapp.models import Run
from crmapp.services import crm_mappings, planning, plans, runs
from tests.support.feeds import Erp, customer, feed, mapping, source


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


def test_what_a_person_refused_is_proposed_again_when_others_are_gone(make, rule, erp):
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)
    waits = select(Run).where(Run.status == "planned")
    feed(make, rule)
    gone = erp.rows.pop()
    feed(make, rule)
    runs.cancel(session.scalars(waits).one().id, by=make.alice)

    feed(make, rule)
    assert session.scalars(waits).all() == []

    other = erp.rows.pop()
    feed(make, rule)
    assert session.scalars(waits).one().counts == {"update": 2}

    erp.rows += [other, gone]
    feed(make, rule)
    assert session.scalars(waits).all() == []

    erp.rows.remove(gone)
    feed(make, rule)
    assert session.scalars(waits).one().counts == {"update": 1}


def test_a_source_that_never_says_who_is_gone_keeps_only_the_accounts_that_it_knows(make, erp):
    files = Erp([customer(1), customer(8)], delta=True, deletions=False)
    rule = mapping(make, source(make, erp), source(make, files, "Files"))
    feed(make, rule)
    del erp.rows[:2]
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)

    feed(make, rule, whole=True)

    (plan,) = session.scalars(select(Run).where(Run.status == "planned"))
    rows = plans.rows(plan, Planned.UPDATE, 1, by=make.alice, locale="en").rows
    assert [row.name for row in rows] == ["Customer 2"]


@pytest.mark.database
def test_of_many_who_are_gone_those_stay_whom_another_source_has(make, erp, monkeypatch):
    monkeypatch.setattr(planning, "PART", 2)
    others = Erp([customer(n, id=f"Z{n}") for n in (2, 5)])
    rule = mapping(make, source(make, erp), source(make, others, "Others"))
    feed(make, rule)
    erp.rows = erp.rows[:1]
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)

    feed(make, rule)

    (plan,) = session.scalars(select(Run).where(Run.status == "planned"))
    rows = plans.rows(plan, Planned.UPDATE, 1, by=make.alice, locale="en").rows
    assert [row.name for row in rows] == [f"Customer {n}" for n in (3, 4, 6, 7)]
    assert [row.key for row in rows] == ["K3", "K4", "K6", "K7"]
