"""A real IMAP server of its own process, with the letters that a test puts there."""

from __future__ import annotations

import imaplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import trustme

from tests.support.processes import eventually

USER, PASSWORD = "crm", 'a "pass\\word" @ 1'
QUOTED = "a%20%22pass%5Cword%22%20%40%201"


@dataclass(frozen=True)
class MailServer:
    """Where the server listens; ``authority`` is the file with the certificate to trust."""

    port: int
    authority: Path

    def url(self, folder: str = "INBOX", *, scheme: str = "imap", password: str = QUOTED) -> str:
        return f"{scheme}://{USER}:{password}@localhost:{self.port}/{folder}"

    def put(self, folder: str, *letters: EmailMessage | bytes) -> None:
        """Let letters arrive in a folder, which is made if need be."""
        with self._open() as server:
            server.create(folder)
            for each in letters:
                raw = each if isinstance(each, bytes) else each.as_bytes()
                kind, said = server.append(folder, "", "", raw)
                assert kind == "OK", said

    def seen(self, folder: str) -> list[bool]:
        """Return of each letter whether it is marked as seen."""
        with self._open() as server:
            server.select(folder, readonly=True)
            _kind, said = server.fetch("1:*", "(FLAGS)")
        return [b"\\Seen" in each for each in said if each]

    def renumber(self, folder: str) -> None:
        """Give the letters of a folder other numbers, as a server does that was set up anew."""
        with self._open() as server:
            server.create("elsewhere")
            server.select(folder)
            server.copy("1:*", "elsewhere")
            server.close()
            server.delete(folder)
            server.rename("elsewhere", folder)

    @contextmanager
    def _open(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("localhost", self.port, timeout=10) as server:
            server.starttls(ssl.create_default_context(cafile=str(self.authority)))
            server.login(USER, PASSWORD)
            yield server


@contextmanager
def open_mail_server(folder: Path) -> Iterator[MailServer]:
    """Serve one mailbox on a free port of the loopback, encrypted by STARTTLS."""
    authority = trustme.CA()
    place = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(place))
    own = folder / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(own))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    words = ["--host", "127.0.0.1", "--port", str(port), "--cert", str(own), "--key", str(own)]
    account = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    program = Path(sys.executable).with_name("pymap")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(program), *words, *account], stdout=log, stderr=log)
    try:
        eventually(lambda: _answers(port), "the mail server answered")
        yield MailServer(port, place)
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as peer:
        peer.settimeout(1)
        return peer.connect_ex(("127.0.0.1", port)) == 0
