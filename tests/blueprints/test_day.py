"""The pages of My day, as reps, managers and viewers meet them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Activity
from tests.conftest import NOW
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return htmx("div#day-lists") if request.param == "htmx" else {}


def task(make, owner, subject="Send prices", due=NOW + timedelta(hours=1), **values):
    account = values.pop("account", None) or make.account("Toys", owner_id=owner.id)
    known = {"kind": "task", "owner_id": owner.id, "happens_at": due}
    return make.activity(account, subject, **{**known, **values})


def typed(**values):
    usual = {"kind": "task", "subject": "Send prices", "account": "Toys"}
    return {**usual, "happens_at": "2026-06-15T12:00", **values}


def test_a_day_has_its_sections(make, as_user, headers):
    bob = make.bob
    for subject, hours in [("Late", -20), ("Soon", 2), ("Later", 50), ("Far away", 24 * 30)]:
        task(make, bob, subject, NOW + timedelta(hours=hours))

    text = as_user(bob).get("/day", headers=headers).text

    assert text.index("Late") < text.index("Soon") < text.index("Later")
    assert "Far away" not in text
    assert ("<!doctype" in text) == (not headers)


def test_what_is_nobodys_on_her_account_is_marked(make, as_user):
    bob = make.bob
    account = make.account("Toys", owner_id=bob.id)
    make.activity(account, "Call back", kind="task", happens_at=NOW)

    text = as_user(bob).get("/day").text

    assert "Call back" in text
    assert "No owner" in text


def test_an_empty_day_says_what_to_do(make, as_user):
    assert "Nothing to do" in as_user(make.bob).get("/day").text


def test_she_calls_and_writes_from_the_row(make, as_user):
    bob = make.bob
    account = make.account("Toys", owner_id=bob.id, email="office@toys.example")
    ann = make.contact(account, "Lee", phone="+33 1 23")
    task(make, bob, account=account, contact_id=ann.id)

    text = as_user(bob).get("/day").text

    assert 'href="tel:+33123"' in text
    assert 'href="mailto:office@toys.example"' in text


def test_what_does_not_fit_is_behind_a_link(make, as_user):
    bob = make.bob
    account = make.account("Toys", owner_id=bob.id)
    for number in range(12):
        due = NOW - timedelta(hours=20 - number)
        task(make, bob, f"Late {number}.", due, account=account)
    client = as_user(bob)

    first = client.get("/day").text
    more = client.get("/day?section=overdue").text

    assert ("Late 9." in first, "Late 10." in first) == (True, False)
    assert 'href="/day?section=overdue"' in first
    assert "Late 11." in more


def test_it_is_the_first_place_of_who_sells_and_none_of_who_reads(make, as_user):
    assert as_user(make.bob).get("/").location == "/day"
    assert as_user(make.carol).get("/").location == "/accounts"


class TestDeeds:
    def test_what_is_done_says_so_and_can_be_taken_back(self, make, as_user, headers):
        bob = make.bob
        done = task(make, bob, status="waiting")
        client = as_user(bob)

        answer = client.post(f"/day/activities/{done.id}/completion", headers=headers)

        assert make.again(Activity, done.id).status == "completed"
        text = answer.text if headers else client.get(answer.location).text
        assert "is done" in text
        version = re.search(r'name="version" value="(\d+)"', text).group(1)
        client.post(f"/day/activities/{done.id}/undo", data={"version": version})
        assert make.again(Activity, done.id).status == "waiting"

    @pytest.mark.parametrize("until, days", [("tomorrow", 1), ("next_week", 7)])
    def test_it_is_put_off(self, make, as_user, headers, until, days):
        bob = make.bob
        late = task(make, bob, due=NOW - timedelta(days=1))

        client = as_user(bob)
        answer = client.post(f"/day/activities/{late.id}/{until}", headers=headers)

        then = NOW + timedelta(days=days)
        assert make.again(Activity, late.id).happens_at == then
        text = answer.text if headers else client.get(answer.location).text
        assert f"is put off: {then:%A, %B} {then.day}, {then.year}." in text

    def test_what_was_done_is_opened_again(self, make, as_user, headers):
        bob = make.bob
        done = task(make, bob, status="completed", completed_at=NOW, completed_by_id=bob.id)
        client = as_user(bob)
        assert "Reopen" in client.get("/day").text

        client.post(f"/day/activities/{done.id}/reopening", headers=headers)

        assert make.again(Activity, done.id).completed_at is None

    def test_the_lists_come_back_as_they_were_asked_for(self, make, as_user):
        bob = make.bob
        late = task(make, bob, due=NOW - timedelta(days=1))

        answer = as_user(bob).post(f"/day/activities/{late.id}/completion?section=overdue")

        assert answer.location == "/day?section=overdue"

    def test_a_forged_deed_is_refused(self, app, make, as_user):
        bob = make.bob
        client, late = as_user(bob), task(make, bob)
        app.config["WTF_CSRF_ENABLED"] = True

        assert client.post(f"/day/activities/{late.id}/completion").status_code == 400


class TestAdding:
    @pytest.mark.parametrize("words", ["Toys", "toys", "C7"])
    def test_a_task_is_added_at_her_time(self, make, as_user, words):
        anna = make.user("anna", timezone="Europe/Paris")
        account = make.account("Toys", number="C7", owner_id=anna.id)

        answer = as_user(anna).post("/day", data=typed(account=words))

        kept = session.scalars(select(Activity)).one()
        assert answer.location == "/day"
        assert (kept.account_id, kept.owner_id, kept.status) == (account.id, anna.id, "not_started")
        assert kept.happens_at.hour == 10

    def test_a_call_is_noted(self, make, as_user):
        make.account("Toys")

        as_user(make.bob).post("/day", data=typed(kind="call", happens_at="2026-06-15T09:00"))

        assert session.scalars(select(Activity)).one().kind == "call"

    def test_a_call_of_which_no_time_was_said_took_place_now(self, make, as_user):
        make.account("Toys")
        client = as_user(make.bob)
        offered = re.search(
            r'name="happens_at"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="happens_at"',
            client.get("/day").text,
        )

        client.post("/day", data=typed(kind="call", happens_at=offered[1] or offered[2]))

        assert session.scalars(select(Activity)).one().happens_at == NOW

    @pytest.mark.parametrize("kind, kept", [("meeting", 30), ("task", None)])
    def test_a_meeting_is_as_long_as_was_typed(self, make, as_user, kind, kept):
        make.account("Toys")

        as_user(make.bob).post("/day", data=typed(kind=kind, length_minutes="30"))

        assert session.scalars(select(Activity.length_minutes)).one() == kept

    @pytest.mark.parametrize(
        "wrong, says",
        [
            ({"subject": " "}, "Enter a value"),
            ({"subject": "x" * 10_000}, "Too long"),
            ({"account": ""}, "Enter a value"),
            ({"account": "Elsewhere Engines"}, "No account that you see"),
            ({"account": "Twins"}, "Several accounts"),
            ({"happens_at": "soon"}, "Enter a date and time"),
            ({"kind": "note"}, "Choose call, meeting or task"),
            ({"kind": "call", "happens_at": "2026-06-16T09:00"}, "Add a task to plan one"),
            ({"subject": "a\x00b"}, "invisible character"),
            ({"kind": "meeting", "length_minutes": "an hour"}, "Enter a whole number of minutes"),
        ],
    )
    def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
        self, make, as_user, wrong, says
    ):
        for name in ("Toys", "Twins", "Twins"):
            make.account(name)

        answer = as_user(make.bob).post("/day", data=typed(**wrong))

        assert answer.status_code == 422
        assert says in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert session.scalars(select(Activity)).all() == []
        kept = {**typed(), **wrong}
        assert f'value="{kept["happens_at"]}"' in answer.text

    def test_the_same_form_adds_once(self, make, as_user):
        make.account("Toys")
        client = as_user(make.bob)

        for _time in range(2):
            client.post("/day", data=typed(idempotency_key="k"))

        assert len(session.scalars(select(Activity)).all()) == 1

    def test_accounts_are_offered_that_she_sees(self, make, as_user):
        make.account("Toy Shop", number="C7")
        make.account("Toy Secret", owner_id=make.mallory.id)

        text = as_user(make.bob).get("/day/accounts?account=toy", headers=htmx()).text

        assert '<option value="Toy Shop">C7</option>' in text
        assert "Secret" not in text


class TestTeam:
    def test_a_manager_reads_the_team_and_opens_a_day(self, make, as_user):
        task(make, make.bob, "Bob's own", NOW - timedelta(days=1))
        client = as_user(make.mona)

        team = client.get("/day/team").text
        day = client.get(f"/day?person={make.bob.id}").text

        assert f'href="/day?person={make.bob.id}"' in team
        assert "Day of Bob" in day
        assert "Reassign" in day
        assert "/completion" not in day

    def test_in_french_the_open_activities_are_counted_under_their_own_heading(self, make, as_user):
        page = as_user(make.user("dora", "manager", locale="fr")).get("/day/team").text

        assert '<th scope="col" class="num">Ouvertes</th>' in page

    def test_a_rep_opens_nobody_elses_day(self, make, as_user, headers):
        answer = as_user(make.bob).get(f"/day?person={make.mallory.id}", headers=headers)

        assert answer.status_code == 403

    @pytest.mark.parametrize("person", ["nobody", "-1", "0", "1.5"])
    def test_a_day_of_nobody_is_not_found(self, make, as_user, headers, person):
        answer = as_user(make.mona).get(f"/day?person={person}", headers=headers)

        assert answer.status_code == 404

    def test_a_manager_hands_over(self, make, as_user, headers):
        given = task(make, make.bob)
        client = as_user(make.mona)
        address = f"/day/activities/{given.id}/owner"
        assert "New owner" in client.get(address, headers=headers).text

        client.post(address, data={"owner": make.mallory.id}, headers=headers)

        assert make.again(Activity, given.id).owner_id == make.mallory.id

    def test_nobody_is_no_new_owner(self, make, as_user, headers):
        given = task(make, make.bob)

        answer = as_user(make.mona).post(
            f"/day/activities/{given.id}/owner", data={"owner": "0"}, headers=headers
        )

        assert answer.status_code == 422
        assert "Choose one of the people" in answer.text

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_rep_hands_nothing_over(self, make, as_user, headers, method):
        given = task(make, make.bob)

        answer = as_user(make.bob).open(
            f"/day/activities/{given.id}/owner", method=method, headers=headers
        )

        assert answer.status_code == 403
