"""Proposals to deactivate the accounts of customers who are gone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Run
from crmapp.services import crm_mappings, runs
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
