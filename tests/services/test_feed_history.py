"""What a feed leaves alone because of what people did before."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import ExternalIdentity
from tests.support.feeds import Erp, customer, feed, mapping, source, take_back


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


def test_what_somebody_unlinked_is_left_until_the_source_says_something_else(make, rule, erp):
    mine = make.account("Customer 4", number="C4", phone="555 123").id
    take_back(make, feed(make, rule))
    known = select(ExternalIdentity.external_id).where(ExternalIdentity.account_id == mine)

    assert feed(make, rule) is None
    assert session.scalars(known).all() == []

    erp.rows[3] = customer(4, phone="555 999")
    feed(make, rule)
    assert session.scalars(known).all() == ["K4"]
