"""The port to a mailbox on a mail server, by IMAP."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

TIMEOUT = 15.0
_AT_ONCE = 20_000
"""UIDs that are asked for at a time: the server answers in one line, which may not be too long."""
_CERTIFICATE = (ssl.SSLCertVerificationError, ssl.CertificateError)


class BoxTrouble(Exception):
    """The mailbox cannot be read now; ``code`` says why, see ``mailboxes.WHAT_TO_DO``."""

    def __init__(self, code: str, detail: object = "") -> None:
        self.code = code
        super().__init__(f"{code}: {detail}")


class Box:
    """An open folder: letters are read as they are, and marked as seen, nothing else.

    Raises:
        BoxTrouble: the server went away, or what it says makes no sense.
    """

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server
        self.uidvalidity = self._number("UIDVALIDITY")
        self._next = self._number("UIDNEXT")

    def letters(self, after: int) -> Iterator[int]:
        """Give out the UIDs behind ``after`` of the letters that are there now, in their order."""
        for first in range(after + 1, self._next, _AT_ONCE):
            last = min(first + _AT_ONCE, self._next) - 1
            said = self._uid("SEARCH", f"UID {first}:{last}")[0]
            found = {int(uid) for uid in said.split()} if isinstance(said, bytes) else set()
            yield from sorted(uid for uid in found if first <= uid <= last)

    def read(self, uid: int, most: int) -> bytes | None:
        """Return up to ``most`` bytes of a letter; none if it is gone meanwhile."""
        answer = self._uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{most}>)")
        return next((each[1] for each in answer if isinstance(each, tuple)), None)

    def mark(self, uid: int) -> None:
        """Mark a letter as seen, for whoever looks into the mailbox."""
        self._uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Seen)")

    def _number(self, name: str) -> int:
        _typ, said = self._server.response(name)
        match = re.search(rb"\d+", said[0] or b"") if said else None
        if match is None:
            raise BoxTrouble("answer", f"no {name}")
        return int(match[0])

    def _uid(self, command: str, *words: str) -> list[bytes | tuple[bytes, bytes]]:
        with _troubles():
            kind, answer = self._server.uid(command, *words)
        if kind != "OK":
            raise BoxTrouble("answer", answer)
        return answer


@contextmanager
def open_box(url: str) -> Iterator[Box]:
    """Open the folder at ``imap[s]://user:password@host:port/folder`` for the time of a block.

    ``imap://`` is encrypted by STARTTLS; only a server on this machine may do without.

    Raises:
        BoxTrouble: it cannot be opened.
    """
    parts = urlsplit(url)
    with _troubles():
        server = _connect(parts.scheme == "imaps", parts.hostname or "", parts.port)
    try:
        with _troubles("sign_in"):
            server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        folder = unquote(parts.path.strip("/")) or "INBOX"
        with _troubles("folder"):
            kind, said = server.select('"' + re.sub(r'(["\\])', r"\\\1", folder) + '"')
        if kind != "OK":
            raise BoxTrouble("folder", said)
        yield Box(server)
    finally:
        _leave(server)


def _connect(secure: bool, host: str, port: int | None) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if secure:
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=TIMEOUT)
    server = imaplib.IMAP4(host, port or 143, timeout=TIMEOUT)
    try:
        if "STARTTLS" in server.capabilities:
            server.starttls(context)
        elif not _is_here(host):
            raise BoxTrouble("unencrypted")
    except BaseException:
        with suppress(OSError):
            server.shutdown()
        raise
    return server


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _troubles(refused: str = "answer") -> Iterator[None]:
    """Say why the server does not do what it was asked for; ``refused`` if it says no."""
    try:
        yield
    except _CERTIFICATE as error:
        raise BoxTrouble("certificate", error) from error
    except (imaplib.IMAP4.abort, OSError, EOFError) as error:
        raise BoxTrouble("away", error) from error
    except (imaplib.IMAP4.error, UnicodeError, ValueError) as error:
        raise BoxTrouble(refused, error) from error


def _leave(server: imaplib.IMAP4) -> None:
    with suppress(imaplib.IMAP4.error, OSError, EOFError):
        server.logout()
    with suppress(OSError):
        server.shutdown()
