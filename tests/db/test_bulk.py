"""Bulk verbs fail alike on every database."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_rows, merge_rows, update_rows
from crmapp.models import Account, ExternalIdentity, IdempotencyKey


def test_rows_that_break_a_rule_are_refused_as_by_any_other_statement(app):
    row = {"key": "twice", "digest": "", "result": None, "at": utcnow()}

    with pytest.raises(IntegrityError), unit_of_work():
        insert_rows(IdempotencyKey.__table__, [row, row])


def test_work_goes_on_after_rows_were_refused(app):
    row = {"key": "twice", "digest": "", "result": None, "at": utcnow()}
    with pytest.raises(IntegrityError), unit_of_work():
        insert_rows(IdempotencyKey.__table__, [row, row])

    with unit_of_work():
        insert_rows(IdempotencyKey.__table__, [row])

    assert session.scalars(select(IdempotencyKey.key)).all() == ["twice"]


def test_what_many_rows_share_is_in_each_of_them(app):
    moment = utcnow()
    shared = {"digest": "same", "result": "run:1", "at": moment}

    with unit_of_work():
        insert_rows(IdempotencyKey.__table__, [{"key": key} | shared for key in ("one", "two")])

    key = IdempotencyKey
    found = session.execute(select(key.key, key.digest, key.result, key.at).order_by(key.key))
    assert [tuple(row) for row in found] == [
        ("one", "same", "run:1", moment),
        ("two", "same", "run:1", moment),
    ]


def test_each_of_many_rows_gets_its_own_values(app, make):
    ids = [make.account(name=name).id for name in ("One", "Two", "Three")]

    with unit_of_work():
        cities = [{"id": id_, "billing_city": f"City {id_}"} for id_ in ids[:2]]
        update_rows(Account.__table__, cities, ["billing_city"])

    wanted = select(Account.id, Account.billing_city).where(Account.id.in_(ids))
    found = dict(session.execute(wanted).all())
    assert found == {ids[0]: f"City {ids[0]}", ids[1]: f"City {ids[1]}", ids[2]: None}


def test_a_row_whose_key_is_there_already_is_renewed(app, make):
    first, second = make.account().id, make.account().id
    row = {"system": "erp", "object": "customers", "created_at": utcnow()}
    key = ("system", "object", "external_id")

    for accounts in ({"A": first, "B": first}, {"B": second, "C": second}):
        rows = [row | {"external_id": name, "account_id": id_} for name, id_ in accounts.items()]
        with unit_of_work():
            merge_rows(ExternalIdentity.__table__, rows, key, ["account_id"])

    kept = session.execute(select(ExternalIdentity.external_id, ExternalIdentity.account_id))
    assert dict(kept.all()) == {"A": first, "B": second, "C": second}
