"""Files that leave the house are told in the audit trail: who took what, when and from where."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmapp import origin
from crmapp.db import session
from crmapp.models import AuditEvent, Run
from crmapp.origin import Origin
from crmapp.services import audit, calendars, record_exports, runs
from tests.blueprints.test_files import one
from tests.blueprints.test_imports import import_, the_run, workbook
from tests.conftest import NOW
from tests.support.attached import OFFER
from tests.support.pages import flat
from tests.support.upserts import ROWS, carry_out, plan


def told(kind="exported"):
    session.rollback()
    return session.query(AuditEvent).filter_by(kind=kind).order_by(AuditEvent.id).all()


def said(event):
    return (event.by_id, event.about, event.about_id, event.details)


def test_a_file_of_an_account_is_told_by_its_number_each_time_it_is_fetched(make, as_user):
    account = make.account("Acme")
    file, carol = one(make, account), as_user(make.carol)
    address = f"/accounts/files/{file.id}"

    carol.get(address, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    carol.get(address)

    first, second = told()
    assert said(first) == (make.carol.id, "attachment", str(file.id), {"account": account.id})
    assert said(second) == said(first)
    assert (first.address, second.address) == ("192.0.2.9", "127.0.0.1")
    assert OFFER not in repr(vars(first))


def test_where_nothing_leaves_nothing_is_told(make, as_user):
    file = one(make, make.account("Acme", owner_id=make.bob.id))
    address, bob = f"/accounts/files/{file.id}", as_user(make.bob)
    known = {"If-None-Match": f'"{file.sha256}"'}

    statuses = [
        bob.get(address, headers=known).status_code,
        bob.head(address).status_code,
        bob.get(address, headers={"Range": "bytes=9999999-"}).status_code,
        as_user(make.mallory).get(address).status_code,
    ]

    assert statuses == [304, 200, 416, 404]
    assert told() == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_who_asks_for_the_head_of_a_list_takes_nothing(make, as_user, kind):
    make.account("Acme")
    bob = as_user(make.bob)

    assert bob.head(f"/accounts/list.{kind}").status_code == 200

    assert told() == []
    bob.get(f"/accounts/list.{kind}")
    assert [said(event) for event in told()] == [
        (make.bob.id, "sheet", "", {"file": f"accounts.{kind}"})
    ]


def test_parts_that_are_fetched_one_by_one_are_told_once_an_hour(make, as_user, clock):
    file, other = (one(make, make.account(), f"{name}.pdf") for name in "ab")
    bob = as_user(make.bob)

    def fetch(file, place):
        headers = {"Range": f"bytes={place}-{place + 3}"}
        return bob.get(f"/accounts/files/{file.id}", headers=headers).status_code

    statuses = {fetch(file, place) for place in (4, 8, 0)} | {fetch(other, 4)}
    clock.shift(timedelta(hours=2))
    fetch(file, 12)

    assert statuses == {206}
    assert [event.about_id for event in told()] == [str(each.id) for each in (file, other, file)]


def test_the_page_names_the_file_and_leads_to_it(make, as_user):
    account = make.account("Acme")
    as_user(make.bob).get(f"/accounts/files/{one(make, account, 'offer <1>.pdf').id}")
    alice = as_user(make.alice)

    page = alice.get("/admin/audit?kind=exported")

    assert "Downloaded a file" in page.text
    assert f'href="/accounts/{account.id}/files"' in page.text
    assert "File 1: offer _1_.pdf" in flat(page)
    assert "offer _1_.pdf" in alice.get("/admin/audit.csv?kind=exported").text


def test_files_of_runs_are_told_with_their_run(make, as_user):
    done = carry_out(make, plan(make, ROWS))
    mona = as_user(make.mona)

    mona.get(f"/runs/{done.id}/plans/0")
    mona.get(f"/runs/{done.id}/failed-rows.csv")

    plan_, failed = told()
    assert said(plan_)[:3] == (make.mona.id, "run", str(done.id))
    assert plan_.details["file"].endswith(".parquet")
    assert failed.details == {"file": f"run-{done.id}-failed-rows.csv"}


def test_the_file_of_an_export_is_told_once_it_is_fetched(make, as_user):
    make.account("Acme")
    asked = record_exports.asked("account", "csv", (), by=make.mona)
    headings = [str(each) for each in record_exports.headings_of("account")]
    run_id = record_exports.start(asked, "Records", headings, key=None, by=make.mona)
    runs.work(run_id)
    mona, address = as_user(make.mona), f"/runs/{run_id}/file"
    assert told() == []

    whole = mona.get(address)
    known = mona.get(address, headers={"If-None-Match": whole.headers["ETag"]})

    assert (whole.status_code, known.status_code) == (200, 304)
    (event,) = told()
    assert said(event)[:3] == (make.mona.id, "run", str(run_id))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_that_a_run_left_out_are_told_in_the_form_in_which_they_came(make, as_user, kind):
    mona, rows = as_user(make.mona), [["Name", "Number", "Phone"], ["", "008", "5"]]
    import_(
        mona, workbook(rows) if kind == "xlsx" else "Name,Number,Phone\n,008,5\n", f"rows.{kind}"
    )
    run = the_run()

    answer = mona.get(f"/runs/{run.id}/failed-rows.{kind}")

    assert answer.status_code == 200
    (event,) = told()
    name = f"run-{run.id}-failed-rows.{kind}"
    assert said(event) == (make.mona.id, "run", str(run.id), {"file": name})


def test_the_address_of_a_calendar_is_told_when_it_is_made_renewed_and_closed(make, as_user):
    bob = as_user(make.bob)

    for _time in range(2):
        bob.post("/preferences/calendar")
    bob.post("/preferences/calendar/revocation")

    renewed, closed = told("calendar_renewed"), told("calendar_closed")
    assert (len(renewed), len(closed)) == (2, 1)
    assert said(renewed[0]) == (make.bob.id, "calendar", str(make.bob.id), {})
    page = flat(as_user(make.alice).get("/admin/audit?kind=calendar_renewed"))
    assert f"Gave the calendar a new address Calendar {make.bob.id}: Bob" in page


def test_a_calendar_that_is_fetched_all_the_time_is_told_once_a_day_for_each_place(
    make, client, clock
):
    address = f"/calendar/{calendars.renew(by=make.bob)}.ics"

    def fetch(place, **headers):
        return client.get(address, environ_base={"REMOTE_ADDR": place}, headers=headers)

    known = fetch("192.0.2.1").headers["ETag"]
    for place in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        fetch(place)
    clock.shift(timedelta(days=1))
    unchanged = fetch("192.0.2.1", **{"If-None-Match": known})
    assert (unchanged.status_code, len(told())) == (304, 2)
    fetch("192.0.2.1")

    assert [event.address for event in told()] == ["192.0.2.1", "192.0.2.2", "192.0.2.1"]
    assert {said(event)[:3] for event in told()} == {(make.bob.id, "calendar", str(make.bob.id))}


def test_who_was_quicker_has_told_it_already(make, monkeypatch, clock):
    """Two ask for one calendar at once: both have looked, and one writes first."""
    origin.enter(Origin("192.0.2.1", "Browser", "r1"))
    looked, look = [], audit._is_noted

    def rival(*given):
        looked.append(look(*given))
        if len(looked) == 1:
            audit.exported("calendar", by=make.bob, about_id=make.bob.id)
        return looked[-1]

    monkeypatch.setattr(audit, "_is_noted", rival)

    audit.exported("calendar", by=make.bob, about_id=make.bob.id, since=NOW)

    origin.enter(None)
    assert looked == [False, True]
    assert len(told()) == 1


def test_who_sees_it_as_somebody_else_takes_it_herself(make, as_user):
    file = one(make, make.account("Acme", owner_id=make.bob.id))
    alice = as_user(make.alice)
    alice.post(f"/admin/users/{make.bob.id}/view")

    alice.get(f"/accounts/files/{file.id}")
    alice.get("/accounts/list.csv")

    assert [(event.by_id, event.details["seen_as"]) for event in told()] == [
        (make.alice.id, make.bob.id)
    ] * 2
    alice.post("/admin/users/view/end")
    seen = alice.get("/admin/audit?kind=exported").text
    assert make.bob.name in seen[seen.index("Seeing as person") :].partition("</tr>")[0]
    assert session.query(Run).count() == 0
