"""Letters in a mailbox of a real IMAP server become activities, each once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crmapp import config
from crmapp.db import session, unit_of_work, utcnow
from crmapp.mail import collecting
from crmapp.models import Activity, Attachment, Mailbox, UnfiledLetter
from crmapp.services import mail_filing, mailboxes, sweeper
from tests.support.attached import kept_files
from tests.support.imap import open_mail_server
from tests.support.killing import killed_after
from tests.support.letters import DOMAIN, drop_of, letter, with_file

folders = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with open_mail_server(tmp_path_factory.mktemp("imap")) as server:
        yield server


@pytest.fixture
def box(server, settings, make, monkeypatch):
    """Put letters into a folder of this test alone, which is the mailbox of the installation."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    folder = f"folder-{next(folders)}"
    config.use(replace(settings, mail_drop_domain=DOMAIN, imap_url=server.url(folder)))
    assert make.bob.active
    server.put(folder)
    return lambda *letters: server.put(folder, *letters) or folder


def due():
    """Let the mailbox be due, as time does."""
    with unit_of_work():
        session.execute(update(Mailbox).values(next_at=utcnow() - timedelta(seconds=1)))


def collect():
    due()
    return collecting.collect()


def row() -> Mailbox:
    session.rollback()
    return session.scalars(select(Mailbox)).one()


def filed():
    session.rollback()
    return session.scalars(select(Activity.subject).order_by(Activity.id)).all()


def unfiled():
    session.rollback()
    return session.scalars(select(UnfiledLetter).order_by(UnfiledLetter.id)).all()


def three(to):
    return [letter(to, subject=f"Letter {n}", message_id=f"<{n}@x>") for n in range(3)]


def test_what_waits_is_filed_and_marked_as_seen(box, server, make):
    folder = box(*three(drop_of(make, make.account())))

    assert collect() == 3

    assert filed() == ["Letter 0", "Letter 1", "Letter 2"]
    assert server.seen(folder) == [True, True, True]
    assert row().read_at is not None
    assert row().next_at > utcnow()


def test_nothing_is_taken_twice(box, make):
    to = drop_of(make, make.account())
    box(*three(to))
    collect()
    box(letter(to, subject="One more", message_id="<9@x>"))

    assert [collect(), collect()] == [1, 0]

    assert filed() == ["Letter 0", "Letter 1", "Letter 2", "One more"]


def test_nothing_is_taken_twice_where_the_server_numbers_its_letters_anew(box, server, make):
    to = drop_of(make, make.account())
    folder = box(*three(to), letter("nobody@elsewhere.example", message_id="<8@x>"))
    collect()
    server.renumber(folder)

    assert collect() == 4

    assert len(filed()) == 3
    assert len(unfiled()) == 1


@pytest.mark.parametrize("commits", range(1, 8))
def test_who_dies_after_any_commit_loses_nothing_and_repeats_nothing(box, server, make, commits):
    folder = box(*three(drop_of(make, make.account())), letter("x@elsewhere.example"))
    with killed_after(commits):
        collecting.collect()
    collect()

    assert filed() == ["Letter 0", "Letter 1", "Letter 2"]
    assert len(unfiled()) == 1
    assert all(server.seen(folder))


def test_one_who_was_taken_for_dead_takes_nothing_more(box, make, monkeypatch):
    box(*three(drop_of(make, make.account())))
    took = mailboxes.took

    def overtaken(claim, uid):
        session.execute(update(Mailbox).values(fence=Mailbox.fence + 1))
        took(claim, uid)

    monkeypatch.setattr(mailboxes, "took", overtaken)

    assert collect() == 0
    assert filed() == []


def test_a_letter_that_no_account_is_found_for_is_kept(box):
    box(with_file(letter("info@elsewhere.example", text="Where is my order?\n")))

    collect()

    (kept,) = unfiled()
    assert (kept.reason, kept.sender, kept.subject, kept.text) == (
        "no_account", "Bob <bob@crm.example>", "Your prices", "Where is my order?",
    )  # fmt: skip
    assert [each.name for each in kept_files()] == [kept.sha256]


def test_a_letter_of_a_stranger_is_kept(box, make):
    box(letter(drop_of(make, make.account()), "stranger@elsewhere.example"))

    collect()

    assert [each.reason for each in unfiled()] == ["stranger"]


@pytest.mark.parametrize(
    "header",
    [{"Auto_Submitted": "auto-replied"}, {"Precedence": "auto_reply"}, {"X_Autoreply": "yes"}],
)
def test_what_no_person_sent_is_passed_over(box, make, header):
    box(letter(drop_of(make, make.account()), **header), letter("x@elsewhere.example", **header))

    assert collect() == 2

    assert (filed(), unfiled()) == ([], [])


