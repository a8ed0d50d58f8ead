"""Before values in use go, or a large part of a list, a person decides what becomes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmapp.db import session
from crmapp.domain.changes import Reason
from crmapp.domain.feeds import Content, FedBy
from crmapp.domain.mapping import FieldMapping
from crmapp.domain.plan import Planned
from crmapp.errors import AlreadyRunning, Conflict, Forbidden, Invalid, NotFound
from crmapp.models import Account, MailOutbox, ManagedListState, Run
from crmapp.services import list_review, managed_lists, plans, runs
from tests.support.feeds import Erp, customer, feed, living, mapping, source
from tests.support.lists import Sides, resync, use, work
from tests.support.upserts import take_back

SAID = Reason.IN_SPITE_OF_SOURCE.value
KNOWN = ("Prepaid", "Due on receipt", "Net 15", "Net 60")


@pytest.fixture
def terms(app: object, tmp_path: Path) -> Sides:
    """The terms of payment: Intacct has all that are here but Net 30."""
    made = Sides(tmp_path, "ar_terms")
    made.source(*KNOWN)
    use(made)
    return made


def decide(make, run: Run, choices=None, otherwise=list_review.DEACTIVATE) -> Run:
    seen = {"otherwise": otherwise, "plan_hash": run.plan_hash or ""}
    list_review.decide(run.id, choices or {}, **seen, by=make.ivan)
    return work(run.id, make)


def held(make, *accounts: Account) -> list[str | None]:
    return [make.again(Account, account.id).terms for account in accounts]


def test_a_value_that_nobody_holds_goes_without_asking(make, terms):
    run = resync(make, terms)

    assert run.status == "done"
    assert terms.here()["net_30"] == ("Net 30", False)


def test_a_value_in_use_waits_for_a_person_and_nothing_is_written(make, terms):
    make.account("Held", terms="net_30")

    run = resync(make, terms)

    review = list_review.show(run)
    assert (run.status, review.count, review.in_use, review.active) == ("planned", 1, 1, 5)
    assert [(each.code, each.label, each.uses) for each in review.going] == [
        ("net_30", "Net 30", 1)
    ]
    assert "net_30" not in dict(review.heirs)
    assert terms.there() == {}
    letters = session.query(MailOutbox).filter_by(kind="run_waits").all()
    assert [letter.user_id for letter in letters] == [make.alice.id]


def test_more_than_a_fifth_of_a_list_waits_too_whoever_started_it(make, tmp_path):
    sides = Sides(tmp_path)
    use(sides)
    sides.source("1", "2", "3", "4", "5")
    resync(make, sides)
    sides.gone("1")
    fifth = resync(make, sides)
    sides.gone("2", "3")

    more = resync(make, sides)

    assert (fifth.status, more.status) == ("done", "planned")


def test_an_empty_answer_of_intacct_takes_no_list_away(make, tmp_path):
    sides = Sides(tmp_path)
    use(sides)
    sides.source("1", "2")
    resync(make, sides)
    sides.gone("1", "2")

    run = resync(make, sides)

    assert run.status == "planned"
    assert sides.here() == sides.there() == {"1": ("1", True), "2": ("2", True)}


def test_gone_on_with_the_value_goes_and_records_keep_it(make, terms):
    account = make.account("Held", terms="net_30")

    run = decide(make, resync(make, terms))

    assert run.status == "done"
    assert terms.here()["net_30"] == ("Net 30", False)
    assert held(make, account) == ["net_30"]


def test_kept_the_value_is_still_offered_and_nobody_is_asked_again(make, terms):
    make.account("Held", terms="net_30")

    run = decide(make, resync(make, terms), {"net_30": list_review.KEEP})
    again = resync(make, terms)

    assert (run.status, again.status) == ("done", "done")
    assert terms.here()["net_30"] == ("Net 30", True)
    assert session.get(ManagedListState, "ar_terms").kept == ["net_30"]


def test_when_what_she_decided_about_is_lost_it_is_read_and_she_is_asked_anew(
    make, terms, settings
):
    make.account("Held", terms="net_30")
    run = resync(make, terms)
    for file in settings.artefacts_dir.rglob("sides-*"):
        file.unlink()

    again = decide(make, run, {"net_30": list_review.KEEP})
    asked = again.status
    done = decide(make, again, {"net_30": list_review.KEEP})

    assert (asked, done.status) == ("planned", "done")
    assert terms.here()["net_30"] == ("Net 30", True)


@pytest.mark.parametrize("changes", [False, True], ids=["whole", "changes"])
def test_kept_is_over_once_intacct_has_the_value_again(make, terms, clock, changes):
    make.account("Held", terms="net_30")
    decide(make, resync(make, terms), {"net_30": list_review.KEEP})
    terms.source("Net 30")
    if changes:
        managed_lists.schedule("ar_terms", 15, by=make.ivan)
        clock.shift(15 * 60)
        (due,) = managed_lists.start_due()
        work(due, make)
    else:
        resync(make, terms)
    after = list(session.get(ManagedListState, "ar_terms").kept)
    terms.source("Net 30", active=False)

    again = resync(make, terms)

    assert after == []
    assert again.status == "planned"
    assert [each.label for each in list_review.show(again).going] == ["Net 30"]


def test_a_look_at_changes_that_writes_nothing_notes_that_intacct_has_it_again(make, terms, clock):
    make.account("Held", terms="net_30")
    terms.source("Net 30")
    resync(make, terms)
    terms.source("Net 30", active=False)
    decide(make, resync(make, terms), {"net_30": list_review.KEEP})
    terms.source("Net 30")
    managed_lists.schedule("ar_terms", 15, by=make.ivan)
    clock.shift(15 * 60)

    (due,) = managed_lists.start_due()
    work_through(due)

    assert session.get(Run, due) is None
    assert session.get(ManagedListState, "ar_terms").kept == []


def work_through(run_id: int) -> None:
    """Work on a run that leaves nothing behind."""
    while session.get(Run, run_id) is not None:
        runs.work(run_id)
        session.rollback()


def test_what_is_kept_is_taken_back_and_asked_again(make, terms):
    make.account("Held", terms="net_30")
    decide(make, resync(make, terms), {"net_30": list_review.KEEP})
    shown = [each.code for each in list_review.kept("ar_terms", by=make.ivan)]

    list_review.keep_no_longer("ar_terms", "net_30", by=make.ivan)
    again = resync(make, terms)

    assert shown == ["net_30"]
    assert list_review.kept("ar_terms", by=make.ivan) == []
    assert again.status == "planned"


def test_only_what_is_kept_is_taken_back_with_the_right_and_between_runs(make, terms):
    make.account("Held", terms="net_30")
    decide(make, resync(make, terms), {"net_30": list_review.KEEP})

    with pytest.raises(Forbidden):
        list_review.keep_no_longer("ar_terms", "net_30", by=make.bob)
    with pytest.raises(NotFound):
        list_review.keep_no_longer("ar_terms", "net_15", by=make.ivan)
    managed_lists.synchronize("ar_terms", by=make.ivan)
    with pytest.raises(AlreadyRunning):
        list_review.keep_no_longer("ar_terms", "net_30", by=make.ivan)


def test_replaced_the_value_goes_and_records_get_the_other_and_an_undo_brings_all_back(make, terms):
    accounts = [make.account(f"Held {n}", terms="net_30") for n in range(3)]

    run = decide(make, resync(make, terms), {"net_30": "net_60"})
    replaced = (run.status, held(make, *accounts))
    take_back(make, run)

    assert replaced == ("done", ["net_60"] * 3)
    assert held(make, *accounts) == ["net_30"] * 3
    assert terms.here()["net_30"] == ("Net 30", True)


def test_what_a_source_of_customers_keeps_changes_with_the_others_and_its_row_says_so(make, terms):
    mapped = {"name": "name", "number": "code", "terms": "territory"}
    fed = FedBy(source(make, Erp([customer(1, territory="Net 30")])), FieldMapping(mapped))
    feed(make, mapping(make, content=Content((fed,))))

    run = decide(make, resync(make, terms), {"net_30": "net_60"})

    (row,) = plans.rows(run, Planned.UPDATE, 1, by=make.alice, locale="en", reason=SAID).rows
    (after,) = living(number="C1")
    assert (row.name, after.terms) == ("Customer 1", "net_60")
    assert run.status == "done"


def test_stopped_nothing_has_changed(make, terms):
    make.account("Held", terms="net_30")
    run = resync(make, terms)

    runs.cancel(run.id, by=make.ivan)

    assert terms.here()["net_30"] == ("Net 30", True)
    assert terms.there() == {}
    assert managed_lists.synchronize("ar_terms", by=make.ivan) != run.id


def test_a_run_that_waits_is_the_one_that_a_second_press_shows(make, terms):
    make.account("Held", terms="net_30")
    run = resync(make, terms)

    with pytest.raises(AlreadyRunning) as refused:
        managed_lists.synchronize("ar_terms", by=make.ivan)

    assert refused.value.run_id == run.id


def test_nobody_decides_without_the_right_twice_or_about_another_plan(make, terms):
    make.account("Held", terms="net_30")
    run = resync(make, terms)

    with pytest.raises(Forbidden):
        list_review.decide(run.id, {}, otherwise=list_review.KEEP, plan_hash="", by=make.bob)
    with pytest.raises(Conflict):
        list_review.decide(run.id, {}, otherwise=list_review.KEEP, plan_hash="", by=make.ivan)
    with pytest.raises(Invalid):
        decide(make, run, {"net_30": "net_30"})
    decide(make, run)
    with pytest.raises(AlreadyRunning):
        decide(make, run)


def test_a_kept_value_that_comes_back_is_the_same_value(make, terms):
    make.account("Held", terms="net_30")
    decide(make, resync(make, terms), {"net_30": list_review.KEEP})
    terms.source("Net 30")
    resync(make, terms)

    assert terms.here().keys() == {*KNOWN, "Net 30"}
    assert terms.here()["Net 30"] == ("Net 30", True)
