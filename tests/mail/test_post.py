from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from crmapp.mail.messages import Message
from crmapp.mail.post import Envelope, Log, Refused, Smtp, Undeliverable, carrier
from tests.support.inbox import Inbox, open_inbox

LETTER = Envelope(
    "<1@crm.example>",
    "ana@crm.example",
    Message("Grüße aus Łódź\r\nBcc: all@crm.example", "Hello Ana\n", "<p>Hello Ana</p>"),
    datetime(2026, 6, 15, 9, 30, tzinfo=UTC),
)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with open_inbox() as inbox:
        yield inbox


def test_a_letter_arrives_whole(inbox):
    Smtp(inbox.url, "crm@crm.example").carry(LETTER)

    (letter,) = inbox.letters
    assert letter["Subject"] == "Grüße aus Łódź Bcc: all@crm.example"
    assert (letter["From"], letter["To"]) == ("crm@crm.example", "ana@crm.example")
    assert letter["Message-ID"] == "<1@crm.example>"
    assert letter["Bcc"] is None
    assert letter.get_body(("plain",)).get_content().strip() == "Hello Ana"
    assert "<p>Hello Ana</p>" in letter.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    "answer, error", [("550 no such person", Refused), ("451 come again", Undeliverable)]
)
def test_a_refusal_for_ever_and_for_now_are_told_apart(inbox, answer, error):
    inbox.answer = answer

    with pytest.raises(error):
        Smtp(inbox.url, "crm@crm.example").carry(LETTER)


def test_a_server_that_is_away_is_for_now():
    with pytest.raises(Undeliverable):
        Smtp("smtp://127.0.0.1:1", "crm@crm.example").carry(LETTER)


def test_without_a_server_letters_go_to_the_log():
    with capture_logs() as logged:
        Log().carry(LETTER)

    assert logged[0]["recipient"] == "ana@crm.example"
    assert logged[0]["text"] == "Hello Ana\n"


def test_the_settings_choose_the_way(settings):
    assert carrier(settings).outcome == "logged"
    assert carrier(replace(settings, smtp_url="smtps://u:p%40@mail.example")).outcome == "sent"
