"""A mail server that keeps what it gets, so that a test reads it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.processes import eventually


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


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    """Receive mail on a free port of the loopback."""
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    inbox.url = f"smtp://127.0.0.1:{port}"
    yield inbox
    end(controller)


def end(controller: Controller) -> None:
    """Stop a mail server once it has said good-bye to everybody."""
    eventually(lambda: not asyncio.all_tasks(controller.loop), "everybody had left")
    controller.stop()
