"""A value of a pick list gives way to another in all that hold it: planned, run, undone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.errors import AlreadyRunning, Conflict, Forbidden, Invalid
from crmapp.models import Account, Contact, PickListValue, Run
from crmapp.services import (
    contacts,
    history,
    pick_list_values,
    planning,
    plans,
    receipts,
    replacements,
    runs,
)
from tests.factories import Make
from tests.support.feeds import Erp, customer, feed, living, mapping, source
from tests.support.upserts import MAPPING, edit, rows_of, take_back
from tests.support.upserts import plan as plan_rows


def value_of(code: str, list_code: str = "terms") -> PickListValue:
    query = select(PickListValue).where(
        PickListValue.list_code == list_code, PickListValue.code == code
    )
    return session.scalars(query).one()


def plan(make: Make, to: str = "net_60", code: str = "net_30", list_code: str = "terms") -> Run:
    value_id = value_of(code, list_code).id
    run_id = replacements.start(list_code, value_id, to=to, by=make.alice, locale="en", key=None)
    runs.work(run_id)
    return runs.get(run_id, by=make.alice)


def carry_out(make: Make, planned: Run) -> Run:
    run_id = planned.id
    replacements.run_later(run_id, plan_hash=planned.plan_hash or "", key=None, by=make.alice)
    runs.work(run_id)
    return runs.get(run_id, by=make.alice)


def terms(make: Make, *held: Account) -> list[str | None]:
    return [make.again(Account, account.id).terms for account in held]


def test_nothing_is_written_before_the_plan_is_run(make):
    held = make.account("Held", terms="net_30")

    planned = plan(make)

    assert (planned.status, planned.counts) == ("planned", {"delete": 1, "update": 1})
    assert planned.title == "Terms: Net 30 → Net 60"
    assert terms(make, held) == ["net_30"]


def test_whoever_holds_the_value_gets_the_other_and_the_value_goes(make, monkeypatch):
    monkeypatch.setattr(planning, "PART", 2)
    held = [make.account(f"Held {n}", terms="net_30") for n in range(5)]
    other = make.account("Other", terms="prepaid")

    done = carry_out(make, plan(make))

    assert (done.status, done.done) == ("done", {"updated": 6})
    assert terms(make, *held, other) == ["net_60"] * 5 + ["prepaid"]
    assert value_of("net_30").deleted_at is not None
    assert runs.receipt_of(done).balances


def test_all_comes_back_by_an_undo_and_goes_again_by_its_undo(make):
    held = make.account("Held", terms="net_30")
    done = carry_out(make, plan(make))

    undoing = take_back(make, done)

    assert terms(make, held) == ["net_30"]
    assert value_of("net_30").deleted_at is None
    assert runs.get(done.id, by=make.alice).status == "undone"
    take_back(make, undoing)
    assert terms(make, held) == ["net_60"]
    assert value_of("net_30").deleted_at is not None


def test_an_undo_keeps_what_people_changed_since(make):
    held, edited = (make.account(name, terms="net_30") for name in ("Held", "Edited"))
    done = carry_out(make, plan(make))
    edit(make, edited, terms="prepaid")

    undoing = take_back(make, done)

    assert terms(make, held, edited) == ["net_30", "prepaid"]
    assert undoing.done == {"updated": 2, "skipped": 1}


def test_contacts_and_activities_hold_values_too(make):
    account = make.account("Held")
    contact = make.contact(account, job_title="manager")
    activity = make.activity(account, kind="task", status="deferred")

    carry_out(make, plan(make, "director", "manager", "job_title"))
    done = carry_out(make, plan(make, replacements.NOTHING, "deferred", "status"))

    assert make.again(Contact, contact.id).job_title == "director"
    assert make.again(type(activity), activity.id).status is None
    shown = plans.rows(done, Planned.UPDATE, 1, by=make.alice, locale="en").rows
    assert [(row.object, row.account) for row in shown] == [("activity", account.id)]
    assert [(line.before, line.after) for line in shown[0].lines] == [("Deferred", None)]


def test_the_value_stays_while_somebody_has_come_to_hold_it(make):
    planned = plan(make)
    late = make.account("Late", terms="net_30")

    done = carry_out(make, planned)

    assert (done.status, done.done) == ("done_with_errors", {"skipped": 1})
    (left,) = receipts.left_out(done, by=make.alice)
    assert "hold this value" in str(left.reason)
    assert terms(make, late) == ["net_30"]
    assert value_of("net_30").deleted_at is None


def test_a_record_that_changed_since_the_plan_is_skipped_and_listed(make):
    account = make.account("Held")
    contact = make.contact(account, job_title="manager")
    planned = plan(make, "director", "manager", "job_title")
    contacts.update(contact.id, {"last_name": "Roe"}, 1, by=make.alice)

    done = carry_out(make, planned)

    reasons = [str(each.reason) for each in receipts.left_out(done, by=make.alice)]
    assert reasons[0] == "Somebody changed this record after the plan was made."
    assert done.done == {"skipped": 2}


def test_the_history_of_an_account_names_the_run(make):
    held = make.account("Held", terms="net_30")

    done = carry_out(make, plan(make))

    (entry,) = history.of("account", held.id, by=make.alice, locale="en").entries
    assert entry.change.run_id == done.id
    assert [(line.before, line.after) for line in entry.lines] == [("Net 30", "Net 60")]
    assert str(entry.source) == "Pick list"


@pytest.mark.parametrize("to", ["", "net_30", "nowhere", "retired"])
def test_only_another_active_value_takes_the_place(make, to):
    make.value("terms", "retired", active=False)

    with pytest.raises(Invalid) as refused:
        replacements.start(
            "terms", value_of("net_30").id, to=to, by=make.alice, locale="en", key=None
        )

    assert str(refused.value.fields["to"]) == "Choose the value that takes its place."
    assert session.scalars(select(Run)).all() == []


def test_the_same_form_sent_twice_plans_once(make):
    value_id = value_of("net_30").id

    ids = {
        replacements.start("terms", value_id, to="net_60", by=make.alice, locale="en", key="k")
        for _ in range(2)
    }

    assert len(ids) == 1


def test_a_plan_that_is_not_the_one_that_was_looked_at_does_not_run(make):
    planned = plan(make)

    with pytest.raises(Conflict):
        replacements.run_later(planned.id, plan_hash="another", key=None, by=make.alice)
    carry_out(make, planned)
    with pytest.raises(AlreadyRunning):
        replacements.run_later(planned.id, plan_hash="another", key=None, by=make.alice)


def test_those_who_may_not_change_settings_replace_nothing(make):
    planned = plan(make)

    with pytest.raises(Forbidden):
        replacements.run_later(planned.id, plan_hash="", key=None, by=make.mona)


def test_an_import_may_repeat_a_retired_value_but_not_choose_it(make):
    make.account("Acme", number="C1", phone="555 123", terms="net_30")
    make.account("Bolt", number="C2", phone="555 123", terms="net_60")
    value = value_of("net_30")
    kept = {"label_en": "Net 30", "active": False}
    pick_list_values.change("terms", value.id, kept, 1, by=make.alice)
    mapping = replace(MAPPING, columns={**MAPPING.columns, "terms": "terms"})

    planned = plan_rows(make, rows_of("Acme", "Bolt", "New", terms="Net 30"), mapping)

    assert planned.counts == {"rejected": 2, "unchanged": 1}


def test_custom_fields_that_hold_it_get_the_other_value_too(make):
    make.field("Main terms", kind="pick_list", pick_list="terms")
    make.field("Other terms", kind="multi_pick_list", pick_list="terms")
    held = make.account(
        "Held", custom={"c_main_terms": "net_30", "c_other_terms": ["net_15", "net_30"]}
    )

    done = carry_out(make, plan(make))

    assert done.status == "done"
    assert make.again(Account, held.id).custom == {
        "c_main_terms": "net_60",
        "c_other_terms": ["net_15", "net_60"],
    }


# --- fields that a source of customers keeps ---------------------------------------------------


def an_erp_that_keeps_the_terms(make: Make) -> int:
    """Return an ERP that says of its customers C1 and C2 that they pay in 30 days, and its rule."""
    erp = Erp([customer(1, territory="net_30"), customer(2, territory="net_30")])
    kept = FieldMapping({"name": "name", "number": "code", "terms": "territory"})
    rule = mapping(make, content=Content((FedBy(source(make, erp), kept),)))
    feed(make, rule)
    return rule


def test_what_a_source_keeps_changes_too_and_its_rows_say_so(make):
    an_erp_that_keeps_the_terms(make)
    own = make.account("Own", terms="net_30")

    planned = plan(make)
    rows = plans.rows(planned, Planned.UPDATE, 1, by=make.alice, locale="en").rows
    done = carry_out(make, planned)

    said = {row.name: row.reason and row.reason.params["source"] for row in rows}
    assert said == {"Customer 1": "Our ERP", "Customer 2": "Our ERP", "Own": None}
    assert terms(make, *living(), own) == ["net_60"] * 3
    assert receipts.left_out(done, by=make.alice) == []


def test_a_source_that_still_says_the_value_that_went_has_its_row_rejected(make):
    rule = an_erp_that_keeps_the_terms(make)
    carry_out(make, plan(make))

    run = feed(make, rule)

    assert run is not None
    assert [(each.reason, each.count) for each in receipts.causes(run)] == [("bad_value", 2)]
    assert terms(make, *living()) == ["net_60"] * 2


def test_what_a_source_keeps_comes_back_by_an_undo(make):
    an_erp_that_keeps_the_terms(make)
    done = carry_out(make, plan(make))

    take_back(make, done)

    assert terms(make, *living()) == ["net_30"] * 2
