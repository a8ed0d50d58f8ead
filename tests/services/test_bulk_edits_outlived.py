"""Edits of many accounts whose plans were outlived: by rights, by parents, by merges."""

from __future__ import annotations

import pytest

from crmapp.db import session, unit_of_work
from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.errors import Conflict, Forbidden, NotFound
from crmapp.models import User
from crmapp.services import accounts, bulk_edits, merges, reaches, run_files, runs, users
from crmapp.services.account_sets import Chosen
from tests.services.test_bulk_edits import held
from tests.support.bulk import TITLES, carry_out, plan, take_back, those


def test_accounts_that_came_above_the_parent_since_the_preview_are_not_put_below_it(make):
    parent, child = make.account("Parent"), make.account("Child")
    below = bulk_edits.setting("parent_id", "Parent", by=make.mona)
    planned = plan(those(child), below, make.mona)
    accounts.update(parent.id, {"parent": "Child"}, parent.version, by=make.mona)

    with pytest.raises(Conflict, match="below another one since"):
        carry_out(planned, make.mona)


def test_a_merged_account_is_not_restored_among_others(make):
    kept, gone = make.account("Acme"), make.account("Acme Ltd")
    versions = {each.id: each.version for each in (kept, gone)}
    merges.merge(kept.id, versions, {}, by=make.mona)
    chosen = Chosen((gone.id,), arguments=(("deleted", "yes"),))

    planned = plan(chosen, Edit(Verb.RESTORE), make.mona)

    assert planned.counts == {"rejected": 1}


def test_a_manager_who_becomes_a_rep_after_asking_changes_only_what_is_hers(make):
    hers, other = make.account("Hers"), make.account("Other", owner_id=make.mallory.id)
    give = bulk_edits.setting("location", "Lyon", by=make.mona)
    run_id = bulk_edits.start(
        those(hers, other), give, count=2, titles=TITLES, by=make.mona, locale="en"
    )
    users.set_role(make.mona.id, "rep", by=make.alice)

    runs.work(run_id)

    assert runs.get(run_id, by=make.alice).counts == {"update": 1, "rejected": 1}


def test_a_rep_takes_back_only_what_is_hers_still(make):
    team = make.bob.teams[0]
    hers, teams = (
        make.account("Hers", owner_id=make.bob.id),
        make.account("Team's", team_id=team.id),
    )
    give = bulk_edits.setting("phone", "555 123", by=make.bob)
    done = carry_out(plan(those(hers, teams), give, make.bob), make.bob)
    with unit_of_work():
        session.get_one(User, make.bob.id).teams = []

    undoing = take_back(done, make.bob)

    assert undoing.done == {"updated": 1, "skipped": 1}
    assert held(make, "phone", hers, teams) == [None, "555 123"]


def test_a_rep_takes_back_what_she_gave_away(make):
    account = make.account("Acme", owner_id=make.bob.id)
    give = bulk_edits.setting("owner_id", str(make.mallory.id), by=make.bob)
    done = carry_out(plan(those(account), give, make.bob), make.bob)

    take_back(done, make.bob)

    assert held(make, "owner_id", account) == [make.bob.id]


def test_an_edit_of_many_belongs_to_whoever_asked_for_it(make):
    account = make.account("Acme")
    planned = plan(those(account), bulk_edits.setting("location", "X", by=make.bob), make.bob)

    with pytest.raises(NotFound):
        bulk_edits.get(planned.id, by=make.mona)
    with pytest.raises(NotFound):
        bulk_edits.get(planned.id, by=make.mallory)


def test_a_manager_who_was_restricted_since_takes_back_only_what_is_hers_still(make):
    hers, other = make.account("Hers", owner_id=make.mona.id), make.account("Other")
    give = bulk_edits.setting("phone", "555 123", by=make.mona)
    done = carry_out(plan(those(hers, other), give, make.mona), make.mona)
    reaches.restrict(make.mona.id, sees=[], edits=[], territories=[], by=make.alice)

    undoing = take_back(done, make.again(User, make.mona.id))

    assert undoing.done == {"updated": 1, "skipped": 1}


def test_the_plan_as_it_lies_on_the_server_is_closed_to_who_was_restricted_since(make):
    give = bulk_edits.setting("phone", "555 123", by=make.mona)
    planned = plan(those(make.account("Acme")), give, make.mona)
    open_ = run_files.plan_file(planned.id, 0, by=make.mona)
    reaches.restrict(make.mona.id, sees=[], edits=[], territories=[], by=make.alice)

    assert open_.is_file()
    with pytest.raises(Forbidden):
        run_files.plan_file(planned.id, 0, by=make.again(User, make.mona.id))
