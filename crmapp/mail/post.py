"""The port to a mail server, and the log that stands in for one."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from crmapp.config import Settings
from crmapp.mail.messages import Message

TIMEOUT = 15.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Envelope:
    """One letter on its way."""

    message_id: str
    recipient: str
    message: Message
    written_at: datetime


class Undeliverable(Exception):
    """The mail server is away or busy; try again later."""


class Refused(Exception):
    """The mail server will never take this letter."""


class Carrier(Protocol):
    """Takes letters to their readers. ``outcome`` is what the outbox then says of them.

    Raises:
        Undeliverable: later it may work.
        Refused: it never will.
    """

    outcome: str

    def carry(self, envelope: Envelope) -> None: ...


class Smtp:
    """Carries letters to the mail server at ``smtp[s]://user:password@host:port``."""

    outcome = "sent"

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._secure else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    def carry(self, envelope: Envelope) -> None:
        """Hand over one letter."""
        try:
            with self._connect() as server:
                server.send_message(as_email(envelope, self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise (Refused if code >= 500 else Undeliverable)(str(error)) from error
        except smtplib.SMTPResponseException as error:
            raise (Refused if error.smtp_code >= 550 else Undeliverable)(str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Undeliverable(str(error) or type(error).__name__) from error

    def greet(self) -> bool:
        """Connect and sign in as for a letter, and send none; say whether that was encrypted.

        Raises:
            Undeliverable: the server is away, or does not let us in.
        """
        try:
            with self._connect() as server:
                server.noop()
                return isinstance(server.sock, ssl.SSLSocket)
        except (smtplib.SMTPException, OSError) as error:
            raise Undeliverable(_said(error)) from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._secure:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            self._sign_in(server, context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server

    def _sign_in(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if not self._secure:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode(errors="replace") if isinstance(text, bytes) else text
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__


class Log:
    """Writes letters to the log: what an installation without a mail server does."""

    outcome = "logged"

    def carry(self, envelope: Envelope) -> None:
        """Write one letter to the log."""
        log.info(
            "mail",
            recipient=envelope.recipient,
            subject=envelope.message.subject,
            text=envelope.message.text,
            message_id=envelope.message_id,
        )


def carrier(settings: Settings) -> Carrier:
    """Return the way letters leave this installation."""
    return Smtp(settings.smtp_url, settings.mail_from) if settings.smtp_url else Log()


def as_email(envelope: Envelope, sender: str) -> EmailMessage:
    """Return the letter as it goes over the wire; any script may stand in its headers."""
    email = EmailMessage()
    email["Subject"] = " ".join(envelope.message.subject.split())
    email["From"] = sender
    email["To"] = Address(addr_spec=envelope.recipient)
    email["Date"] = format_datetime(envelope.written_at)
    email["Message-ID"] = envelope.message_id
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(envelope.message.text)
    if envelope.message.html:
        email.add_alternative(envelope.message.html, subtype="html")
    return email
