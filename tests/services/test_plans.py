"""What people read from a plan: counts, pages of rows, old and new, reasons, candidates."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.models import PickListValue, Run
from crmapp.services import accounts, decisions, engine, plans, runs
from crmapp.services.words import Line
from tests.factories import Make
from tests.support.upserts import ROWS, carry_out, edit, plan, queue, rows_of


def shown(make: Make, run: Run, action: Planned, page: int = 1, **more: str) -> plans.Shown:
    return plans.rows(run, action, page, by=make.mona, locale="en", **more)


def test_counts_come_in_the_order_of_the_tabs(make: Make) -> None:
    make.account("Old name", number="C1")
    planned = plan(make)
    assert plans.counts(planned) == [
        (Planned.CREATE, 1),
        (Planned.UPDATE, 1),
        (Planned.REJECTED, 1),
    ]


def test_updates_are_shown_first(make: Make) -> None:
    make.account("Old name", number="C1")
    assert plans.opening(plan(make)) is Planned.UPDATE


def test_a_plan_that_changes_nothing_opens_on_what_there_is(make: Make) -> None:
    make.account("Acme", number="C1", phone="+33 1 23")
    assert plans.opening(plan(make, {"C1": ROWS["C1"]})) is Planned.UNCHANGED


def test_old_and_new_values_have_labels(make: Make) -> None:
    account = make.account("Acme", number="C1", phone="+44 20 1234")
    (row,) = shown(make, plan(make), Planned.UPDATE).rows
    assert row.lines == [Line("Phone", "+44 20 1234", "+33 1 23")]
    assert row.account == account.id


def test_codes_and_ids_are_shown_as_people_read_them(make: Make) -> None:
    mapping = FieldMapping(
        {"name": "name", "number": "code", "owner_id": "rep", "account_type": "kind"}
    )
    of_type = select(PickListValue).where(PickListValue.list_code == "account_type")
    label = session.scalars(of_type).first()
    row = {"code": "C1", "name": "Acme", "rep": make.bob.email, "kind": label.label_fr}
    make.account("Acme", number="C1", owner_id=make.mallory.id)
    (found,) = shown(make, plan(make, {"C1": row}, mapping), Planned.UPDATE).rows
    assert [(line.before, line.after) for line in found.lines] == [
        ("Mallory", "Bob"),
        (None, label.label_en),
    ]


def test_rows_come_fifty_a_page_by_row_number(make: Make) -> None:
    planned = plan(make, rows_of(*(f"Name {n}" for n in range(70))))
    second = shown(make, planned, Planned.CREATE, 2)
    assert (second.first, len(second.rows), second.count) == (51, 20, 70)
    assert [row.row_no for row in second.rows] == list(range(51, 71))


def test_a_page_past_the_end_is_the_last_one(make: Make) -> None:
    planned = plan(make, rows_of("One", "Two"))
    assert len(shown(make, planned, Planned.CREATE, 99).rows) == 2


def test_rejected_rows_are_grouped_by_reason_and_field(make: Make) -> None:
    bad = {f"P{n}": {"code": f"P{n}", "name": "Acme", "phone": "x"} for n in range(3)}
    planned = plan(make, {**bad, "N": {"code": "", "name": "Nobody", "phone": ""}})
    found = shown(make, planned, Planned.REJECTED)
    assert [(g.reason, g.field, g.count) for g in found.groups] == [
        ("bad_value", "phone", 3),
        ("no_key", "", 1),
    ]
    assert str(found.groups[0].sentence).startswith("Phone: Enter a phone number")


def test_a_group_leaves_open_what_differs_from_row_to_row(make: Make) -> None:
    mapping = FieldMapping({"name": "name", "number": "code", "terms": "terms"})
    one = rows_of("Acme", "Bolt", terms="soon")
    several = {**one, "C3": {**one["C1"], "code": "C3", "terms": "later"}}
    said = [
        str(shown(make, plan(make, rows, mapping), Planned.REJECTED).groups[0].sentence)
        for rows in (one, several)
    ]
    assert said == [
        "Terms: “soon” is not in the list. Choose one of its values.",
        "Terms: “…” is not in the list. Choose one of its values.",
    ]


def test_one_reason_can_be_looked_at_alone(make: Make) -> None:
    rows = {
        "A": {"code": "A", "name": "Acme", "phone": "x"},
        "B": {"code": "", "name": "No number", "phone": ""},
    }
    found = shown(make, plan(make, rows), Planned.REJECTED, reason="bad_value", about="phone")
    assert [row.key for row in found.rows] == ["A"]


def test_candidates_are_named_with_what_tells_them_apart(make: Make) -> None:
    prospect = make.account("ACME", number=None, billing_city="Łódź")
    (row,) = shown(make, plan(make, {"C1": ROWS["C1"]}), Planned.AMBIGUOUS).rows
    assert row.candidates == [plans.Candidate(prospect.id, "ACME", None, "Łódź", None)]


def test_a_candidate_that_the_reader_may_not_see_is_only_counted(make: Make) -> None:
    make.account("ACME", number=None, owner_id=make.mallory.id)
    planned = plan(make, {"C1": ROWS["C1"]})
    (row,) = plans.rows(planned, Planned.AMBIGUOUS, 1, by=make.bob, locale="en").rows
    assert (row.candidates, row.hidden) == ([], 1)


def test_decisions_are_part_of_what_will_be_written(make: Make) -> None:
    make.account("ACME", number=None)
    planned = plan(make, rows_of("Acme", "Other"))
    before = plans.written(planned)
    decisions.decide(planned.id, {1: "create"}, plan_hash=planned.plan_hash or "", by=make.mona)
    session.rollback()
    assert (before, plans.written(planned)) == (1, 2)


def test_after_the_run_created_rows_lead_to_their_accounts(make: Make) -> None:
    done = carry_out(make, plan(make, rows_of("Acme")))
    (row,) = shown(make, done, Planned.CREATE).rows
    assert row.account is not None


def test_an_account_that_the_reader_may_not_see_is_no_link_and_tells_nothing(make: Make) -> None:
    account = make.account("Old name", number="C1")
    planned = plan(make, rows_of("Acme"))
    with unit_of_work():
        account.owner_id = make.mallory.id
    (row,) = plans.rows(planned, Planned.UPDATE, 1, by=make.bob, locale="en").rows
    assert row.account is None
    assert row.lines == []


def test_of_an_account_that_is_gone_a_manager_reads_what_was_planned(make: Make) -> None:
    account_id = make.account("Old name", number="C1").id
    planned = plan(make, rows_of("Acme"))
    accounts.delete(account_id, by=make.mona)
    (row,) = plans.rows(planned, Planned.UPDATE, 1, by=make.mona, locale="en").rows
    assert (row.account, row.lines[0].before) == (None, "Old name")


def test_after_the_run_skipped_rows_are_not_among_the_updates(make: Make) -> None:
    changed, _other = make.account("Old", number="C1"), make.account("Old too", number="C2")
    planned = plan(make, rows_of("Acme", "Bolt"))
    edit(make, changed, fax="555 999")
    done = carry_out(make, planned)
    assert plans.counts(done) == [(Planned.UPDATE, 1)]
    assert [row.name for row in shown(make, done, Planned.UPDATE).rows] == ["Bolt"]


def test_of_a_cancelled_run_only_the_rows_that_it_reached_count(make: Make) -> None:
    run_id = queue(make, plan(make, rows_of("Acme", "Bolt")))
    held = engine.claim(run_id)
    assert held is not None
    runs.cancel(run_id, by=make.mona)
    assert runs.PHASES["upsert", "running"](held) is None
    cancelled = runs.get(run_id, by=make.mona)
    assert cancelled.status == "cancelled"
    assert plans.counts(cancelled) == []
    assert shown(make, cancelled, Planned.CREATE).rows == []
