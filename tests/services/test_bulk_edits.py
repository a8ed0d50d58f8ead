"""Many accounts are edited at once: planned one by one, run, undone."""

from __future__ import annotations

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.bulk_edits import Edit, Verb
from crmapp.domain.plan import Planned
from crmapp.models import Account
from crmapp.services import bulk_edits, planning, plans, runs
from tests.support.bulk import all_of, carry_out, plan, those

DELETION, RETURN = Edit(Verb.DELETE), Edit(Verb.RESTORE)


def said(run, action, by):
    """Return name → why, or what changes, of the rows with ``action``."""
    shown = plans.rows(run, action, 1, by=by, locale="en").rows
    return {row.name: str(row.reason) if row.reason else row.planned.fields for row in shown}


def held(make, name, *given):
    return [getattr(make.again(Account, account.id), name) for account in given]


def test_nothing_is_written_before_the_plan_is_run(make):
    account = make.account("Acme", owner_id=make.bob.id)

    planned = plan(those(account), bulk_edits.setting("phone", "555 123", by=make.bob), make.bob)

    assert (planned.status, planned.counts, planned.total) == ("planned", {"update": 1}, 1)
    assert said(planned, Planned.UPDATE, make.bob) == {"Acme": {"phone": [None, "555 123"]}}
    assert held(make, "phone", account) == [None]


def test_all_that_match_the_list_get_the_value_but_those_that_were_left_out(make, monkeypatch):
    monkeypatch.setattr(planning, "PART", 2)
    bobs = [make.account(f"Bob {n}", owner_id=make.bob.id) for n in range(5)]
    other = make.account("Other", owner_id=make.mallory.id)
    give = bulk_edits.setting("owner_id", str(make.mallory.id), by=make.mona)

    done = carry_out(plan(all_of(bobs[2], owner=str(make.bob.id)), give, make.mona), make.mona)

    bob, mallory = make.bob.id, make.mallory.id
    assert held(make, "owner_id", *bobs) == [mallory, mallory, bob, mallory, mallory]
    assert held(make, "version", other) == [1]
    assert (done.status, done.done, done.total) == ("done", {"updated": 4}, 4)
    assert runs.receipt_of(done).balances


def test_an_account_that_has_the_value_already_is_unchanged(make):
    has, lacks = make.account("Has", location="Lyon"), make.account("Lacks")

    done = carry_out(
        plan(those(has, lacks), bulk_edits.setting("location", "Lyon", by=make.mona), make.mona),
        make.mona,
    )

    assert done.done == {"updated": 1, "unchanged": 1}
    assert held(make, "version", has, lacks) == [1, 2]


def test_a_rep_changes_what_is_hers_and_the_rest_is_rejected_with_the_reason(make):
    hers = make.account("Hers", owner_id=make.bob.id)
    make.account("Secret", owner_id=make.mallory.id)
    secret = session.scalar(select(Account.id).where(Account.name == "Secret"))
    chosen = those(hers, make.again(Account, secret))

    planned = plan(chosen, bulk_edits.setting("phone", "555 123", by=make.bob), make.bob)

    assert planned.counts == {"update": 1, "rejected": 1}
    why = "This account was deleted or restored in the meantime."
    assert said(planned, Planned.REJECTED, make.bob) == {f"#{secret}": why}
    done = carry_out(planned, make.bob)
    assert done.done == {"updated": 1, "rejected": 1}
