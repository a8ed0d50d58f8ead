"""The pages of My day, as reps, managers, viewers and visitors meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp.models import Activity
from tests.conftest import NOW
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("clock")


def task(make, owner, subject="Send prices", due=NOW + timedelta(hours=1), **values):
    account = values.pop("account", None) or make.account("Toys", owner_id=owner.id)
    return make.activity(account, subject, kind="task", owner_id=owner.id, happens_at=due, **values)


def test_her_day_has_its_sections(make, as_user):
    bob = make.bob
    for subject, hours in [("Late", -20), ("Soon", 2), ("Later", 50), ("Far away", 24 * 30)]:
        task(make, bob, subject, NOW + timedelta(hours=hours))

    text = as_user(bob).get("/day").text

    assert text.index("Late") < text.index("Soon") < text.index("Later")
    assert "Far away" not in text


def test_what_is_nobodys_on_her_account_is_marked(make, as_user):
    bob = make.bob
    account = make.account("Toys", owner_id=bob.id)
    make.activity(account, "Call back", kind="task", happens_at=NOW)

    text = as_user(bob).get("/day").text

    assert "Call back" in text
    assert "No owner" in text


def test_an_empty_day_says_what_to_do(make, as_user):
    assert "Nothing to do" in as_user(make.bob).get("/day").text


@pytest.mark.parametrize("headers", [{}, htmx("form#day-lists")], ids=["plain", "htmx"])
def test_what_is_done_moves_to_the_done(make, as_user, headers):
    bob = make.bob
    done = task(make, bob)

    answer = as_user(bob).post(f"/day/activities/{done.id}/completion", headers=headers)

    kept = make.again(Activity, done.id)
    assert answer.status_code == (200 if headers else 303)
    assert (kept.status, kept.completed_at, kept.completed_by_id) == ("completed", NOW, bob.id)
