"""Peers on this machine that answer as they are told, down to the byte."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Peer:
    """A server that answers each request with the next of ``answers``; the last one stays.

    An answer is bytes, then the connection ends; None ends it at once; a function gets the
    connection and does with it what it likes, as ``arriving`` does before a request is read.
    """

    answers: Sequence[bytes | None | Callable[[socket.socket], Any]]
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    port: int = 0
    arriving: Callable[[socket.socket], Any] = lambda _connection: None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def answer(self, connection: socket.socket) -> None:
        self.arriving(connection)
        self.requests.append(_request(connection))
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if callable(answer):
            answer(connection)
        elif answer is not None:
            connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got and (part := connection.recv(65536)):
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length and (part := connection.recv(65536)):
        body += part
    return head + b"\r\n\r\n" + body


@contextmanager
def listening(
    *answers: bytes | None | Callable[[socket.socket], Any],
    tls: ssl.SSLContext | None = None,
    arriving: Callable[[socket.socket], Any] = lambda _connection: None,
) -> Iterator[Peer]:
    """Serve ``answers`` on a port of this machine."""
    peer = Peer(answers, tls, arriving=arriving)
    server = socket.create_server(("127.0.0.1", 0))
    peer.port = server.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return  # closed: the test is over
            try:
                with connection:
                    if tls is None:
                        peer.answer(connection)
                    else:
                        with tls.wrap_socket(connection, server_side=True) as secure:
                            peer.answer(secure)
            except OSError:
                continue  # the other side went away, as some tests want it to

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        # Closing alone does not wake a thread that waits for a connection.
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def http(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> bytes:
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Script:
    """An httpx transport that answers from a list, or by a function, and keeps the requests."""

    answers: Sequence[httpx.Response] | Callable[[httpx.Request], httpx.Response]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if callable(self.answers):
            return self.answers(request)
        return self.answers[len(self.requests) - 1]

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)
