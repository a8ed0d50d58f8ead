"""Feeds that change nothing."""

from __future__ import annotations

import pytest

from crmapp.domain.plan import Planned
from crmapp.services import planning, plans
from tests.support.feeds import Erp, customer, feed, mapping, source


@pytest.fixture
def rule(make):
    return mapping(make, source(make, Erp([customer(n) for n in range(1, 8)])))


def test_parts_that_write_nothing_are_not_joined(make, rule, monkeypatch):
    feed(make, rule)
    joined = []
    join = planning.join_parts
    monkeypatch.setattr(planning, "join_parts", lambda *args: joined.append(args) or join(*args))

    assert feed(make, rule) is None
    assert joined == []


def test_a_plan_that_writes_nothing_can_be_looked_at_if_it_was_asked_for(make, rule):
    feed(make, rule)

    run = feed(make, rule, dry=True)

    assert (run.status, run.counts, run.total) == ("planned", {"unchanged": 7}, 7)
    shown = plans.rows(run, Planned.UNCHANGED, 1, by=make.alice, locale="en")
    assert [row.row_no for row in shown.rows] == [*range(1, 8)]
