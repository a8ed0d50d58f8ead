"""The pages of the mailbox and of the letters that no account was found for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from crmapp import config
from crmapp.db import session
from crmapp.models import Activity, UnfiledLetter
from crmapp.services import mailboxes, unfiled, unfiled_batches
from tests.support.letters import DOMAIN, letter
from tests.support.pages import flat

URL = "imaps://crm:secret%20word@mail.example:993/Customers"


@pytest.fixture(autouse=True)
def takes_mail(settings, make):
    config.use(replace(settings, mail_drop_domain=DOMAIN, imap_url=URL))


def keep(*subjects):
    for number, subject in enumerate(subjects):
        message = letter("info@crm.example", subject=subject, message_id=f"<{number}@x>")
        unfiled.take(message.as_bytes(), lambda: None)
    return list(session.scalars(select(UnfiledLetter.id).order_by(UnfiledLetter.id)))


def activities():
    session.rollback()
    return session.scalars(select(Activity).where(Activity.deleted_at.is_(None))).all()


def test_a_manager_files_letters_and_takes_that_back(make, as_user):
    account, ids, mona = make.account("Acme"), keep("One", "Two"), as_user(make.mona)

    filed = mona.post("/admin/unfiled/filings", data={"id": ids, "account": "Acme"})
    page = mona.get(filed.location)

    assert "2 letters filed on “Acme”." in flat(page)
    assert {each.account_id for each in activities()} == {account.id}
    sent = {"id": ",".join(map(str, ids))}
    assert f'name="id" value="{sent["id"]}"' in page.text
    mona.post("/admin/unfiled/returns", data=sent)
    assert activities() == []
    assert "2 letters wait again." in flat(mona.get("/admin/unfiled"))


def test_what_is_wrong_is_said_and_nothing_that_was_typed_is_lost(make, as_user):
    ids, mona = keep("One"), as_user(make.mona)

    answer = mona.post("/admin/unfiled/filings", data={"id": ids, "account": "Nobody knows it"})

    assert answer.status_code == 422
    assert 'value="Nobody knows it"' in answer.text
    assert f'id="letter-{ids[0]}-tick" aria-label="Select One" checked' in answer.text
    assert 'id="unfiled-account-error"' in answer.text


def test_who_ticks_nothing_is_told_to(make, as_user):
    keep("One")
    make.account("Acme")
    mona = as_user(make.mona)

    for place in ("filings", "discards", "returns"):
        answer = mona.post(f"/admin/unfiled/{place}", data={"account": "Acme"})
        assert answer.status_code == 422
    assert "Tick at least one letter." in mona.post("/admin/unfiled/discards").text


def test_letters_are_discarded_and_stand_among_the_settled(make, as_user):
    ids, mona = keep("One", "Two"), as_user(make.mona)

    mona.post("/admin/unfiled/discards", data={"id": ids[:1]})

    settled = flat(mona.get("/admin/unfiled?show=settled"))
    assert "One" in settled
    assert "Discarded" in settled
    assert "Two" in mona.get("/admin/unfiled").text


def test_who_comes_too_late_is_told(make, as_user):
    ids = keep("One")
    unfiled.discard(ids, by=make.alice)
    mona = as_user(make.mona)

    mona.post("/admin/unfiled/discards", data={"id": ids})

    assert "1 letter stays as it is" in flat(mona.get("/admin/unfiled"))


@pytest.fixture
def in_parts(monkeypatch):
    """Two letters on a page, and a slice of time that is over after them."""
    monkeypatch.setattr(unfiled, "PAGE", 2)
    monkeypatch.setattr(unfiled_batches, "SLICE", 0.0)


def hidden(page):
    """What the forms of a page send by themselves."""
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def all_that_match(person, place, **typed):
    """Press the button for all that match, go on until it is over, and count the requests."""
    shown = "?show=settled" if place == "returns" else ""
    sent = hidden(person.get(f"/admin/unfiled{shown}")) | {"all": "yes"} | typed
    for count in range(1, 20):
        answer = person.post(f"/admin/unfiled/{place}", data=sent)
        if answer.status_code == 303:
            return answer, count
        assert answer.status_code == 200
        sent = hidden(answer)
    raise AssertionError("it never ends")


def test_all_letters_are_filed_part_by_part_and_all_of_that_is_taken_back(make, as_user, in_parts):
    keep(*map(str, range(5)))
    account, mona = make.account("Acme"), as_user(make.mona)

    answer, requests = all_that_match(mona, "filings", account="Acme")

    assert requests == 3
    assert [each.account_id for each in activities()] == [account.id] * 5
    page = mona.get(answer.location)
    assert "5 letters filed on “Acme”." in flat(page)
    undo = hidden(page)
    assert mona.post("/admin/unfiled/returns", data=undo).status_code == 200  # there is more
    assert len(activities()) == 3
    while (answer := mona.post("/admin/unfiled/returns", data=undo)).status_code == 200:
        undo = hidden(answer)
    assert activities() == []
    assert unfiled.count(by=make.mona) == 5


@pytest.mark.parametrize("name", ["begun", "since", "until"])
def test_a_forged_moment_is_none(make, as_user, name):
    keep("Offer")
    mona = as_user(make.mona)
    sent = hidden(mona.get("/admin/unfiled")) | {"all": "yes", name: "0001-01-01T00:00:00+10:00"}

    assert mona.post("/admin/unfiled/discards", data=sent).status_code == 303


def test_all_that_match_are_those_of_the_filter_that_were_there(make, as_user, in_parts):
    keep("Offer 1", "Offer 2", "Offer 3", "Order")
    mona = as_user(make.mona)
    sent = hidden(mona.get("/admin/unfiled?q=offer")) | {"all": "yes"}
    late = letter("info@crm.example", subject="Offer 4", message_id="<late@x>")
    unfiled.take(late.as_bytes(), lambda: None)

    page = mona.post("/admin/unfiled/discards", data=sent)
    mona.post("/admin/unfiled/discards", data=hidden(page))

    left = session.scalars(select(UnfiledLetter.subject).where(UnfiledLetter.waits()))
    assert sorted(left) == ["Offer 4", "Order"]


def test_what_others_have_discarded_is_not_taken_back_with_ones_own(make, as_user, in_parts):
    first, *_rest = keep(*map(str, range(4)))
    mona = as_user(make.mona)
    answer, _requests = all_that_match(mona, "discards", through=str(first + 2))
    unfiled.discard([first + 3], by=make.alice)

    undo = hidden(mona.get(answer.location)) | {"through": "999999"}
    while (answer := mona.post("/admin/unfiled/returns", data=undo)).status_code == 200:
        undo = hidden(answer)

    assert unfiled.count(by=make.alice) == 3


def test_all_settled_letters_are_brought_back(make, as_user, in_parts):
    ids = keep("One", "Two", "Three")
    unfiled.discard(ids, by=make.mona)

    answer, _requests = all_that_match(as_user(make.mona), "returns")

    assert unfiled.count(by=make.mona) == 3


def test_an_account_that_nobody_knows_keeps_all_that_match_ticked(make, as_user, in_parts):
    keep("One", "Two", "Three")

    answer = as_user(make.mona).post(
        "/admin/unfiled/filings", data={"all": "yes", "account": "Nobody", "q": "t\x00"}
    )

    assert answer.status_code == 422
    assert 'value="Nobody"' in answer.text
    assert 'name="q" value="t"' in answer.text
    assert activities() == []


def test_a_part_that_htmx_asks_for_is_a_part(make, as_user, in_parts):
    keep("One", "Two", "Three")
    mona = as_user(make.mona)
    sent = hidden(mona.get("/admin/unfiled")) | {"all": "yes"}

    part = mona.post("/admin/unfiled/discards", data=sent, headers={"HX-Request": "true"})

    assert part.text.lstrip().startswith('<form id="settings-letter-batch"')
    end = mona.post("/admin/unfiled/discards", data=hidden(part), headers={"HX-Request": "true"})
    assert end.headers["HX-Redirect"] == "/admin/unfiled"


@pytest.mark.parametrize(
    "query, shown",
    [("q=ONE", ["One"]), ("q=100%25", []), ("reason=stranger", []),
     ("reason=no_account", ["One", "Two"]), ("reason=nonsense", ["One", "Two"])],
)  # fmt: skip
def test_letters_are_found_by_words_and_by_reason(make, as_user, query, shown):
    keep("One", "Two")

    page = as_user(make.mona).get(f"/admin/unfiled?{query}").text

    assert [each for each in ("One", "Two") if f"Select {each}" in page] == shown


def test_the_way_in_says_how_many_letters_wait(make, as_user):
    keep("One", "Two", "Three")

    assert "3 wait" in flat(as_user(make.mona).get("/admin"))


def test_what_a_letter_says_is_text(make, as_user):
    keep("<script>alert(1)</script>")

    page = as_user(make.mona).get("/admin/unfiled").text

    assert "<script>alert(1)" not in page


def test_an_administrator_is_told_what_is_wrong_with_the_mailbox_and_never_its_password(
    make, as_user
):
    mailboxes.failed(mailboxes.claim(), "sign_in")
    alice = as_user(make.alice)

    page = flat(alice.get("/admin/mail"))

    assert "The mail server refuses the user or the password." in page
    assert "crm@mail.example:993/Customers" in page
    assert "secret" not in page


def test_an_administrator_has_the_mailbox_read_at_once(make, as_user):
    mailboxes.failed(mailboxes.claim(), "away")

    as_user(make.alice).post("/admin/mail/reading")

    assert mailboxes.claim() is not None


def health_of_the_mailbox(alice):
    page = flat(alice.get("/admin/health"))
    return page[page.index("Mailbox") :][:200] if "Mailbox" in page else ""


def test_the_health_of_a_mailbox_that_is_read(make, as_user):
    mailboxes.ended(mailboxes.claim(), more=False)

    said = health_of_the_mailbox(as_user(make.alice))

    assert said.startswith("Mailbox Good Letters are read and filed Read last")


def test_the_health_says_what_is_wrong_with_the_mailbox_and_since_when(make, as_user, clock):
    alice = as_user(make.alice)
    mailboxes.ended(mailboxes.claim(), more=False)
    clock.shift(timedelta(minutes=1))
    mailboxes.failed(mailboxes.claim(), "sign_in")

    said = health_of_the_mailbox(alice)
    clock.shift(timedelta(minutes=3))
    later = health_of_the_mailbox(alice)

    assert said.startswith("Mailbox Look here The mail server refuses the user or the password.")
    assert later.startswith("Mailbox Broken The mail server refuses the user or the password.")
    assert "Read last" in later


def test_a_mailbox_that_nobody_reads_for_three_intervals_is_not_well(make, as_user, clock):
    alice = as_user(make.alice)
    mailboxes.ended(mailboxes.claim(), more=False)
    clock.shift(timedelta(minutes=4, seconds=1))

    assert health_of_the_mailbox(alice).startswith("Mailbox Broken Nobody reads it.")


def test_a_mailbox_that_was_never_read_is_not_well(make, as_user):
    assert health_of_the_mailbox(as_user(make.alice)).startswith("Mailbox Broken Nobody reads it.")


def test_a_long_mailbox_that_is_being_read_is_said_to_be(make, as_user):
    mailboxes.ended(mailboxes.claim(), more=True)

    said = health_of_the_mailbox(as_user(make.alice))

    assert said.startswith("Mailbox Look here Letters are being read")


def test_an_installation_without_a_mailbox_has_no_health_of_one(make, as_user, settings):
    config.use(settings)

    assert health_of_the_mailbox(as_user(make.alice)) == ""


def test_an_installation_without_a_mailbox_says_nothing_of_one(make, as_user, settings):
    config.use(settings)

    assert "Read it now" not in as_user(make.alice).get("/admin/mail").text
