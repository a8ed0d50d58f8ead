"""An administrator looks at every page as somebody else does, and changes nothing meanwhile."""

from __future__ import annotations

import re

import pytest

from crmapp.db import session, unit_of_work
from crmapp.domain.permissions import Role
from crmapp.models import Account, AuditEvent, User
from crmapp.services import accounts, users
from crmapp.web import recent
from tests.support.web import htmx

PAGES = (
    "/accounts",
    "/accounts?owner=me",
    "/accounts/{own}",
    "/accounts/{own}/contacts",
    "/accounts/{own}/timeline",
    "/accounts/{hidden}",
    "/accounts/{own}/edit",
    "/accounts.csv",
    "/contacts",
    "/day",
    "/runs",
    "/admin/users",
    "/preferences/mail",
    "/palette?q=ac",
    "/analytics",
    "/mappings",
)
BANNER = "You see crmapp as Bob does. Nothing can be changed."


@pytest.fixture
def places(make):
    own = make.account("Acme", owner_id=make.bob.id)
    make.contact(own)
    return {"own": own.id, "hidden": make.account("Hidden", owner_id=make.mallory.id).id}


@pytest.fixture
def viewing(make, as_user):
    """Alice, who looks at pages as Bob does."""
    client, bob = as_user(make.alice), make.bob.id
    assert client.post(f"/admin/users/{bob}/view").location == "/"
    return client


def main(answer):
    """Return what a page says, without the banner and what differs from answer to answer."""
    text = re.sub(r'<aside class="viewing".*?</aside>\s*', "", answer.text, flags=re.DOTALL)
    text = re.sub(r'(csrf_token|idempotency_key)"[^>]*value="[^"]*"', "", text)
    return re.sub(r'nonce="[^"]*"|"X-CSRFToken": ?"[^"]*"|Request number: \w+', "", text)


@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_as_that_person_sees_it(make, as_user, places, viewing, address):
    address = address.format(**places)

    seen, hers = viewing.get(address), as_user(make.bob).get(address)

    assert seen.status_code == hers.status_code
    if seen.mimetype == "text/html" and "<main" in seen.text:
        assert BANNER in seen.text
        assert BANNER not in hers.text
        assert _words(main(seen)) == _words(main(hers))
    elif seen.status_code == 200:
        assert main(seen) == main(hers)


def _words(page):
    """Return the body's text and addresses, so that tokens in its attributes do not count."""
    body = page.partition("<main")[2].partition("</main>")[0]
    found = re.findall(r">([^<>]+)<|href=\"([^\"]+)\"", body)
    return [word for pair in found for word in pair if word.strip()]


@pytest.mark.parametrize("headers", [{}, htmx("div#drawer-body")], ids=["plain", "htmx"])
def test_whatever_would_change_something_is_refused(make, places, viewing, headers):
    own = places["own"]
    for address in (
        f"/accounts/{own}",
        f"/accounts/{own}/contacts",
        "/accounts",
        "/preferences",
        "/preferences/sessions/end",
        "/change",
        f"/admin/users/{make.mona.id}/view",
    ):
        answer = viewing.post(address, data={"name": "Changed", "version": "1"}, headers=headers)
        assert answer.status_code == 403, address
        assert "look at this as somebody else" in answer.text

    assert make.again(Account, own).name == "Acme"


@pytest.mark.parametrize("address", ["/change", "/tf-setup", "/mf-recovery-codes?show_codes=yes"])
def test_what_signs_a_person_in_stays_hers(viewing, address):
    assert viewing.get(address).status_code == 403


def test_a_page_that_would_write_writes_nothing(make, places, viewing, monkeypatch):
    def write(account_id):
        with unit_of_work():
            pass

    monkeypatch.setattr(recent, "note_account", write)

    assert viewing.get(f"/accounts/{places['own']}").status_code == 403
    accounts.update(places["own"], {"notes": "Called"}, 1, by=make.bob)  # as soon as it has ended


def test_the_banner_leads_back(make, viewing, places):
    hidden = f"/accounts/{places['hidden']}"
    before = viewing.get(hidden).status_code

    back = viewing.post("/admin/users/view/end")

    page = viewing.get(hidden)
    assert (before, back.location, page.status_code) == (404, "/admin/users", 200)
    assert BANNER not in page.text
    assert make.again(User, make.alice.id).name in page.text


def test_it_ends_with_the_session(make, viewing, places):
    viewing.post("/logout")
    with viewing.session_transaction() as kept:
        assert "viewing_as" not in kept

    assert viewing.get("/accounts").status_code == 302


def test_it_ends_when_its_end_is_due(make, as_user, viewing):
    """The person was let go, or the administrator is none any more."""
    users.set_active(make.bob.id, False, by=make.alice)
    assert BANNER not in viewing.get("/accounts").text

    other = make.user("ada", Role.ADMIN)
    client = as_user(other)
    client.post(f"/admin/users/{make.carol.id}/view")
    users.set_role(other.id, "rep", by=make.alice)
    assert "You see crmapp as" not in client.get("/accounts").text


def test_what_is_sent_after_its_end_is_not_done_in_her_own_name(make, places, viewing):
    users.set_active(make.bob.id, False, by=make.alice)

    sent = viewing.post(f"/accounts/{places['own']}/values/name", data={"value": "Changed"})

    assert sent.status_code == 403
    assert "with your own eyes again" in sent.text
    assert make.again(Account, places["own"]).name == "Acme"
    assert viewing.get("/accounts").status_code == 200


def test_its_end_is_said(make, viewing):
    users.set_active(make.bob.id, False, by=make.alice)

    assert "with your own eyes again" in viewing.get("/accounts").text
    assert "with your own eyes again" not in viewing.get("/accounts").text


def test_it_is_told_in_the_audit_trail(make, as_user):
    client = as_user(make.alice)
    client.post(f"/admin/users/{make.bob.id}/view")
    client.post("/accounts")
    client.post("/admin/users/view/end")

    session.rollback()
    told = session.query(AuditEvent).order_by(AuditEvent.id)
    assert [(each.kind, each.by_id, each.about_id) for each in told] == [
        (f"view_as_{what}", make.alice.id, str(make.bob.id))
        for what in ("begun", "refused", "ended")
    ]


def test_nobody_looks_as_herself_or_as_somebody_who_has_left(make, as_user):
    client = as_user(make.alice)
    gone = make.user("gone", active=False)

    for person in (make.alice.id, gone.id):
        assert client.post(f"/admin/users/{person}/view").location == "/admin/users"
    assert "You see crmapp as" not in client.get("/accounts").text


def test_only_who_manages_people_may(make, as_user):
    for name in ("mona", "bob", "carol", "ivan"):
        client = as_user(getattr(make, name))
        assert client.post(f"/admin/users/{make.alice.id}/view").status_code == 403
        assert "You see crmapp as" not in client.get("/accounts").text


def test_a_kept_part_of_a_page_is_not_shown_to_the_person_herself(make, as_user, viewing):
    viewing.get("/accounts")

    assert "viewing" not in as_user(make.bob).get("/accounts").text
