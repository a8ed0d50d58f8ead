"""A managed list is read from Intacct and written here and in Salesforce: planned, run, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from crmapp.connectors.errors import AuthFailed, Unreachable
from crmapp.db import session, unit_of_work
from crmapp.errors import AlreadyRunning, Conflict, Forbidden
from crmapp.models import MailOutbox, PickList, Run, User
from crmapp.services import list_apply, managed_lists, planning, receipts, runs, undo
from tests.support.lists import CODE, Sides, resync, tallies, use, work
from tests.support.upserts import take_back


@pytest.fixture
def sides(app: object, tmp_path: Path) -> Sides:
    return use(Sides(tmp_path))


def wake(run_id: int) -> None:
    """Let the time pass after which a run is taken up again."""
    with unit_of_work():
        session.execute(update(Run).where(Run.id == run_id).values(retry_at=None))


def test_all_values_arrive_here_and_in_salesforce(make, sides, settings, monkeypatch):
    monkeypatch.setattr(planning, "PART", 2)
    sides.intacct.page = 2
    sides.source("10", "20", "30", "40", **{"50": "Sales"})

    run = resync(make, sides)

    wanted = {"10": ("10", True), "20": ("20", True), "30": ("30", True), "40": ("40", True)}
    assert (run.status, run.error) == ("done", None)
    assert not [*settings.artefacts_dir.rglob("*.json")]
    assert sides.here() == sides.there() == {**wanted, "50": ("Sales", True)}
    assert tallies(run, "here") == tallies(run, "there") == {"added": 5}
    assert runs.receipt_of(run).balances


def test_a_list_that_was_not_here_is_made(make, sides):
    sides.source("10")

    resync(make, sides)

    made = session.query(PickList).filter_by(code=CODE).one()
    assert (made.label_en, made.label_fr) == ("Departments", "Départements")


def test_a_second_resync_changes_nothing(make, sides):
    sides.source("10", "20")
    resync(make, sides)
    before = len(sides.salesforce.writes(sides.managed.salesforce_object))

    again = resync(make, sides)

    assert (again.status, again.counts) == ("done", {"unchanged": 4})
    assert len(sides.salesforce.writes(sides.managed.salesforce_object)) == before


def test_values_are_renamed_added_taken_away_and_brought_back_on_both_sides(make, sides):
    many = [f"v{n:02}" for n in range(20)]
    sides.source(*many)
    resync(make, sides)
    sides.source(v00="Renamed", new="New")
    sides.gone("v01")
    run = resync(make, sides)
    sides.source("v01")

    back = resync(make, sides)

    assert tallies(run, "here") == tallies(run, "there") == {
        "added": 1, "changed": 1, "deactivated": 1, "unchanged": 18,
    }  # fmt: skip
    assert tallies(back, "here") == tallies(back, "there") == {"reactivated": 1, "unchanged": 20}
    assert sides.here() == sides.there()
    assert sides.here()["v00"] == ("Renamed", True)


def test_what_intacct_calls_inactive_is_not_offered(make, sides):
    sides.source(*(f"v{n}" for n in range(9)))
    resync(make, sides)
    sides.source("v3", active=False)

    resync(make, sides)

    assert sides.here()["v3"] == sides.there()["v3"] == ("v3", False)


def test_values_stay_as_they_are_once_intacct_tells_their_status_no_more(make, sides):
    sides.source(*(f"v{n}" for n in range(9)))
    sides.source("v3", active=False)
    resync(make, sides)
    sides.intacct.fields = [each for each in sides.intacct.fields if each != "STATUS"]
    sides.source("v4", active=False)
    resync(make, sides)
    sides.source(new="New", v3="Renamed")

    run = resync(make, sides)

    assert tallies(run, "here") == tallies(run, "there") == {
        "added": 1, "changed": 1, "unchanged": 8,
    }  # fmt: skip
    assert sides.here()["v3"] == sides.there()["v3"] == ("Renamed", False)
    assert sides.here()["v4"] == sides.there()["v4"] == ("v4", True)
    assert sides.here()["new"] == sides.there()["new"] == ("New", True)


def test_a_value_that_was_gone_comes_back_where_intacct_never_told_a_status(make, sides):
    sides.intacct.fields = [each for each in sides.intacct.fields if each != "STATUS"]
    sides.source(*(f"v{n}" for n in range(9)))
    resync(make, sides)
    sides.gone("v3")
    resync(make, sides)
    assert sides.here()["v3"] == ("v3", False)
    sides.source("v3")

    run = resync(make, sides)

    assert tallies(run, "here") == tallies(run, "there") == {"reactivated": 1, "unchanged": 8}


def test_codes_that_differ_by_capitals_only_are_one_value_and_said(make, sides):
    sides.source("AB", "ab", "c")

    run = resync(make, sides)

    assert run.status == "done_with_errors"
    assert sides.here().keys() == sides.there().keys() == {"AB", "c"}
    (left,) = receipts.left_out(run, by=make.alice)
    assert (left.key, str(left.reason)) == (
        "ab", "Sage Intacct has ab more than once, but for capitals.",
    )  # fmt: skip


def test_what_salesforce_refuses_is_listed_in_its_words_and_tried_again(make, sides):
    sides.source("10", "20")
    sides.salesforce.refuse = lambda row: "bad value" if row["Name"] == "20" else None

    run = resync(make, sides)
    sides.salesforce.refuse = lambda row: None
    again = resync(make, sides)

    assert run.status == "done_with_errors"
    assert tallies(run, "there") == {"added": 1, "rejected": 1}
    (left,) = receipts.left_out(run, by=make.alice)
    assert (left.key, str(left.reason)) == ("20", "Salesforce refused it: bad value")
    assert again.status == "done"
    assert tallies(again, "there") == {"added": 1, "unchanged": 1}


def test_salesforce_gets_many_rows_at_a_time_also_while_people_use_the_web(make, sides, settings):
    settings.serving_file.touch()
    sides.source(*(f"v{n}" for n in range(501)))
    calls: list[str] = []
    sides.salesforce.before = calls.append

    resync(make, sides)

    assert calls.count("upsert") == 3  # of 200 rows, as it takes at most
    assert len(sides.there()) == 501


def test_a_run_that_is_cancelled_sends_no_further_chunk(app, make, sides, monkeypatch):
    monkeypatch.setattr(list_apply, "SENT", 2)
    sides.source("10", "20", "30", "40", "50")
    run_id = managed_lists.synchronize(CODE, by=make.alice)
    runs.work(run_id)

    alice = make.alice.id

    def cancel(call: str) -> None:
        if call == "upsert":
            with app.app_context():  # rows are sent by a thread of their own
                runs.cancel(run_id, by=session.get_one(User, alice))

    sides.salesforce.after = cancel
    ended = work(run_id, make)

    assert (ended.status, ended.cursor) == ("cancelled", 8)
    assert sides.there().keys() == {"10", "20"}


def test_a_value_known_by_its_name_is_linked_and_not_made_twice(make, tmp_path):
    terms = Sides(tmp_path, "ar_terms")
    use(terms)
    terms.source("Prepaid", "Due on receipt", "Net 15", "Net 30", "Net 60")

    run = resync(make, terms)

    assert tallies(run, "here") == {"changed": 5}
    assert set(terms.here()) == {"Prepaid", "Due on receipt", "Net 15", "Net 30", "Net 60"}


def test_an_undo_brings_back_what_was_here_and_salesforce_follows(make, sides):
    sides.source("10", "20")
    resync(make, sides)
    sides.source(**{"10": "Ten", "30": "Thirty"})
    run = resync(make, sides)

    take_back(make, run)
    (push,) = managed_lists.start_due()
    pushed = work(push, make)

    assert sides.here() == {"10": ("10", True), "20": ("20", True)}
    assert sides.there() == {**sides.here(), "30": ("Thirty", False)}
    assert pushed.status == "done"
    assert managed_lists.start_due() == []


def test_only_one_run_of_a_list_is_open(make, sides):
    sides.source("10")
    first = managed_lists.synchronize(CODE, by=make.alice)

    with pytest.raises(AlreadyRunning) as refused:
        managed_lists.synchronize(CODE, by=make.ivan)

    assert refused.value.run_id == first
    assert managed_lists.synchronize("classes", by=make.ivan) != first


def test_while_a_run_is_undone_its_list_is_not_synchronized_and_no_other_run_undone(make, sides):
    sides.source("10", "20")
    first = resync(make, sides)
    sides.source(**{"10": "Ten"})
    undoing = undo.undo_later(resync(make, sides).id, by=make.mona, key=None)

    with pytest.raises(AlreadyRunning, match="being undone") as refused:
        managed_lists.synchronize(CODE, by=make.alice)
    with pytest.raises(AlreadyRunning) as other:
        undo.undo_later(first.id, by=make.mona, key=None)
    work(undoing, make)
    again = resync(make, sides)

    assert (refused.value.run_id, other.value.run_id) == (undoing, undoing)
    assert tallies(again, "here") == {"changed": 1, "unchanged": 1}
    assert sides.here() == sides.there() == {"10": ("Ten", True), "20": ("20", True)}


def test_while_a_list_is_synchronized_no_run_of_it_is_undone(make, sides):
    sides.source("10")
    done = resync(make, sides)
    busy = managed_lists.synchronize(CODE, by=make.alice)

    with pytest.raises(AlreadyRunning, match="synchronized already") as refused:
        undo.undo_later(done.id, by=make.mona, key=None)

    assert refused.value.run_id == busy


def test_nobody_synchronizes_without_the_right_or_the_connection(make, sides):
    for person in (make.mona, make.bob, make.carol):
        with pytest.raises(Forbidden):
            managed_lists.synchronize(CODE, by=person)
    del sides.remotes.connectors["intacct"]

    with pytest.raises(Conflict, match="Connect Sage Intacct first"):
        managed_lists.synchronize(CODE, by=make.ivan)


def test_without_salesforce_the_list_is_kept_here(make, sides):
    del sides.remotes.connectors["salesforce"]
    sides.source("10")

    run = resync(make, sides)

    assert (run.status, sides.here()) == ("done", {"10": ("10", True)})
    assert sides.there() == {}


def test_refused_credentials_end_the_run_with_what_is_wrong(make, sides):
    sides.remotes.problem["intacct"] = AuthFailed(remote="XL03000006: Sign-in information")

    run = resync(make, sides)

    assert run.status == "failed"
    assert "refuses the credentials" in (run.error or "")
    letters = session.query(MailOutbox).filter_by(user_id=make.alice.id).all()
    assert [letter.kind for letter in letters] == ["run_ended"]


def test_a_system_that_is_away_is_asked_again_and_given_up_in_the_end(make, sides):
    sides.source("10")
    sides.remotes.problem["salesforce"] = Unreachable()
    run_id = managed_lists.synchronize(CODE, by=make.alice)
    statuses = []
    for _turn in range(5):
        runs.work(run_id)
        statuses.append(runs.get(run_id, by=make.alice).status)
        wake(run_id)

    assert statuses == ["planning"] * 4 + ["failed"]


def test_a_system_that_comes_back_in_time_is_no_problem(make, sides):
    sides.source("10")
    sides.remotes.problem["salesforce"] = Unreachable(after=3)
    run_id = managed_lists.synchronize(CODE, by=make.alice)
    runs.work(run_id)
    sides.remotes.problem.clear()
    wake(run_id)

    assert work(run_id, make).status == "done"
    assert sides.here() == sides.there() == {"10": ("10", True)}


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text('{"n": [1')])
def test_when_what_was_read_is_lost_it_is_read_anew(make, sides, settings, damage):
    sides.source("10", "20")
    lost: list[Path] = []

    def lose_once(call: str) -> None:
        if call == "read" and not lost:
            lost.extend(settings.artefacts_dir.rglob("*-source.json"))
            damage(lost[0])

    sides.salesforce.before = lose_once

    run = resync(make, sides)

    assert lost
    assert (run.status, run.total) == ("done", 5)
    assert sides.here() == sides.there() == {"10": ("10", True), "20": ("20", True)}


def test_when_it_is_lost_each_time_the_run_ends_and_says_so(make, sides, settings):
    sides.source("10")

    def lose(call: str) -> None:
        for file in settings.artefacts_dir.rglob("*-source.json") if call == "read" else ():
            file.unlink()

    sides.salesforce.before = lose

    run = resync(make, sides)

    assert (run.status, sides.here(), sides.there()) == ("failed", {}, {})
    assert "lost the file" in (run.error or "")


def test_the_page_is_told_where_a_list_is_used_and_how_far_it_is(make, sides):
    make.account("Held", terms="net_30")
    sides.source("10")
    resync(make, sides)

    found = {each.managed.code: each for each in managed_lists.listed(by=make.ivan)}

    assert found["ar_terms"].held == 1
    assert [use.field.name for use in found["ar_terms"].uses] == ["terms"]
    assert found[CODE].synced_at is not None
    assert (found[CODE].values, found[CODE].running) == (1, None)
