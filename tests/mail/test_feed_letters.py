"""What people are told of feeds by e-mail: rows that were left out, and runs that wait for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.mail import messages
from crmapp.models import MailOutbox
from crmapp.services import crm_mappings, feeds
from tests.support.feeds import Erp, customer, feed, mapping, source, work


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp, clock):
    """A CRM mapping that runs every five minutes."""
    assert all([make.alice, make.ivan, make.mona, make.bob])
    made = mapping(make, source(make, erp))
    crm_mappings.schedule(made, kind="every", every=5, by=make.alice)
    return made


@pytest.fixture
def run_it(rule, clock):
    """Return a function that lets the schedule start a run, and the run come to its end."""

    def run():
        clock.shift(timedelta(minutes=5, seconds=1))
        (run_id,) = feeds.start_due()
        return work(run_id)

    return run


def told(kind):
    """Return who got letters of a kind, as often as they did."""
    session.rollback()
    rows = session.scalars(select(MailOutbox.recipient).where(MailOutbox.kind == kind))
    return sorted(each.split("@")[0] for each in rows)


def letter(kind):
    return messages.write(session.query(MailOutbox).filter_by(kind=kind).first())


def test_rows_that_are_left_out_are_told_once_to_who_is_told_of_failures(erp, run_it):
    erp.rows.append({**customer(1, "Again"), "id": "K98"})
    run = run_it()
    words = letter("run_failed")
    first = told("run_failed")
    erp.rows.append(customer(8))
    second = run_it()

    assert (run.status, second.done["created"]) == ("done_with_errors", 1)
    assert second.status == "done_with_errors"
    assert first == ["alice", "ivan"]
    assert told("run_failed") == first
    assert words.subject == "ERP: Completed with errors"
    assert "Skipped: 1" in words.text


def test_other_rows_that_are_left_out_are_told_anew(erp, run_it):
    erp.rows.append({**customer(1, "Again"), "id": "K98"})
    run_it()
    erp.rows += [{**customer(2, "Again"), "id": "K99"}, customer(9)]

    run_it()

    assert told("run_failed") == ["alice", "alice", "ivan", "ivan"]


def test_a_row_that_every_run_skips_is_told_once(make, erp, run_it):
    run_it()
    make.account("Mine", number="X1")
    erp.rows[0] = {**customer(1), "code": "X1"}
    first = run_it()
    erp.rows.append(customer(8))

    second = run_it()

    assert first.done == {"unchanged": 6, "rejected": 1}
    assert second.done == {"unchanged": 6, "rejected": 1, "created": 1}
    assert told("run_failed") == ["alice", "ivan"]


def test_who_runs_it_by_hand_is_told_alone_and_the_schedule_says_no_more(make, erp, rule, run_it):
    erp.rows.append({**customer(1, "Again"), "id": "K98"})
    feed(make, rule)
    erp.rows.append(customer(8))

    run_it()

    assert (told("run_ended"), told("run_failed")) == (["alice"], [])


def test_a_run_that_is_all_well_is_told_to_nobody(run_it):
    assert run_it().status == "done"
    assert told("run_failed") == []


def test_a_source_that_shrank_is_told_with_its_figures_and_the_page_of_the_plan(erp, clock, run_it):
    run_it()
    del erp.rows[4:]
    clock.shift(timedelta(hours=25))
    run = run_it()

    words = letter("run_waits")

    assert told("run_waits") == ["alice", "ivan"]
    assert words.subject == "ERP: waits for you"
    assert "ERP: “Our ERP” had 7 rows and has 4 now." in words.text
    assert f"/admin/feeds/{run.id}/plan" in words.text


def test_customers_that_are_gone_are_told_with_their_number(erp, clock, run_it):
    run_it()
    del erp.rows[6]
    clock.shift(timedelta(hours=25))
    run_it()

    words = letter("run_waits")

    assert "ERP: 1 customer is gone in the sources." in words.text
    assert "/plan" in words.text
