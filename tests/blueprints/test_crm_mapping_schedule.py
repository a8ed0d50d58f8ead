"""When a CRM mapping is read: by its schedule, by a button, and what is shown of its runs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from crmapp.db import session, unit_of_work
from crmapp.domain.runs import Status
from crmapp.models import CrmMapping, FeedSource, Run
from crmapp.services import crm_mappings, feeds
from crmapp.services.feed_readers import Column
from tests.support.feeds import Erp, customer, feed, mapping, source, work
from tests.support.pages import flat
from tests.support.web import htmx

HEADERS = {"plain": {}, "htmx": htmx("settings-crm-mapping-schedule")}
EVERY = {"kind": "every", "every": "15", "zone": "UTC", "guard_percent": "20", "active": "y"}


@pytest.fixture(params=["plain", "htmx"])
def headers(request):
    return HEADERS[request.param]


@pytest.fixture
def erp():
    return Erp([customer(n) for n in range(1, 6)])


@pytest.fixture
def rule(make, erp):
    return mapping(make, source(make, erp))


def kept(rule):
    session.rollback()
    session.expire_all()
    return session.get_one(CrmMapping, rule)


def save(client, rule, headers=None, **sent):
    place = f"/admin/crm-mappings/{rule}/schedule"
    return client.post(place, data={**EVERY, **sent}, headers=headers or {})


def shown(client, rule):
    return flat(client.get(f"/admin/crm-mappings/{rule}"))


@pytest.mark.parametrize(
    "sent, says",
    [
        ({"every": "15"}, "Every 15 minutes"),
        ({"kind": "daily", "daily": "6:30", "every": ""}, "Daily at 06:30 (UTC)"),
        ({"kind": "cron", "cron": "30  6 * * 1-5"}, "By cron “30 6 * * 1-5” (UTC)"),
        ({"kind": "never", "every": "", "daily": ""}, "Only by hand"),
    ],
)
def test_a_schedule_is_saved_and_said_in_words(alice, rule, headers, sent, says):
    answer = save(alice, rule, headers, **sent)

    assert answer.status_code == (200 if headers else 303)
    assert says in shown(alice, rule)


def test_the_next_three_times_are_shown(clock, alice, rule):
    save(alice, rule, kind="daily", daily="6:30", zone="Europe/Paris")

    text = shown(alice, rule).partition("The next times:")[2].partition("In your time zone: UTC")[0]

    assert re.findall(r"6/(\d+)/26, 4:30", text) == ["16", "17", "18"]


def test_a_paused_one_has_no_next_time(alice, rule):
    sent = {name: value for name, value in EVERY.items() if name != "active"}
    alice.post(f"/admin/crm-mappings/{rule}/schedule", data=sent)

    text = shown(alice, rule)

    assert kept(rule).next_at is None
    assert "Paused" in text
    assert "The next times" not in text


@pytest.mark.parametrize(
    "sent, says",
    [
        ({"every": "2"}, "Enter 5 to 10,080 minutes."),
        ({"every": "soon"}, "Enter a whole number."),
        ({"kind": "daily", "daily": "25:00"}, "Enter a time such as 06:30."),
        ({"kind": "cron", "cron": "every day"}, "Enter five parts as cron has them"),
        ({"kind": "cron", "cron": "* * * * *"}, "The times must be at least 5 minutes apart."),
        (
            {"kind": "cron", "cron": "0,5,10,15,20,25,30,35,40,45,50,56 * * * *"},
            "The times must be at least 5 minutes apart.",
        ),
        ({"guard_percent": "101"}, "Enter a number from 0 to 100."),
        ({"guard_percent": ""}, "Enter a number from 0 to 100."),
        ({"zone": "Mars/Phobos"}, "Choose one from the list."),
        ({"kind": "often"}, "Choose one from the list."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(alice, rule, headers, sent, says):
    answer = save(alice, rule, headers, **{"daily": "07:15", "cron": "1 2 3 4 5", **sent})

    assert answer.status_code == 422
    assert says in flat(answer)
    assert 'aria-invalid="true"' in answer.text
    kept_text = {"daily": "07:15", "cron": "1 2 3 4 5", **sent}
    for name in ("every", "daily", "cron", "guard_percent"):
        assert f'name="{name}"' in answer.text
        assert f'value="{kept_text.get(name, EVERY.get(name))}"' in answer.text
    assert kept(rule).next_at is None


@pytest.mark.parametrize("how, mode, whole", [("run", "run", False), ("dry", "dry", False),
                                              ("whole", "run", True)])  # fmt: skip
def test_a_run_is_begun_in_each_way(make, alice, rule, erp, how, mode, whole):
    erp.delta = True
    feed(make, rule)

    answer = alice.post(f"/admin/crm-mappings/{rule}/runs", data={"how": how})

    run = session.scalars(select(Run).order_by(Run.id.desc())).first()
    assert answer.headers["Location"] == f"/admin/crm-mappings/{rule}"
    assert (run.source["mode"], run.source["sources"][0]["cursor"] is None) == (mode, whole)
    assert f"/runs/{run.id}" in alice.get(f"/admin/crm-mappings/{rule}").text


def test_who_is_too_late_is_led_to_the_run_that_works(make, alice, rule):
    run_id = feeds.start(rule, by=make.alice)

    answer = alice.post(f"/admin/crm-mappings/{rule}/runs", data={"how": "run"})

    assert answer.headers["Location"] == f"/runs/{run_id}"
    assert "has not ended yet" in alice.get(f"/runs/{run_id}").text


def test_a_retired_source_is_named_when_a_run_is_refused(make, alice, rule):
    with unit_of_work():
        made = session.scalars(select(FeedSource)).one()
        made.retired_at = made.created_at

    alice.post(f"/admin/crm-mappings/{rule}/runs", data={"how": "run"})

    assert "The source “Our ERP” is retired." in shown(alice, rule)
    assert session.scalar(select(Run.id)) is None


def test_the_page_looks_again_while_a_run_works_and_shows_what_it_did(make, alice, rule):
    run_id = feeds.start(rule, by=make.alice)
    place = f"/admin/crm-mappings/{rule}/state?looked=3"

    during = alice.get(place, headers=htmx("settings-crm-mapping-state"))
    work(run_id)
    after = alice.get(place, headers=htmx("settings-crm-mapping-state"))

    assert 'hx-trigger="every 1s"' in during.text
    assert "The sources are read and compared." in during.text
    assert "hx-partial" not in during.text
    assert "hx-trigger" not in after.text.partition("hx-partial")[0]
    assert "5 created, 0 updated" in flat(after)
    assert after.text.count("<hx-partial") >= 2


def test_a_run_that_failed_says_why(make, alice, rule, erp):
    feed(make, rule)
    erp.missing = lambda names: list(names)
    erp.columns = lambda locale: [Column("other", "Other")]
    failed = feed(make, rule)

    text = shown(alice, rule)

    assert failed.status == Status.FAILED
    assert "The last run failed" in text
    assert "has no column" in text


def test_a_failure_is_over_once_the_source_was_read_again_and_nothing_had_changed(
    make, alice, rule, erp
):
    feed(make, rule)
    erp.missing = lambda names: list(names)
    feed(make, rule)
    del erp.missing

    quiet = feed(make, rule)

    page = shown(alice, rule)
    assert quiet is None
    assert "nothing had changed" in page
    assert "The last run failed" not in page


def test_plans_that_wait_for_a_person_are_shown(make, alice, rule, erp):
    feed(make, rule)
    del erp.rows[1:]
    guarded = feed(make, rule)

    listed, page = flat(alice.get("/admin/crm-mappings")), shown(alice, rule)

    assert "Waits for a person" in listed
    assert "A source has shrunk: a person has to look" in page
    assert "“Our ERP” had 5 rows and has 1 now." in page
    assert f"/admin/feeds/{guarded.id}/plan" in alice.get("/admin/crm-mappings").text


def test_customers_that_are_gone_wait_and_the_last_run_stays_in_sight(make, alice, rule, erp):
    feed(make, rule)
    crm_mappings.schedule(rule, kind="never", guard_percent=100, by=make.alice)
    del erp.rows[4]
    feed(make, rule)

    page = shown(alice, rule)

    assert "1 customer is gone from the sources" in page
    assert "Completed 5 created, 0 updated just now" in page


def test_a_dry_run_waits_without_being_a_warning(make, alice, rule):
    dry = feed(make, rule, dry=True)

    page = shown(alice, rule)

    assert "A dry run is ready" in page
    assert "Waits for a person" not in page
    assert "A new run takes the place of the plan that waits." in page
    assert f"/admin/feeds/{dry.id}/plan" in alice.get(f"/admin/crm-mappings/{rule}").text


def test_a_dry_run_that_nobody_wanted_is_not_how_the_last_run_went(make, alice, rule):
    feed(make, rule)
    feed(make, rule, dry=True)
    assert feed(make, rule) is None

    listed = flat(alice.get("/admin/crm-mappings"))

    assert "Run 1 Completed" in listed
    assert "Cancelled" not in listed


def test_the_last_runs_are_listed_with_a_trend(make, alice, rule, erp):
    feed(make, rule)
    erp.rows.append(customer(6))
    feed(make, rule)

    text = alice.get(f"/admin/crm-mappings/{rule}").text

    rows = flat_rows(text)
    assert [row.split()[:2] for row in rows] == [["Run", "2"], ["Run", "1"]]
    assert rows[0].endswith("6 1 0 5 0")
    assert "The last 2 runs of this job." in text


def flat_rows(text):
    table = text.partition('id="settings-crm-mapping-runs-region"')[2].partition("</table>")[0]
    rows = table.partition("<tbody>")[2].split("<tr>")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
