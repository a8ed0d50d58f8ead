from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from structlog.testing import capture_logs

from crmapp.mail.messages import Message
from crmapp.mail.post import Envelope, Log, Refused, Smtp, Undeliverable, carrier

LETTER = Envelope(
    "<1@crm.example>",
    "ana@crm.example",
    Message("Grüße aus Łódź\r\nBcc: all@crm.example", "Hello Ana\n", "<p>Hello Ana</p>"),
    datetime(2026, 6, 15, 9, 30, tzinfo=UTC),
)


class Inbox:
    """A mail server's side: keeps what it gets, or answers as it is told."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer = "250 OK"
        self.url = ""

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _o: Any
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    inbox.url = f"smtp://127.0.0.1:{port}"
    yield inbox
    controller.stop()


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
