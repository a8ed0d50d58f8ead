"""A built filter finds the accounts that plain Python finds, on both databases."""

from __future__ import annotations

import os
from random import Random

import pytest
from sqlalchemy.orm import Session

from crmapp.db import db, session, unit_of_work
from crmapp.db.json_values import index_values
from crmapp.db.session import WRITE
from crmapp.domain.conditions import write
from crmapp.models import Account, Activity
from crmapp.services import account_few, account_list, preferences
from crmapp.services.account_question import Question
from tests.conftest import NOW
from tests.support.columns import derived
from tests.support.conditions import MOMENTS, Oracle, an_account, groups

FILTERS = int(os.environ.get("CRMAPP_TEST_FILTERS") or 150)
"""So many filters are tried with each seed, each of about three conditions."""
SORTS = ("name", "owner", "c_number", "c_date", "c_pick")
ZONE = "Pacific/Pago_Pago"
ACCOUNTS = 90


@pytest.fixture
def own_fields(make):
    """Fields of the installation that :mod:`tests.support.conditions` knows of."""
    lists = {"pick": "contact_method", "multi": "contact_method"}
    kinds = {"flag": "yes_no", "pick": "pick_list", "multi": "multi_pick_list"}
    for label in ("text", "number", "date", "flag", "pick", "multi"):
        kind, pick_list = kinds.get(label, label), lists.get(label)
        make.field(label, kind=kind, pick_list=pick_list, filterable=True)
    with unit_of_work():
        for name in ("c_number", "c_date", "c_flag", "c_pick"):
            index_values(Account.__table__, name, numeric=name == "c_number")


@pytest.fixture
def reader(make, clock, own_fields):
    """Mona, in a zone where it is still yesterday."""
    preferences.keep({"timezone": ZONE}, by=make.mona)
    return make.again(type(make.mona), make.mona.id)


def written(random, make):
    """Write accounts at random, and return them as the oracle sees them."""
    parent = make.account("P One", number="P1", created_at=NOW)
    owners = (make.bob.id, make.mona.id, None)
    found = []
    with Session(db.engine) as own:
        own.connection(execution_options={WRITE: True})
        for number in range(ACCOUNTS):
            values = an_account(random, number)
            values |= {"owner_id": random.choice(owners)}
            values |= {"parent_id": random.choice((None, parent.id))}
            values |= {"bill_to_id": random.choice((None, None, parent.id))}
            custom = {name: value for name, value in values["custom"].items() if name == "c_text"}
            row = Account(**values, **derived("account", values | custom, ("c_text",)))
            own.add(row)
            own.flush()
            moments = random.sample(MOMENTS, random.choice((0, 0, 1, 3)))
            for moment in moments:
                own.add(_activity(row.id, moment))
            found.append({**values, "id": row.id, "activities": moments})
        own.commit()
    session.rollback()
    return parent, found


def _activity(account_id, moment):
    values = {"account_id": account_id, "kind": "call", "subject": "Called", "happens_at": moment}
    return Activity(**values, **derived("activity", values))


@pytest.fixture
def many(request, monkeypatch):
    """How many accounts are many, and more than are looked up."""
    for name in ("FEW", "SOME"):
        monkeypatch.setattr(account_few, name, request.param)


@pytest.mark.parametrize(
    "seed, many", [(0, 50_000), (1, 50_000), (2, 3), (3, 10)], indirect=["many"]
)
def test_random_filters_find_what_plain_python_finds(make, reader, seed, many):
    random = Random(seed)
    parent, all_ = written(random, make)
    oracle = Oracle(reader.id, parent.id, ZONE, NOW)
    some = {each["id"] for each in all_}

    for _ in range(FILTERS):
        where = groups(random, (make.bob.id, make.mona.id))
        sort, falling = random.choice(SORTS), random.random() < 0.5
        question = Question(where=where, sort=sort, descending=falling, size=1_000)
        page = account_list.page(question, by=reader)

        found = {line.id for line in page.rows} & some
        assert found == {a["id"] for a in all_ if oracle.meets(a, where)}, write(where)
        assert page.count == len(page.rows)
