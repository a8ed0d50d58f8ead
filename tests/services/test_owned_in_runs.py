"""Runs over many accounts leave alone what a source of customers keeps, and say so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.ownership import Owner
from crmapp.models import Account, ExternalIdentity, Run
from crmapp.services import bulk_edits, crm_mappings, decisions, fixing, receipts, runs
from crmapp.services.fixes import Fix
from crmapp.services.fixing import Answer
from tests.factories import Make, _kept
from tests.support import bulk
from tests.support.feeds import Erp, customer, feed, living, mapping, source
from tests.support.upserts import carry_out, plan, take_back

KEPT = FieldMapping(
    {"name": "name", "number": "code", "phone": "phone", "location": "city"},
    fixed={"credit_limit": "100"},
)
COLUMNS = {"name": "name", "number": "code", "phone": "phone", "fax": "fax"}
BULK = FieldMapping({**COLUMNS, "location": "place", "credit_limit": "limit"})


@pytest.fixture
def rule(make: Make) -> int:
    """A CRM mapping by which an ERP keeps C1 and C2, but for where it is, which the newest says."""
    erp = Erp([customer(1, city="Lyon"), customer(2, city="Lyon")])
    fed = FedBy(source(make, erp, "Our ERP"), KEPT, {"location": Owner.NEWEST})
    made = mapping(make, content=Content((fed,)))
    feed(make, made)
    return made


def row(number: int, **cells: Any) -> dict[str, dict[str, Any]]:
    usual = {"code": f"C{number}", "name": f"Customer {number}", "phone": "555 123", "limit": "100"}
    return {f"C{number}": {**usual, "fax": "", "place": "", **cells}}


def rows_of(run: Run) -> dict[str, dict[str, Any]]:
    with artefacts.read([part["name"] for part in run.artefacts]) as file:
        return {each["key"]: each for each in file.rows("true", [], 100)}


def account(number: str) -> Account:
    return living(number=number)[0]


def test_a_row_is_carried_out_without_what_a_source_keeps(make: Make, rule: int) -> None:
    cells = {"phone": "999 999", "fax": "111 111", "place": "Graz", "limit": "500"}

    done = carry_out(make, plan(make, row(1, **cells), BULK))

    after = account("C1")
    assert (after.phone, after.fax, after.location) == ("555 123", "111 111", "Graz")
    assert after.credit_limit == 100
    (said,) = receipts.left_out(done, by=make.mona)
    assert (said.outcome, said.account) == ("updated", after.id)
    assert str(said.reason).startswith("Not changed here, because Our ERP keeps it: ")
    assert runs.receipt_of(done).balances


def test_a_row_that_would_change_nothing_else_is_skipped(make: Make, rule: int) -> None:
    planned = plan(make, {**row(1, phone="999 999"), **row(2)}, BULK)
    counts = planned.counts

    done = carry_out(make, planned)

    assert counts == {"kept": 1, "unchanged": 1}
    assert account("C1").phone == "555 123"
    assert done.status == "done_with_errors"
    assert runs.receipt_of(done).outcomes["skipped"] == 1


def test_amounts_that_are_left_alone_are_in_no_control_total(make: Make, rule: int) -> None:
    rows = {**row(1, fax="111 111", limit="500"), **row(2), **row(3, limit="7")}

    done = carry_out(make, plan(make, rows, BULK))

    assert done.control == {
        "credit_limit": {"planned": "107.00", "written": "107.00", "left_out": "0"}
    }
    assert runs.receipt_of(done).balances


def test_new_accounts_are_created_with_every_value(make: Make, rule: int) -> None:
    carry_out(make, plan(make, row(3, phone="999 999", limit="500"), BULK))

    assert (account("C3").phone, account("C3").credit_limit) == ("999 999", 500)


def test_a_rule_that_rests_keeps_nothing(make: Make, rule: int) -> None:
    crm_mappings.schedule(rule, kind="never", active=False, by=make.alice)

    carry_out(make, plan(make, row(1, phone="999 999"), BULK))

    assert account("C1").phone == "999 999"


def test_a_cell_that_is_fixed_in_the_preview_does_not_open_the_lock(make: Make, rule: int) -> None:
    planned = plan(make, row(1, phone="999 999", fax="111 111", limit="N/A"), BULK)
    answer = Answer("fix-1-credit_limit", Fix.VALUE, "credit_limit", "500", row_no=1)
    fixing.fix(planned.id, [answer], plan_hash=planned.plan_hash or "", by=make.mona)
    session.rollback()

    done = carry_out(make, runs.get(planned.id, by=make.mona))

    after = account("C1")
    assert (after.phone, after.fax, after.credit_limit) == ("555 123", "111 111", 100)
    assert runs.receipt_of(done).balances


def test_an_account_that_a_person_chose_keeps_what_a_source_keeps(make: Make, rule: int) -> None:
    prospect = make.account("Toys", phone="555 123")
    system = session.scalars(select(ExternalIdentity.system)).first()
    known = {"system": system, "object": "customer", "external_id": "K7"}
    _kept(ExternalIdentity(**known, account_id=prospect.id))
    planned = plan(make, row(7, name="Toys", phone="999 999", fax="111 111", limit="500"), BULK)
    chosen = {1: f"update:{prospect.id}"}
    decisions.decide(planned.id, chosen, plan_hash=planned.plan_hash or "", by=make.mona)
    session.rollback()

    done = carry_out(make, planned)

    after = session.get_one(Account, prospect.id)
    assert (after.phone, after.fax, after.number) == ("555 123", "111 111", None)
    assert runs.receipt_of(done).balances


def test_a_second_row_for_an_account_is_still_the_one_that_is_rejected(
    make: Make, rule: int
) -> None:
    again = {**row(1)["C1"], "fax": "222 222"}
    rows = {**row(1, phone="999 999", fax="111 111"), "again": again}

    planned = rows_of(plan(make, rows, BULK))

    assert (planned["C1"]["action"], planned["again"]["action"]) == ("update", "rejected")


def test_a_run_that_left_something_alone_can_be_taken_back(make: Make, rule: int) -> None:
    done = carry_out(make, plan(make, row(1, phone="999 999", fax="111 111"), BULK))

    take_back(make, done)

    assert (account("C1").fax, account("C1").phone) == (None, "555 123")


def test_an_edit_of_many_accounts_leaves_alone_what_a_source_keeps(make: Make, rule: int) -> None:
    other = make.account("Other")
    give = bulk_edits.setting("phone", "999 999", by=make.mona)
    before = account("C1").phone

    planned = bulk.plan(bulk.those(account("C1"), other), give, make.mona)
    done = bulk.carry_out(planned, make.mona)

    assert planned.counts == {"kept": 1, "update": 1}
    assert (account("C1").phone, make.again(Account, other.id).phone) == (before, "999 999")
    (left,) = receipts.left_out(done, by=make.mona)
    assert left.reason.params["source"] == "Our ERP"
