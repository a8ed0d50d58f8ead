"""Accounts that other systems create and keep, by a standing rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crmapp.connectors.errors import Retryable
from crmapp.db import session, unit_of_work, utcnow
from crmapp.domain.changes import Reason
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.errors import AlreadyRunning, Conflict, Invalid
from crmapp.models import Change, CrmMapping, ExternalIdentity, FeedCursor, FeedSource, Run
from crmapp.services import crm_mappings, feed_sources, feeds, plans, runs, sweeper
from crmapp.services.feed_readers import Column
from tests.support.feeds import (
    MAPPING,
    Erp,
    customer,
    feed,
    living,
    mapping,
    numbers,
    source,
    work,
)


def changes():
    return session.scalar(select(func.count()).select_from(Change))


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 8)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


def test_new_customers_become_accounts(make, rule):
    run = feed(make, rule)

    assert (run.status, run.done) == ("done", {"created": 7})
    assert numbers() == [f"C{n}" for n in range(1, 8)]


def test_the_same_feed_again_writes_nothing_and_leaves_no_run(make, rule):
    feed(make, rule)
    before = changes()

    again = feed(make, rule)

    assert again is None
    assert changes() == before


def test_a_customer_that_changed_there_changes_here(make, rule, erp):
    feed(make, rule)
    erp.rows[2] = customer(3, "Renamed")

    run = feed(make, rule)

    assert run.done == {"unchanged": 6, "updated": 1}
    assert living(number="C3")[0].name == "Renamed"


def test_a_customer_that_is_renumbered_stays_the_same_account(make, rule, erp):
    feed(make, rule)
    (before,) = living(number="C3")
    was = before.id
    erp.rows[2] = {**customer(3), "code": "X3"}

    feed(make, rule)

    assert [account.id for account in living(number="X3")] == [was]
    assert not living(number="C3")


def test_a_dry_run_only_plans_and_can_be_begun(make, rule):
    planned = feed(make, rule, dry=True)
    seen = (planned.status, planned.counts, numbers())
    feeds.begin(planned.id, planned.plan_hash, by=make.alice)
    done = work(planned.id)

    assert seen == ("planned", {"create": 7}, [])
    assert done.done == {"created": 7}


def test_a_plan_by_an_older_version_of_the_mapping_is_not_begun(make, rule):
    planned = feed(make, rule, dry=True)
    kept = Content.from_json(session.get_one(CrmMapping, rule).content)
    fewer = Content(
        (replace(kept.sources[0], mapping=FieldMapping({"name": "name", "number": "code"})),)
    )
    crm_mappings.save(rule, "ERP", fewer, version=1, by=make.alice)

    with pytest.raises(Conflict) as refused:
        feeds.begin(planned.id, planned.plan_hash, by=make.alice)

    assert "was changed since this plan was made" in str(refused.value.message)
    assert numbers() == []


def test_rows_that_repeat_a_number_are_left_out_and_said(make, rule, erp):
    erp.rows += [{**customer(1, "Again"), "id": "K99"}, customer(2, "Twice")]

    run = feed(make, rule)

    assert run.done == {"created": 7, "skipped": 2}
    shown = plans.rows(run, Planned.KEPT, 1, by=make.alice, locale="en").rows
    assert [row.planned.reason for row in shown] == [Reason.DUPLICATE_KEY] * 2
    assert living(number="C1")[0].name == "Customer 1"
    assert living(number="C2")[0].name == "Customer 2"


def test_problems_that_were_seen_leave_no_second_run(make, rule, erp):
    erp.rows += [{**customer(1, "Again"), "id": "K99"}]
    feed(make, rule)

    assert feed(make, rule) is None
    erp.rows += [{**customer(2, "Too"), "id": "K98"}]
    assert feed(make, rule) is not None


def test_the_leftmost_source_counts_and_the_others_are_linked(make, erp):
    shop = Erp([{**customer(3, "Shop name"), "id": "S3"}, {**customer(20), "id": "S20"}])
    left, right = source(make, erp), source(make, shop, "Shop")
    rule = mapping(make, left, right)

    run = feed(make, rule)

    assert run.done == {"created": 8, "unchanged": 1}
    (account,) = living(number="C3")
    assert account.name == "Customer 3"
    known = select(ExternalIdentity.system, ExternalIdentity.external_id)
    mine = known.where(ExternalIdentity.account_id == account.id)
    assert sorted(map(tuple, session.execute(mine))) == [
        (f"feed:{left}", "K3"),
        (f"feed:{right}", "S3"),
    ]
    assert feed(make, rule) is None


def test_a_customer_that_only_the_right_source_has_left_is_kept_by_that(make, erp):
    shop = Erp([{**customer(3, "Shop name"), "id": "S3"}])
    rule = mapping(make, source(make, erp), source(make, shop, "Shop"))
    feed(make, rule)
    del erp.rows[2]

    feed(make, rule)

    assert [account.name for account in living(number="C3")] == ["Shop name"]


def test_an_account_that_was_typed_by_hand_before_is_found_by_its_number(make, rule):
    mine = make.account("Custumer 4", number="C4").id

    run = feed(make, rule)

    assert run.done == {"created": 6, "updated": 1}
    assert living(number="C4")[0].id == mine


def test_a_near_name_waits_for_a_person_and_holds_up_nobody(make, rule, erp):
    make.account("Acme Boults")
    erp.rows[0] = customer(1, "Acme Bolts")

    run = feed(make, rule)

    assert run.done == {"created": 6, "skipped": 1}
    assert not living(number="C1")
    assert feed(make, rule) is None


def test_two_customers_that_could_both_be_one_account_wait_for_a_person(make, erp):
    place = {"zip": "75001"}
    erp.rows = [customer(1, "Acme", **place), customer(2, "Acme", **place)]
    make.account("Acme", billing_postal_code="75001")
    columns = {**MAPPING.columns, "billing_postal_code": "zip"}
    fed = FedBy(source(make, erp), FieldMapping(columns))
    rule = mapping(make, content=Content((fed,)))

    run = feed(make, rule)

    assert run.done == {"skipped": 2}
    assert numbers() == []


def test_the_same_number_in_two_companies_is_two_accounts(make):
    one, two = Erp([customer(1, "Paris")]), Erp([{**customer(1, "London"), "id": "L1"}])
    rule = mapping(
        make,
        source(make, one, "France", company="FR"),
        source(make, two, "Britain", company="UK"),
    )

    run = feed(make, rule)

    assert run.done == {"created": 2}
    assert [(a.erp_company, a.name) for a in living()] == [("FR", "Paris"), ("UK", "London")]
    assert feed(make, rule) is None


def test_a_source_that_shrinks_too_much_stops_and_says_why(make, rule, erp):
    feed(make, rule)
    del erp.rows[4:]

    run = feed(make, rule)

    assert run.status == "planned"
    assert run.error == "“Our ERP” had 7 rows and has 4 now. Look at the plan before you run it."
    assert all(account.active for account in living())


def test_a_customer_that_is_gone_there_is_proposed_to_be_deactivated(make, rule, erp):
    feed(make, rule)
    del erp.rows[6]

    nothing = feed(make, rule)
    (waiting,) = session.scalars(select(Run).where(Run.status == "planned"))
    before = [account.active for account in living(number="C7")]
    feeds.begin(waiting.id, waiting.plan_hash, by=make.alice)
    done = work(waiting.id)

    assert (nothing, before) == (None, [True])
    assert done.done == {"updated": 1}
    assert [account.active for account in living(number="C7")] == [False]
    assert [account.active for account in living(number="C6")] == [True]


def test_a_proposal_is_made_once(make, rule, erp):
    feed(make, rule)
    del erp.rows[6]

    for _time in range(3):
        feed(make, rule)

    assert session.scalar(select(func.count()).where(Run.status == "planned")) == 1


def test_only_what_changed_is_read_of_a_source_that_can_say_so(make, erp):
    erp.delta = True
    rule = mapping(make, source(make, erp))
    feed(make, rule)
    erp.rows.append(customer(8))

    run = feed(make, rule)

    assert (run.total, run.done) == (1, {"created": 1})
    assert session.scalars(select(FeedCursor)).one().cursor == {"at": 8}


def test_everything_is_read_again_after_a_day(make, erp, clock):
    erp.delta = True
    rule = mapping(make, source(make, erp))
    feed(make, rule)
    del erp.rows[6]
    clock.shift(timedelta(hours=25))

    feed(make, rule)

    assert session.scalars(select(Run).where(Run.status == "planned")).one().counts == {"update": 1}


def test_a_source_that_is_away_is_asked_again_and_goes_on(make, rule, erp):
    left = [Retryable()]

    def once(page):
        if page == 1 and left:
            raise left.pop()

    erp.before = once
    run_id = feeds.start(rule, by=make.alice)
    runs.work(run_id)
    with unit_of_work():
        session.get_one(Run, run_id).retry_at = None

    run = work(run_id)

    assert run.done == {"created": 7}


def test_a_second_run_is_refused_while_one_is_at_work(make, rule):
    feeds.start(rule, by=make.alice)

    with pytest.raises(AlreadyRunning):
        feeds.start(rule, by=make.alice)


def test_a_schedule_starts_a_feed_by_itself(make, rule, clock):
    crm_mappings.schedule(rule, kind="every", every=5, by=make.alice)
    early = feeds.start_due()
    clock.shift(timedelta(minutes=5, seconds=1))

    sweeper.sweep()

    (run,) = session.scalars(select(Run).where(Run.kind == "feed"))
    assert (early, run.by_id) == ([], None)
    assert work(run.id).done == {"created": 7}
    assert session.get_one(CrmMapping, rule).next_at > utcnow()


@pytest.mark.parametrize(
    "kind", [{"kind": "every", "every": 5}, {"kind": "cron", "cron": "0 6 * * 1"}]
)
def test_what_a_wrong_clock_put_off_for_years_is_not_waited_for(make, rule, clock, kind):
    clock.shift(timedelta(days=3650))
    crm_mappings.schedule(rule, **kind, by=make.alice)
    clock.shift(timedelta(days=-3650))

    begun = feeds.start_due()

    next_at = session.get_one(CrmMapping, rule).next_at
    assert (len(begun), utcnow() < next_at <= utcnow() + timedelta(days=7)) == (1, True)
    assert feeds.start_due() == []


def test_once_a_year_stays_once_a_year(make, rule, clock):
    crm_mappings.schedule(rule, kind="cron", cron="0 6 1 1 *", by=make.alice)
    before = session.get_one(CrmMapping, rule).next_at

    assert feeds.start_due() == []
    assert session.get_one(CrmMapping, rule).next_at == before


def test_after_a_run_that_failed_the_schedule_rests_and_says_until_when(make, rule, erp, clock):
    crm_mappings.schedule(rule, kind="every", every=5, by=make.alice)
    clock.shift(timedelta(minutes=5, seconds=1))
    erp.columns = lambda locale: [Column("other", "Other")]
    (run_id,) = feeds.start_due()
    failed, at = work(run_id).status, utcnow()
    next_at = session.get_one(CrmMapping, rule).next_at
    clock.shift(timedelta(minutes=6))
    soon = feeds.start_due()
    clock.shift(timedelta(minutes=25))

    later = feeds.start_due()

    assert (failed, soon, len(later)) == ("failed", [], 1)
    assert next_at - at > timedelta(minutes=29)


def test_name_and_number_are_mandatory(make, erp):
    fed = FedBy(source(make, erp), FieldMapping({"name": "name"}, match="name"))

    with pytest.raises(Invalid) as refused:
        mapping(make, content=Content((fed,)))

    assert set(refused.value.fields) == {"0.number", "0.match"}


def test_what_is_changed_is_a_version_and_everything_is_read_anew(make, erp):
    erp.delta = True
    source_id = source(make, erp)
    rule = mapping(make, source_id)
    feed(make, rule)
    columns = {**MAPPING.columns, "billing_city": "city"}
    content = Content((FedBy(source_id, FieldMapping(columns)),))

    crm_mappings.save(rule, "ERP", content, version=1, by=make.alice)

    saved = crm_mappings.get(rule, by=make.alice)
    steps = crm_mappings.story(saved)
    assert [step.version.version for step in steps] == [2, 1]
    assert [str(each) for each in steps[0].changes] == ["“Our ERP”: City is filled from “city”."]
    assert session.scalars(select(FeedCursor)).one().cursor is None


def test_a_source_that_is_read_by_a_crm_mapping_is_not_retired(make, rule):
    (source_id,) = session.scalars(select(FeedSource.id))

    with pytest.raises(Conflict) as refused:
        feed_sources.retire(source_id, version=1, by=make.alice)

    assert str(refused.value.message) == "It is used by ERP. Take it out there first."


def test_a_source_that_was_taken_out_of_its_crm_mapping_can_be_retired(make, rule, erp):
    (before,) = session.scalars(select(FeedSource.id))
    other = Content((FedBy(source(make, erp, "Another"), MAPPING),))
    crm_mappings.save(rule, "ERP", other, version=1, by=make.alice)

    feed_sources.retire(before, version=1, by=make.alice)

    assert feed_sources.get(before, by=make.alice).retired_at is not None
