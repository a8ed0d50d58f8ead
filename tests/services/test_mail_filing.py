"""E-mail that is sent to an account's address appears on its timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crmapp import config
from crmapp.db import session, unit_of_work
from crmapp.domain.messages import BadMessage
from crmapp.errors import MailRefused, NotFound
from crmapp.models import Account, Activity, Attachment, FiledMail, MailDrop
from crmapp.services import accounts, attachments, erasure, history, mail_drop, mail_filing
from tests.support.attached import OFFER, kept_files
from tests.support.letters import DOMAIN, drop_of, letter, with_file


@pytest.fixture(autouse=True)
def takes_mail(settings, make):
    """The installation takes mail, and bob, who sends most of it, is there."""
    config.use(replace(settings, mail_drop_domain=DOMAIN))
    assert make.bob.active


def filed(message, recipients=()):
    ids = mail_filing.file(message.as_bytes(), recipients)
    return list(session.scalars(select(Activity).where(Activity.id.in_(ids))))


def test_the_mail_of_a_colleague_is_filed_with_what_it_says(make):
    account, bob = make.account("Zoë & Söhne"), make.bob
    contact = make.contact(account, "Meier", email="Zoe@customer.example")
    to = f"Zoe <zoe@customer.example>, {drop_of(make, account)}"

    (activity,) = filed(letter(to))

    assert (activity.kind, activity.subject, activity.account_id) == (
        "email", "Your prices", account.id,
    )  # fmt: skip
    assert (activity.owner_id, activity.contact_id) == (bob.id, contact.id)
    assert activity.happens_at == datetime(2026, 6, 15, 8, tzinfo=UTC)
    assert activity.notes == f"From: Bob <bob@crm.example>\nTo: {to}\n\nDear Zoe,"


def test_the_mail_of_a_contact_is_filed(make):
    account = make.account()
    contact = make.contact(account, "Meier", email="Zoe@customer.example")

    (activity,) = filed(letter(drop_of(make, account), "ZOE@Customer.example"))

    assert (activity.contact_id, activity.owner_id) == (contact.id, None)


def test_the_mail_of_the_account_itself_is_filed(make):
    account = make.account(email="info@customer.example")

    (activity,) = filed(letter(drop_of(make, account), "info@customer.example"))

    assert activity.account_id == account.id


def test_the_address_of_the_envelope_counts_where_it_is_told(make):
    account = make.account()

    (activity,) = filed(letter("somebody@else.example"), [drop_of(make, account).upper()])

    assert activity.account_id == account.id


@pytest.mark.parametrize("person", ["carol", "mallory"])
def test_nobody_files_mail_where_she_may_add_no_activity(make, person):
    account = make.account(owner_id=make.bob.id)
    sender = getattr(make, person).email

    with pytest.raises(MailRefused, match="Only people of this installation"):
        filed(letter(drop_of(make, account), sender))


@pytest.mark.parametrize("sender", ["stranger@elsewhere.example", "gone@crm.example"])
def test_the_mail_of_a_stranger_is_refused(make, sender):
    make.user("gone", active=False)
    account = make.account()
    make.contact(make.account(), "Other", email="stranger@elsewhere.example")

    with pytest.raises(MailRefused):
        filed(letter(drop_of(make, account), sender))
    assert session.scalars(select(Activity)).all() == []


def test_a_message_is_filed_once_on_each_account(make):
    first, second = make.account(), make.account()

    assert len(filed(letter(drop_of(make, first)))) == 1
    assert filed(letter(drop_of(make, first), subject="Once more")) == []
    assert len(filed(letter(f"{drop_of(make, first)}, {drop_of(make, second)}"))) == 1


def test_messages_without_an_id_are_told_apart_by_what_they_say(make):
    to = drop_of(make, make.account())

    assert len(filed(letter(to, message_id=None))) == 1
    assert filed(letter(to, message_id=None)) == []
    assert len(filed(letter(to, message_id=None, text="Another one"))) == 1


@pytest.mark.parametrize("header", [{"Auto_Submitted": "auto-replied"}, {"Return_Path": "<>"}])
def test_what_no_person_sent_is_not_filed(make, header):
    assert filed(letter(drop_of(make, make.account()), **header)) == []
    assert session.scalars(select(Activity)).all() == []


def test_the_files_of_a_message_are_attached_to_it(make):
    account = make.account()
    message = with_file(with_file(letter(drop_of(make, account))), "run.exe", b"MZ")

    (activity,) = filed(message)

    (file,) = session.scalars(select(Attachment)).all()
    assert (file.name, file.activity_id, file.account_id) == (OFFER, activity.id, account.id)
    assert attachments.place_of(file).is_file()
    assert "Not kept: run.exe (Files of this type cannot be attached." in activity.notes


def test_a_file_that_comes_twice_is_attached_once(make):
    filed(with_file(with_file(letter(drop_of(make, make.account())))))

    assert len(session.scalars(select(Attachment)).all()) == 1


def test_one_file_is_kept_once_for_two_accounts(make):
    to = f"{drop_of(make, make.account())}, {drop_of(make, make.account())}"

    filed(with_file(letter(to)))

    assert len(session.scalars(select(Attachment)).all()) == 2
    assert len(kept_files()) == 1


def test_a_text_that_is_too_long_for_the_timeline_comes_as_a_file(make):
    (activity,) = filed(letter(drop_of(make, make.account()), text="All work and no play. " * 2000))

    assert 14_900 < len(activity.notes) < 20_000
    assert activity.notes.endswith("… (message.txt)")
    assert [each.name for each in session.scalars(select(Attachment))] == ["message.txt"]


def test_a_date_that_cannot_be_is_the_present(make, clock):
    message = letter(drop_of(make, make.account()))
    del message["Date"]

    (activity,) = filed(message)

    assert activity.happens_at == datetime(2026, 6, 15, 9, 30, tzinfo=UTC)


def test_history_says_that_it_came_by_mail(make):
    account = make.account()
    make.contact(account, "Meier", email="zoe@customer.example")
    (activity,) = filed(with_file(letter(drop_of(make, account), "zoe@customer.example")))

    (added,) = history.of("activity", activity.id, by=make.mona, locale="en").entries
    (file,) = history.of("account", account.id, by=make.mona, locale="en").entries

    assert (str(added.source), added.change.by) == ("E-mail", None)
    assert (str(file.source), file.about) == ("E-mail", OFFER)


def test_a_message_that_is_too_large_is_refused(make, settings):
    config.use(replace(settings, mail_drop_domain=DOMAIN, attachment_bytes=1000))

    with pytest.raises(MailRefused, match="The message is larger than"):
        filed(letter(drop_of(make, make.account()), text="x" * 3000))


def test_what_is_no_message_is_refused(make):
    with pytest.raises(BadMessage):
        mail_filing.file(b"\x00\xff\n\n")


def test_a_word_that_was_guessed_finds_no_account(make):
    account = make.account()
    address = drop_of(make, account)
    other = drop_of(make, make.account())
    word = address.partition("-")[0]

    for wrong in (
        address.replace(DOMAIN, "elsewhere.example"),
        other.replace(f"+{other.split('+')[1].split('-')[0]}-", f"+{account.id}-"),
        "x+99999999999-" + "a" * 20 + "@" + DOMAIN,
        f"{word}@{DOMAIN}",
        "",
    ):
        assert mail_drop.account_at(wrong) is None
        with pytest.raises(NotFound):
            filed(letter(wrong or "x"))
    assert mail_drop.account_at(address) == account.id


def test_an_address_that_was_renewed_is_no_address_any_more(make):
    account = make.account()
    old = drop_of(make, account)

    mail_drop.renew(account.id, by=make.bob)
    new = drop_of(make, account)
    mail_drop.renew(account.id, by=make.bob)

    assert [mail_drop.account_at(each) for each in (old, new, drop_of(make, account))] == [
        None, None, account.id,
    ]  # fmt: skip


def test_mail_follows_an_account_to_the_one_that_took_its_place(make):
    account, heir = make.account(), make.account()
    address = drop_of(make, account)
    accounts.delete(account.id, by=make.mona)

    assert mail_drop.account_at(address) is None
    with unit_of_work():
        session.get(Account, account.id).replaced_by = heir.id

    assert mail_drop.account_at(address) == heir.id


def test_an_account_keeps_its_address_under_another_name(make):
    account = make.account("Ünïcode & Sons GmbH " * 5)
    address = drop_of(make, account)

    assert address.startswith(f"unicode-sons-gmbh-unicode-sons+{account.id}-")
    assert mail_drop.account_at("renamed+" + address.split("+")[1]) == account.id


def test_without_a_domain_no_account_has_an_address(make, settings):
    account = make.account()
    address = drop_of(make, account)
    config.use(settings)

    assert drop_of(make, account) is None
    assert mail_drop.account_at(address) is None


def test_an_account_is_erased_with_its_mail(make):
    account = make.account()
    filed(with_file(letter(drop_of(make, account))))
    mail_drop.renew(account.id, by=make.bob)

    with unit_of_work():
        erasure.erase_accounts([account.id])

    for model in (Activity, Attachment, FiledMail, MailDrop):
        assert session.scalars(select(model)).all() == []
