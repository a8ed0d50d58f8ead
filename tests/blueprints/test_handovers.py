"""Who takes over what a person has: asked for on her page, looked at, run."""

from __future__ import annotations

import pytest

from crmapp.db import session
from crmapp.models import Account, Activity, Run, User
from crmapp.services import runs


@pytest.fixture
def held(make):
    account = make.account("Acme", owner_id=make.bob.id)
    return account, make.activity(account, "Send prices", kind="task", owner_id=make.bob.id)


def sent(**more):
    return {"role": "rep", **more}


def test_who_leaves_hands_over_by_a_preview(make, as_user, held):
    alice, account = as_user(make.alice), held[0]
    mona, bob = make.mona.id, make.bob.id
    page = alice.get(f"/admin/users/{bob}/edit").text
    assert "Accounts: 1. Open activities: 1." in page
    assert f'<option value="{bob}"' not in page

    preview = alice.post(f"/admin/users/{bob}", data=sent(heir=mona), follow_redirects=True)

    run = session.query(Run).one()
    assert preview.request.path == f"/admin/handovers/{run.id}"
    assert "2 records get another owner." in preview.text
    assert "Send prices" in preview.text
    assert (make.again(User, bob).active, make.again(Account, account.id).owner_id) == (False, bob)

    form = {"plan_hash": run.plan_hash}
    begun = alice.post(f"/admin/handovers/{run.id}/run", data=form, follow_redirects=True)
    runs.work(run.id)

    assert begun.request.path == f"/runs/{run.id}"
    assert [
        make.again(kind, each.id).owner_id
        for kind, each in zip((Account, Activity), held, strict=True)
    ] == [mona, mona]
    assert "Handover of a person’s work" in alice.get(f"/runs/{run.id}").text
    assert alice.get(f"/admin/handovers/{run.id}").location == f"/runs/{run.id}"


def test_without_a_word_they_stay(make, as_user, held):
    answer = as_user(make.alice).post(f"/admin/users/{make.bob.id}", data=sent(heir=""))

    assert answer.location == "/admin/users"
    assert session.query(Run).count() == 0
    assert make.again(Account, held[0].id).owner_id == make.bob.id


def test_a_wrong_heir_changes_nothing_and_is_said_at_the_field(make, as_user, held):
    answer = as_user(make.alice).post(f"/admin/users/{make.bob.id}", data=sent(heir="999999"))

    assert answer.status_code == 422
    assert "Choose who takes over." in answer.text
    assert 'id="heir-error"' in answer.text
    assert make.again(User, make.bob.id).active


def test_who_has_nothing_is_not_asked_about(make, as_user):
    assert 'name="heir"' not in as_user(make.alice).get(f"/admin/users/{make.carol.id}/edit").text


def test_a_plan_that_was_changed_is_shown_again(make, as_user, held):
    alice = as_user(make.alice)
    alice.post(f"/admin/users/{make.bob.id}", data=sent(heir="-", active="y"))
    run = session.query(Run).one()

    answer = alice.post(f"/admin/handovers/{run.id}/run", data={"plan_hash": "another"})

    assert answer.status_code == 409
    assert "Look at it again before you run it." in answer.text


def test_a_long_plan_says_how_far_it_is(make, as_user):
    run = make.run(kind="handover", status="planning", source={"titles": {}, "from": 1, "to": None})

    page = as_user(make.alice).get(f"/admin/handovers/{run.id}").text

    assert 'id="settings-handover"' in page
    assert f'hx-get="/admin/handovers/{run.id}?looked=1"' in page
