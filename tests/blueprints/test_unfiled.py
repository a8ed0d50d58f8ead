"""The pages of the mailbox and of the letters that no account was found for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from crmapp import config
from crmapp.db import session
from crmapp.models import Activity, UnfiledLetter
from crmapp.services import mailboxes, unfiled
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


def test_an_installation_without_a_mailbox_says_nothing_of_one(make, as_user, settings):
    config.use(settings)

    assert "Read it now" not in as_user(make.alice).get("/admin/mail").text
