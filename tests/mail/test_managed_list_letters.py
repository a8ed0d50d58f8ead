"""What people are told of a managed list by e-mail: done, failed, or waiting for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmapp.connectors.errors import AuthFailed
from crmapp.db import session, unit_of_work
from crmapp.mail import messages
from crmapp.models import MailOutbox, User
from crmapp.services import notifications, runs
from tests.support.lists import Sides, resync, use


@pytest.fixture
def terms(app: object, tmp_path: Path) -> Sides:
    made = Sides(tmp_path, "ar_terms")
    made.source("Prepaid", "Due on receipt", "Net 15", "Net 60")
    use(made)
    return made


def letter(kind: str) -> MailOutbox:
    session.rollback()
    return session.query(MailOutbox).filter_by(kind=kind).one()


def test_a_resync_that_is_done_says_what_it_did_on_both_sides(make, terms):
    run = resync(make, terms)

    words = messages.write(letter("run_ended"))

    assert words.subject == "AR terms: Completed"
    assert "Here, Values changed: 4\nHere, Values deactivated: 1\n" in words.text
    assert "Salesforce, Values added: 4\n" in words.text
    assert f"/runs/{run.id}" in words.text


def test_the_list_has_its_name_in_the_reader_s_language(make, terms):
    reader = make.alice.id
    with unit_of_work():
        session.get_one(User, reader).locale = "fr"
    resync(make, terms)

    assert messages.write(letter("run_ended")).subject.startswith("Conditions de paiement")


def test_a_resync_that_failed_says_why(make, terms):
    terms.remotes.problem["intacct"] = AuthFailed()
    resync(make, terms)

    words = messages.write(letter("run_ended"))

    assert words.subject == "AR terms: Failed"
    assert "The other system refuses the credentials. Enter them again." in words.text


def test_a_resync_that_waits_leads_to_what_would_go(make, terms):
    make.account("Held", terms="net_30")
    run = resync(make, terms)

    words = messages.write(letter("run_waits"))

    assert words.subject == "AR terms: waits for you"
    assert f"/admin/managed-lists/reviews/{run.id}" in words.text
    assert words.html is not None
    assert words.html.count(f"/admin/managed-lists/reviews/{run.id}") == 1


def test_nobody_is_told_of_a_run_that_waits_no_more(make, terms):
    make.account("Held", terms="net_30")
    run = resync(make, terms)
    runs.cancel(run.id, by=make.alice)

    with pytest.raises(messages.Unwritable):
        messages.write(letter("run_waits"))


def test_one_notification_is_one_message_id(make, terms):
    resync(make, terms)
    first = letter("run_ended")

    assert first.message_id == notifications.message_id(first.key)
