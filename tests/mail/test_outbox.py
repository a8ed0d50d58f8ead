from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from crmapp import config
from crmapp.db import session, unit_of_work, utcnow
from crmapp.mail import outbox
from crmapp.mail.post import Envelope, Refused, Undeliverable
from crmapp.models import MailOutbox, Run
from crmapp.services import notifications
from crmapp.services.notifications import message_id


class FakePost:
    """A carrier that remembers what it was given, or fails as it is told."""

    outcome = "sent"

    def __init__(self, *errors: Exception) -> None:
        self.carried: list[Envelope] = []
        self._errors = list(errors)

    def carry(self, envelope: Envelope) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.carried.append(envelope)


@pytest.fixture
def write(app):
    def write(key="welcome-1", **values):
        letter = {"recipient": "ana@crm.example", "subject": "Grüße, Łódź", "text": "Hello"}
        with unit_of_work():
            outbox.post(key=key, html=None, user_id=None, **letter | values)

    return write


def only_letter():
    session.rollback()
    return session.scalars(select(MailOutbox)).one()


def test_a_letter_is_sent_once(write):
    write()
    post = FakePost()

    counts = [outbox.deliver_due(post), outbox.deliver_due(post)]

    assert counts == [1, 0]
    assert [envelope.recipient for envelope in post.carried] == ["ana@crm.example"]
    assert only_letter().status == "sent"


def test_one_notification_is_one_message_id(write):
    write(key="run-1-ended")
    write(key="run-2-ended")
    post = FakePost()

    outbox.deliver_due(post)

    ids = [envelope.message_id for envelope in post.carried]
    assert ids == [message_id("run-1-ended"), message_id("run-2-ended")]
    assert len(set(ids)) == 2


def test_two_installations_have_no_message_id_in_common(app):
    here = message_id("run-1-ended")
    config.use(replace(config.settings(), secret_key="the key of another installation"))

    assert message_id("run-1-ended") != here


def test_a_mail_server_that_is_away_is_asked_again_later(write):
    write()

    outbox.deliver_due(FakePost(Undeliverable("no answer")))

    letter = only_letter()
    assert (letter.status, letter.error) == ("queued", "no answer")
    assert letter.next_at > utcnow() + timedelta(seconds=20)


def test_a_letter_goes_at_once_though_the_clock_of_its_writer_is_ahead(write, clock):
    clock.shift(timedelta(minutes=10))
    write()
    clock.shift(timedelta(minutes=-10))

    assert outbox.deliver_due(FakePost()) == 1


def test_a_letter_does_not_wait_for_a_clock_that_was_days_ahead(write, clock):
    write()
    clock.shift(timedelta(days=3))
    outbox.deliver_due(FakePost(Undeliverable("no answer")))
    clock.shift(timedelta(days=-3))

    assert outbox.deliver_due(FakePost()) == 1


def test_a_letter_that_waited_goes_under_the_same_id(write, clock):
    write()
    outbox.deliver_due(FakePost(Undeliverable("no answer")))
    clock.shift(timedelta(hours=1))
    post = FakePost()

    outbox.deliver_due(post)

    assert [envelope.message_id for envelope in post.carried] == [message_id("welcome-1")]
    assert only_letter().error is None


def test_a_letter_that_is_refused_is_given_up(write):
    write()

    outbox.deliver_due(FakePost(Refused("no such person")))

    assert (only_letter().status, only_letter().error) == ("failed", "no such person")


def test_a_letter_is_given_up_after_a_day(write, clock):
    write()
    began = utcnow()

    while only_letter().status == "queued":
        clock.move_to(only_letter().next_at)
        outbox.deliver_due(FakePost(Undeliverable("no answer")))

    assert timedelta(days=1) < utcnow() - began < timedelta(days=2)


def test_a_sender_that_died_leaves_the_letter_to_the_next(write, clock):
    class Dead(FakePost):
        def carry(self, envelope: Envelope) -> None:
            raise KeyboardInterrupt

    write()
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver_due(Dead())
    post = FakePost()

    at_once = outbox.deliver_due(post)
    clock.shift(outbox.LEASE)
    later = outbox.deliver_due(post)

    assert (at_once, later) == (0, 1)


