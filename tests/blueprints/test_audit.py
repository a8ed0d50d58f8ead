"""Admin > Audit, and what signing in and out leaves there."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import update

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Role
from crmapp.models import AuditEvent
from crmapp.services import api_tokens, audit, seals, users
from tests.blueprints.test_second_step import code_of, enter, turned_on
from tests.factories import PASSWORD
from tests.support.pages import flat
from tests.support.web import htmx


def events():
    session.rollback()
    return session.query(AuditEvent).order_by(AuditEvent.id).all()


def told():
    return [(each.kind, each.by_id) for each in events()]


def test_who_signs_in_and_out_is_noted_with_her_address(client, make):
    bob = make.bob
    enter(client, bob, environ_base={"REMOTE_ADDR": "192.0.2.9"}, headers={"User-Agent": "Tester"})
    client.post("/logout")

    assert told() == [("signed_in", bob.id), ("signed_out", bob.id)]
    assert (events()[0].address, events()[0].agent) == ("192.0.2.9", "Tester")


def test_a_wrong_password_is_noted_once_and_not_kept(client, make):
    enter(client, make.bob, password="not-it-at-all")

    assert told() == [("sign_in_refused", make.bob.id)]
    assert events()[0].details == {"way": "password"}
    assert "not-it-at-all" not in repr(vars(events()[0]))


def test_a_stranger_is_noted_without_what_she_typed(client, make):
    client.post("/login", data={"email": "secret-typed-here", "password": PASSWORD})

    (event,) = events()
    assert (event.kind, event.by_id, event.about_id) == ("sign_in_refused", None, "")
    assert "secret" not in repr(vars(event))


def test_who_was_let_go_is_refused_and_noted(client, make):
    enter(client, make.user("gone", "rep", active=False))

    assert [kind for kind, _by in told()] == ["sign_in_refused"]


def test_a_second_step_is_noted_when_it_is_set_up_missed_and_taken(client, as_user, make):
    key = turned_on(as_user(make.bob))
    enter(client, make.bob)
    client.post("/tf-validate", data={"code": "000000"})
    client.post("/tf-validate", data={"code": code_of(key)})

    kinds = [kind for kind, _by in told()]
    assert kinds == ["second_step_on", "sign_in_refused", "second_step_passed", "signed_in"]


def test_a_new_password_is_noted(client, make):
    client.post("/reset", data={"email": make.bob.email})

    assert told() == [("password_asked", make.bob.id)]


def test_the_page_tells_who_did_what_from_where(as_user, make):
    alice = as_user(make.alice)
    alice.post(f"/admin/users/{make.bob.id}", data={"role": "viewer", "active": "y"})

    page = alice.get("/admin/audit").text

    assert "Gave another role" in page
    assert "127.0.0.1" in page
    assert "Viewer" in page


def test_a_change_of_an_account_leads_to_it(as_user, make):
    bob, account = as_user(make.bob), make.account("Acme", owner_id=make.bob.id)
    typed = {"name": "Acme & Sons", "version": account.version, "owner_id": make.bob.id}
    bob.post(f"/accounts/{account.id}", data=typed)

    page = as_user(make.alice).get(f"/admin/audit?object=account&record={account.id}").text

    assert f'href="/accounts/{account.id}"' in page
    assert "Acme &amp; Sons" in page
    assert "127.0.0.1" in page


def test_every_page_of_the_list_is_reached_by_its_links(as_user, make):
    alice = as_user(make.alice)
    for number in range(60):
        role = ("rep", "viewer")[number % 2]
        users.set_role(make.carol.id, role, by=make.alice)

    first = alice.get("/admin/audit?kind=role_changed").text
    older = re.search(r'href="([^"]*before=[^"]*)"', first)[1].replace("&amp;", "&")
    second = alice.get(older).text

    assert first.count("<time") + second.count("<time") == len(events()) == 59 + 1


def test_a_part_of_the_page_is_what_htmx_asks_for(as_user, make):
    page = as_user(make.alice).get("/admin/audit", headers=htmx("settings-audit")).text

    assert page.lstrip().startswith('<div id="settings-audit"')


def test_a_record_that_is_no_number_is_refused_and_kept(as_user, make):
    page = as_user(make.alice).get("/admin/audit?record=Acme&object=account").text

    assert "Enter the number of a record" in page
    assert 'name="record" aria-invalid="true" aria-describedby="audit-record-error"' in page
    assert 'value="Acme"' in page


def test_a_day_that_is_not_there_in_utc_is_refused_and_kept(as_user, make):
    olga = make.user("olga", Role.ADMIN, timezone="Asia/Tokyo")

    page = as_user(olga).get("/admin/audit?since=0001-01-01")

    assert page.status_code == 200
    assert 'id="audit-since-error"' in page.text
    assert 'value="0001-01-01"' in page.text


def test_the_file_holds_what_the_page_shows(as_user, make):
    alice = as_user(make.alice)
    alice.post(f"/admin/users/{make.bob.id}", data={"role": "viewer", "active": "y"})

    answer = alice.get("/admin/audit.csv?kind=role_changed")

    head, line = answer.text.lstrip("\ufeff").splitlines()
    assert head.startswith("When,Who,What,About")
    assert "Gave another role" in line
    assert "Sales representative → Viewer" in line
    assert (events()[-1].kind, events()[-1].details) == ("exported", {"file": "audit.csv"})


def test_a_file_of_accounts_is_noted_before_it_is_sent(as_user, make):
    as_user(make.bob).get("/accounts/list.csv")

    (event,) = events()
    assert (event.kind, event.by_id) == ("exported", make.bob.id)
    assert event.details == {"file": "accounts.csv"}


def test_settings_are_told_in_words(as_user, make):
    ids = {"about": "options", "about_id": "account_layouts"}
    with unit_of_work():
        audit.note("layout_saved", by=None, **ids, version=3)
        audit.note("connection_saved", by=None, about="connection", about_id="intacct")
        audit.note("retention_set", by=None, about="retention", days={"export": None, "upsert": 5})

    page = as_user(make.alice).get("/admin/audit").text

    for words in ("Layouts", "Connection Sage Intacct", "Export to a file –", "The terminal"):
        assert words in page


def test_a_restored_backup_and_a_webhook_are_told_in_words(as_user, make):
    counts = {"letters": 2, "stopped": 1, "going_on": 0}
    with unit_of_work():
        audit.note("backed_up", by=None, about="backup", secrets=True)
        made = "2026-06-15T09:30:00+00:00"
        audit.note("restored", by=None, about="backup", about_id=made, **counts)
        names = ["account.status", "account.terms"]
        audit.note("webhook_added", by=None, about="webhook", about_id=7, fields=names)
        audit.note("webhook_off", by=None, about="webhook", about_id=7, reason="gone")

    page = as_user(make.alice).get("/admin/audit").text

    for words in ("Letters not sent", "Cancelled runs", "Runs that go on", "The receiver is gone"):
        assert words in page
    assert "account.status, account.terms" in page
    assert "Backup of Jun 15, 2026" in page
    assert "Webhook 7" in page
    assert made not in page


def test_the_health_page_says_whether_the_seals_hold(as_user, make):
    with unit_of_work():
        audit.note("signed_in", by=None)
    seals.seal(at_least=1, soon=timedelta(0))
    alice = as_user(make.alice)

    well = alice.get("/admin/health").text
    with unit_of_work():
        session.execute(update(AuditEvent).values(kind="signed_out"))

    assert "The newest seals fit" in well
    assert "Seal 1 is broken: event 1 was changed later." in alice.get("/admin/health").text


def test_what_a_token_may_do_is_one_list(make, as_user):
    api_tokens.make("Test", ["accounts:read", "contacts:read"], 30, by=make.bob)

    text = flat(as_user(make.alice).get("/admin/audit"))

    assert "What it may do Read accounts, Read contacts " in text