def test_what_is_too_large_is_listed_and_left_in_the_mailbox(box, make):
    config.use(replace(config.settings(), attachment_bytes=1000))
    box(letter(drop_of(make, make.account()), text="x" * 5000))

    collect()

    (kept,) = unfiled()
    assert (kept.reason, kept.subject, kept.sha256) == ("too_large", "Your prices", None)
    assert kept_files() == []


def test_what_is_no_letter_is_listed_and_the_next_one_filed(box, make):
    to = drop_of(make, make.account())
    box(b"\xff\xfe no letter\r\n\r\n", letter(to))

    assert collect() == 2

    assert [each.reason for each in unfiled()] == ["unreadable"]
    assert filed() == ["Your prices"]


def test_a_letter_over_which_everybody_stumbles_is_passed_over_in_the_end(box, make, monkeypatch):
    box(*three(drop_of(make, make.account())))
    real = mail_filing.living

    def stumble(addresses):
        raise ZeroDivisionError

    monkeypatch.setattr(mail_filing, "living", stumble)
    for _time in range(mailboxes.MOST_TRIES):
        with pytest.raises(ZeroDivisionError):
            collect()
    monkeypatch.setattr(mail_filing, "living", real)
    collect()

    assert [each.reason for each in unfiled()] == ["unreadable"]
    assert filed() == ["Letter 1", "Letter 2"]


def test_a_slice_of_time_ends_and_the_next_goes_on(box, make):
    config.use(replace(config.settings(), time_slice=0.0))
    box(*three(drop_of(make, make.account())))

    counts = [collecting.collect() for _ in range(2)]
    config.use(replace(config.settings(), time_slice=60.0))

    assert sum(counts) == 0
    assert row().next_at <= utcnow()
    assert collecting.collect() == 3


def test_the_files_of_a_letter_are_taken_in_as_files_are(box, make):
    box(with_file(with_file(letter(drop_of(make, make.account()))), "run.exe", b"MZ"))

    collect()

    assert len(session.scalars(select(Attachment)).all()) == 1


@pytest.mark.parametrize(
    "wrong, trouble",
    [
        ({"password": "wrong"}, "sign_in"),
        ({"folder": "missing"}, "folder"),
        ({"scheme": "imaps"}, "away"),
    ],
)
def test_what_is_wrong_is_noted_and_the_pauses_grow(box, server, wrong, trouble):
    config.use(replace(config.settings(), imap_url=server.url(**{"folder": "INBOX"} | wrong)))

    collecting.collect()
    first = row().next_at - utcnow()
    collect()

    assert row().trouble == trouble
    assert first < row().next_at - utcnow()
    assert trouble in mailboxes.WHAT_TO_DO


def test_a_certificate_that_nobody_vouches_for_is_refused(box, server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")

    collecting.collect()

    assert row().trouble == "certificate"


def test_a_server_that_is_away_loses_nothing(box, server, make):
    box(*three(drop_of(make, make.account())))
    there = config.settings().imap_url
    config.use(replace(config.settings(), imap_url=there.replace(str(server.port), "1")))
    collecting.collect()
    assert row().trouble == "away"
    with unit_of_work():
        session.execute(
            update(Mailbox).values(name=mailboxes.name().replace(":1/", f":{server.port}/"))
        )
    config.use(replace(config.settings(), imap_url=there))

    assert collect() == 3

    assert row().trouble == ""


def test_a_folder_that_cannot_be_written_leaves_letters_where_they_are(box, make):
    to = drop_of(make, make.account())
    box(with_file(letter(to)))
    blocked = config.settings().attachments_dir
    blocked.write_text("no folder")

    collect()
    assert (row().trouble, filed()) == ("storage", [])
    blocked.unlink()
    collect()

    assert (row().trouble, filed()) == ("", ["Your prices"])


def test_only_one_reads_at_a_time(box, make):
    box(*three(drop_of(make, make.account())))
    assert mailboxes.claim() is not None

    assert collecting.collect() == 0


def test_an_installation_without_a_mailbox_reads_none(app):
    assert collecting.collect() == 0
    assert mailboxes.wake() is False


def test_the_sweeper_rings_when_the_mailbox_is_due(box, monkeypatch):
    rung: list[str] = []
    monkeypatch.setattr(mailboxes, "ring", lambda job: bool(rung.append(job)) or True)

    sweeper.sweep()
    collecting.collect()
    sweeper.sweep()
    due()
    sweeper.sweep()

    assert rung == ["mails.collect", "mails.collect"]