def test_a_letter_of_a_sender_that_died_waits_a_lease_whatever_her_clock_said(
    write, clock, monkeypatch
):
    class Dead(FakePost):
        def carry(self, envelope: Envelope) -> None:
            raise KeyboardInterrupt

    write()
    clock.shift(timedelta(minutes=10))
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver_due(Dead())
    clock.shift(timedelta(minutes=-10))
    seconds = [0.0, outbox.LEASE.total_seconds() - 1, outbox.LEASE.total_seconds()]
    monkeypatch.setattr("crmapp.mail.outbox.monotonic", lambda: seconds.pop(0))

    assert [outbox.deliver_due(FakePost()) for _turn in "123"] == [0, 0, 1]


def test_a_slow_mail_server_is_not_given_a_letter_by_two_senders(write, clock):
    other = FakePost()

    class Slow(FakePost):
        def carry(self, envelope: Envelope) -> None:
            super().carry(envelope)
            clock.shift(outbox.LEASE / 2)
            outbox.deliver_due(other)

    write(key="first")
    write(key="second")
    write(key="third")
    slow = Slow()

    outbox.deliver_due(slow)

    ids = [envelope.message_id for envelope in (*slow.carried, *other.carried)]
    assert sorted(ids) == sorted(map(message_id, ("first", "second", "third")))


def test_a_mail_server_that_is_away_is_asked_once_a_round(write):
    write(key="first")
    write(key="second")
    post = FakePost(Undeliverable("no answer"))

    sent = [outbox.deliver_due(post), outbox.deliver_due(post)]

    assert sent == [0, 1]


def test_a_bad_letter_does_not_hold_up_the_others(write):
    write(key="bad")
    write(key="good")
    post = FakePost(Refused("no"))

    assert outbox.deliver_due(post) == 1


def test_a_run_that_ended_is_told_in_the_readers_language(app, make):
    marie = make.user("marie", "manager", locale="fr")
    with unit_of_work():
        run = Run(
            kind="upsert", title="Sales", status="done", lock_key="x", by_id=marie.id,
            done={"created": 1412}, code_version=1,
        )  # fmt: skip
        session.add(run)
        session.flush()
        session.add(
            MailOutbox(
                key="run-ended", message_id="<1@x>", recipient=marie.email, user_id=marie.id,
                kind="run_ended", params={"run_id": run.id},
            )
        )  # fmt: skip
    post = FakePost()

    outbox.deliver_due(post)

    message = post.carried[0].message
    assert message.subject == "Sales\xa0: Terminée"
    assert "1\u202f412" in message.text
    assert f"/runs/{only_letter().params['run_id']}" in message.text


def test_the_end_of_an_undo_is_told_in_the_words_of_undoing(make):
    done = make.run(title="Sales", status="undone")
    undoing = make.run(
        kind="undo", title="Sales", status="done", undoes_id=done.id, done={"updated": 3}
    )
    with unit_of_work():
        session.add(
            MailOutbox(
                key="k", message_id="<1@x>", recipient="a@crm.example",
                kind="run_ended", params={"run_id": undoing.id},
            )
        )  # fmt: skip
    post = FakePost()

    outbox.deliver_due(post)

    message = post.carried[0].message
    assert message.subject == f"Undo of run {done.id} (Sales): Completed"
    assert "Taken back: 3\nKept: 0" in message.text
    assert "Created" not in message.text


def test_a_notification_about_something_gone_is_given_up(app):
    with unit_of_work():
        session.add(
            MailOutbox(
                key="k", message_id="<1@x>", recipient="a@crm.example",
                kind="run_ended", params={"run_id": 99},
            )
        )  # fmt: skip

    outbox.deliver_due(FakePost())

    assert only_letter().status == "failed"


def test_the_letter_about_a_failed_run_says_whose_it_was_and_why_it_failed(make):
    alice, mona = make.alice, make.mona
    run = make.run(title="Sales", status="failed", by_id=mona.id, error="It broke 100 %.")
    with unit_of_work():
        notifications.run_ended(run.id)
    post = FakePost()

    outbox.deliver_due(post)

    texts = {envelope.recipient: envelope.message.text for envelope in post.carried}
    assert "It was started by Mona." in texts[alice.email]
    assert "It was started by" not in texts[mona.email]
    assert all("Why: It broke 100 %." in text for text in texts.values())
    assert all("/preferences/mail" in text for text in texts.values())
