"""A run that is at work ends when whoever began it may not do so any more."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import AuditEvent, Run
from crmapp.services import api_tokens, bulk_edits, engine, reaches, runs, users
from crmapp.services.begun_runs import OUTLIVED
from tests.services.test_bulk_edits import held
from tests.support.bulk import plan, take_back, those


def restrict(make, sees, edits):
    reaches.restrict(make.mona.id, sees=sees, edits=edits, territories=[], by=make.alice)


def revoke_all(make):
    mona = make.mona
    api_tokens.make("Sync", ["accounts:read"], 30, by=mona)
    (token,) = api_tokens.own(by=mona)
    api_tokens.revoke(token.id, by=mona)


LESS = {
    "has left": lambda make: users.set_active(make.mona.id, False, by=make.alice),
    "is a rep": lambda make: users.set_role(make.mona.id, "rep", by=make.alice),
    "is restricted": lambda make: restrict(make, ["team"], ["team"]),
    "changes less": lambda make: restrict(make, None, []),
}
NO_LESS = {
    "administers": lambda make: users.set_role(make.mona.id, "admin", by=make.alice),
    "is told what she has": lambda make: restrict(make, ["all"], ["all"]),
    "has no token": revoke_all,
}


@pytest.fixture
def accounts(make):
    return [make.account(f"Acme {number}") for number in range(3)]


@pytest.fixture
def begun(make, accounts) -> Run:
    planned = plan(
        those(*accounts), bulk_edits.setting("phone", "555 123", by=make.mona), make.mona
    )
    bulk_edits.run_later(planned.id, plan_hash=planned.plan_hash or "", key=None, by=make.mona)
    return planned


@pytest.mark.parametrize("change", LESS.values(), ids=LESS)
def test_a_run_that_waits_ends_with_what_she_may_do(make, accounts, begun, change):
    change(make)
    runs.work(begun.id)

    run = runs.get(begun.id, by=make.alice)
    assert (run.status, run.error, run.done) == ("cancelled", OUTLIVED, {})
    assert held(make, "phone", *accounts) == [None] * 3
    noted = select(AuditEvent.about_id).where(AuditEvent.kind == "run_cancelled")
    assert list(session.scalars(noted)) == [str(begun.id)]


@pytest.mark.parametrize("change", NO_LESS.values(), ids=NO_LESS)
def test_it_goes_on_where_she_may_do_no_less(make, accounts, begun, change):
    change(make)
    runs.work(begun.id)

    run = runs.get(begun.id, by=make.alice)
    assert (run.status, run.error, run.done) == ("done", None, {"updated": 3})


def test_one_that_is_at_work_ends_after_its_chunk_and_is_taken_back(
    make, as_user, accounts, begun, monkeypatch
):
    advance = runs.PHASES[begun.kind, "running"]
    left: list[int] = []

    def and_then_she_leaves(held: engine.Claim) -> engine.Claim | None:
        moved = advance(held)
        if not left:
            left.append(make.mona.id)
            users.set_active(make.mona.id, False, by=make.alice)
        return moved

    monkeypatch.setattr("crmapp.services.pace.chunk_size", lambda: 1)
    monkeypatch.setitem(runs.PHASES, (begun.kind, "running"), and_then_she_leaves)

    runs.work(begun.id)

    run = runs.get(begun.id, by=make.alice)
    assert (run.status, run.error, run.done) == ("cancelled", OUTLIVED, {"updated": 1})
    assert OUTLIVED in as_user(make.alice).get(f"/runs/{run.id}").text
    assert take_back(run, make.alice).done == {"updated": 1}
    assert held(make, "phone", *accounts) == [None] * 3


def test_a_plan_that_waits_for_her_is_no_more(make, accounts):
    planned = plan(
        those(*accounts), bulk_edits.setting("phone", "555 123", by=make.mona), make.mona
    )

    users.set_active(make.mona.id, False, by=make.alice)

    assert runs.get(planned.id, by=make.alice).status == "cancelled"


@pytest.mark.parametrize(
    "now, status", [(["south"], "cancelled"), (["north", "south"], "queued")], ids=str
)
def test_another_territory_ends_it_and_one_more_does_not(make, now, status):
    make.value("territory", "north")
    make.value("territory", "south")

    def restrict_bob(*territories):
        part = ["territory"]
        reaches.restrict(make.bob.id, sees=part, edits=part, territories=territories, by=make.alice)

    restrict_bob("north")
    begun = make.run(kind="bulk", status="queued", by_id=make.bob.id)

    restrict_bob(*now)

    assert runs.get(begun.id, by=make.alice).status == status


def test_what_the_company_has_set_up_goes_on(make):
    search = make.run(kind="duplicates", status="queued", by_id=make.mona.id)

    users.set_active(make.mona.id, False, by=make.alice)

    assert runs.get(search.id, by=make.alice).status == "queued"


def test_what_others_began_and_what_has_ended_stays(make, accounts, begun):
    runs.work(begun.id)
    users.set_active(make.mallory.id, False, by=make.alice)

    run = runs.get(begun.id, by=make.alice)
    assert (run.status, run.error) == ("done", None)
