"""The secret address of a calendar, and the page on which it is made and closed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from icalendar import Calendar

from crmapp.models import User
from crmapp.services import calendars, users
from tests.conftest import NOW
from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def word(make):
    account = make.account("Toys", owner_id=make.bob.id)
    make.activity(
        account, "Visit", kind="meeting", owner_id=make.bob.id, happens_at=NOW + timedelta(days=1)
    )
    return calendars.renew(by=make.bob)


def test_it_is_read_without_signing_in(client, word):
    answer = client.get(f"/calendar/{word}.ics")

    assert answer.content_type == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(event["summary"]) == "Visit · Toys"


def test_what_has_not_changed_is_not_sent_again(client, word):
    first = client.get(f"/calendar/{word}.ics")

    again = client.get(f"/calendar/{word}.ics", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")


def test_a_wrong_a_closed_and_a_leavers_address_answer_alike(make, client, word):
    wrong = client.get(f"/calendar/{'x' * 43}.ics")
    calendars.revoke(by=make.bob)
    closed = client.get(f"/calendar/{word}.ics")
    again = calendars.renew(by=make.bob)
    users.set_active(make.bob.id, False, by=None)
    left = client.get(f"/calendar/{again}.ics")

    answers = [wrong, closed, left]
    assert [each.status_code for each in answers] == [404] * 3
    bodies = {re.sub(r"x{43}|[\w-]{43}|nonce[^>]*|[0-9a-f]{8,}", "", each.text) for each in answers}
    assert len(bodies) == 1


def test_who_tries_addresses_is_stopped(client):
    answers = [client.get(f"/calendar/{number}.ics").status_code for number in range(12)]

    assert answers == [404] * 10 + [429] * 2


def test_who_tries_addresses_stops_nobody_else(client, word):
    for number in range(12):
        client.get(f"/calendar/{number}.ics")

    assert client.get(f"/calendar/{word}.ics").status_code == 200


def test_one_that_is_read_all_the_time_is_slowed_down(client, word):
    answers = {client.get(f"/calendar/{word}.ics").status_code for _time in range(32)}

    assert answers == {200, 429}


class TestPreferences:
    @pytest.mark.parametrize("headers", [{}, htmx()], ids=["plain", "htmx"])
    def test_when_she_reads_about_her_day_is_kept(self, make, as_user, headers):
        bob = make.bob
        chosen = {"timezone": "Europe/Paris", "digest_hour": "7"}

        as_user(bob).post("/preferences/day", data=chosen, headers=headers)

        kept = make.again(User, bob.id)
        assert (kept.timezone, kept.digest_hour) == ("Europe/Paris", 7)

    def test_never_is_kept_too(self, make, as_user):
        anna = make.user("anna", digest_hour=7)

        as_user(anna).post("/preferences/day", data={"timezone": "UTC", "digest_hour": ""})

        assert make.again(User, anna.id).digest_hour is None

    @pytest.mark.parametrize(
        "wrong", [{"timezone": "Mars/Olympus"}, {"digest_hour": "24"}, {"digest_hour": "x"}]
    )
    def test_what_is_not_offered_is_refused(self, make, as_user, wrong):
        bob = make.bob
        sent = {"timezone": "Europe/Paris", "digest_hour": "7", **wrong}

        answer = as_user(bob).post("/preferences/day", data=sent)

        assert answer.status_code == 422
        assert make.again(User, bob.id).digest_hour is None

    def test_an_address_is_shown_once(self, make, as_user, client):
        bob = as_user(make.bob)

        shown = bob.post("/preferences/calendar").text

        address = re.search(r'value="http[^"]*(/calendar/[\w-]{43}\.ics)"', shown).group(1)
        assert client.get(address).status_code == 200
        assert "/calendar/" not in bob.get("/preferences/day").text.replace(
            "/preferences/calendar", ""
        )

    def test_it_is_closed(self, make, as_user, word):
        as_user(make.bob).post("/preferences/calendar/revocation")

        assert calendars.reader_of(word) is None
