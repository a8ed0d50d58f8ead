"""What people read of a run of a CRM mapping: each source's rows, all of them accounted for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.errors import Forbidden, NotFound
from crmapp.models import Run
from crmapp.services import feed_runs, feeds, plans, receipts, runs
from tests.support.feeds import MAPPING, Erp, customer, feed, mapping, source, work


def counted(part):
    return {name: count for name, count in part.outcomes.items() if count}


@pytest.fixture
def two(make):
    """Two sources of which the right one has a customer of the left, one of its own, one twice."""
    erp = Erp([customer(n) for n in range(1, 4)] + [{**customer(1, "Again"), "id": "K9"}])
    shop = Erp([{**customer(2), "id": "S2"}, {**customer(20), "id": "S20"}, {"id": "S0"}])
    rule = mapping(make, source(make, erp, "Main ERP"), source(make, shop, "Shop"))
    return rule, erp, shop


def test_each_source_says_what_became_of_its_rows(make, two):
    run = feed(make, two[0])

    left, right = feed_runs.parts(run)

    assert (left.name, left.rows, left.whole, left.missing) == ("Main ERP", 4, True, 0)
    assert counted(left) == {"created": 3, "skipped": 1}
    assert (right.name, right.rows, right.missing) == ("Shop", 3, 0)
    assert counted(right) == {"created": 1, "unchanged": 1, "rejected": 1}


def test_rows_that_were_left_out_name_their_source_and_are_grouped_by_cause(make, two):
    run = feed(make, two[0])

    found = receipts.left_out(run, by=make.alice)
    causes = receipts.causes(run)

    assert [(row.of, row.key, row.outcome) for row in found] == [
        ("Main ERP", "K9", "skipped"),
        ("Shop", "S0", "rejected"),
    ]
    assert sorted(str(group.sentence) for group in causes) == [
        "Name: Enter a value; this field is required.",
        "The source has C1 more than once; only the first row counts.",
    ]
    asked = [(group.reason, group.field) for group in causes]
    per_cause = [len(receipts.left_out(run, by=make.alice, cause=each)) for each in asked]
    assert per_cause == [group.count for group in causes]


def test_rows_that_stay_as_they_are_say_why_where_it_is_not_their_own_doing(make, two):
    run = feed(make, two[0])

    shown = plans.rows(run, Planned.UNCHANGED, 1, by=make.alice, locale="en")

    assert [(row.name, str(row.reason)) for row in shown.rows] == [
        ("Customer 2", "A source further left has C2; what that says counts."),
    ]
    assert [group.count for group in shown.groups] == [1]


def test_a_customer_that_a_reading_says_again_is_no_mistake_but_said(make):
    erp = Erp([customer(1), customer(2), customer(1, "Anew")], delta=True)

    run = feed(make, mapping(make, source(make, erp)))

    shown = plans.rows(run, Planned.UNCHANGED, 1, by=make.alice, locale="en")
    assert (run.status, run.done) == ("done", {"created": 2, "unchanged": 1})
    assert [str(row.reason) for row in shown.rows] == [
        "A row further down says the same customer anew; the last one counts."
    ]


def test_a_part_of_a_source_says_since_when_it_was_read(make, clock):
    erp = Erp([customer(1)], delta=True)
    rule = mapping(make, source(make, erp))
    feed(make, rule)
    clock.shift(timedelta(hours=1))
    erp.rows.append(customer(2))

    (part,) = feed_runs.parts(feed(make, rule))

    assert (part.rows, part.whole) == (1, False)
    assert part.read_at - part.since == timedelta(hours=1)


@pytest.mark.parametrize("day", ["infinity", "-infinity", "0044-03-15 BC"])
def test_a_day_that_no_calendar_has_rejects_its_row_and_no_other(make, day):
    since = make.field("Customer since", kind="date")
    erp = Erp([customer(1, changed=day), customer(2, changed=date(2026, 6, 15))])
    mapped = FieldMapping({**MAPPING.columns, since.name: "changed"})
    rule = mapping(make, content=Content((FedBy(source(make, erp), mapped),)))

    run = feed(make, rule)

    (row,) = receipts.left_out(run, by=make.alice)
    assert run.done == {"created": 1, "rejected": 1}
    assert (row.key, row.found) == ("K1", day)
    assert "date" in str(row.reason)


@pytest.fixture
def files(make):
    """Files that are read once each, of which the first holds a customer that is asked about."""
    make.account("Acme Boults")
    erp = Erp([customer(1, "Acme Bolts")], delta=True, deletions=False)
    return mapping(make, source(make, erp)), erp


def read_of(make, rule, **how):
    (part,) = feed_runs.parts(feed(make, rule, **how))
    return part.rows, part.asked, part.whole


def test_files_that_are_read_once_are_never_all_rows_that_there_are(make, files):
    assert read_of(make, files[0]) == (1, 0, False)


def test_rows_that_somebody_was_asked_about_are_told_from_those_that_were_read(make, files):
    rule, erp = files
    feed(make, rule)
    erp.rows = [customer(2)]

    assert read_of(make, rule, whole=True) == (2, 1, False)


def test_a_plan_counts_what_would_become_of_the_rows(make, two):
    run = feed(make, two[0], dry=True)

    assert [counted(part) for part in feed_runs.parts(run)] == [
        {"created": 3, "skipped": 1},
        {"created": 1, "unchanged": 1, "rejected": 1},
    ]


def test_rows_that_were_skipped_while_it_ran_are_counted_as_that(make, two):
    planned = feed(make, two[0], dry=True)
    make.account("Mine", number="C3")
    feeds.begin(planned.id, planned.plan_hash, by=make.alice)

    done = work(planned.id)

    assert counted(feed_runs.parts(done)[0]) == {"created": 2, "skipped": 2}
    assert runs.receipt_of(done).balances


def test_a_run_that_was_cancelled_before_it_began_reached_no_row(make, two):
    planned = feed(make, two[0], dry=True)
    runs.cancel(planned.id, by=make.alice)

    parts = feed_runs.parts(runs.get(planned.id, by=make.alice))

    assert [part.missing for part in parts] == [4, 3]


def test_a_source_without_rows_takes_none_of_the_others(make, two):
    two[1].rows.clear()

    run = feed(make, two[0])

    assert [counted(part) for part in feed_runs.parts(run)] == [
        {},
        {"created": 2, "rejected": 1},
    ]
    assert {row.of for row in receipts.left_out(run, by=make.alice)} == {"Shop"}


def test_what_would_be_deactivated_is_of_no_source(make, two):
    rule, erp, _shop = two
    erp.rows += [customer(n) for n in range(4, 9)]
    feed(make, rule)
    del erp.rows[2]
    feed(make, rule)

    (waiting,) = session.scalars(select(Run).where(Run.status == "planned"))

    assert feed_runs.parts(waiting) == []


def test_accounts_of_the_same_number_lead_to_their_own_rows(make):
    one, two = Erp([customer(1, "Paris")]), Erp([{**customer(1, "London"), "id": "L1"}])
    rule = mapping(
        make,
        source(make, one, "France", company="FR"),
        source(make, two, "Britain", company="UK"),
    )

    run = feed(make, rule)

    shown = plans.rows(run, Planned.CREATE, 1, by=make.alice, locale="en").rows
    assert [row.name for row in shown] == ["Paris", "London"]
    assert len({row.account for row in shown} - {None}) == 2


def test_the_cell_that_could_not_be_used_is_that_of_its_own_source(make):
    erp = Erp([customer(1)])
    shop = Erp([{**customer(2), "id": "S2", "phone": "x" * 200}])
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))

    (row,) = receipts.left_out(feed(make, rule), by=make.alice)

    assert row.found == "x" * 200


def test_the_error_of_a_formula_is_no_value_of_a_source(make):
    rule = mapping(make, source(make, Erp([{**customer(1), "phone": "#N/A"}, customer(2)])))

    (row,) = receipts.left_out(feed(make, rule), by=make.alice)

    assert "The cell holds an error of the spreadsheet: #N/A" in str(row.reason)


def test_only_who_may_manage_integrations_opens_such_a_run(make, two):
    run = feed(make, two[0])

    with pytest.raises(Forbidden):
        feed_runs.get(run.id, by=make.mona)
    with pytest.raises(NotFound):
        feed_runs.get(make.run(kind="upsert").id, by=make.alice)
