"""A small threaded HTTP/1.1 server for sandboxes that can also break off in the middle."""

from __future__ import annotations

import gzip
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
_NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Cut(Exception):
    """Raised by an application to have the connection cut, maybe in the middle of an answer."""

    def __init__(
        self,
        status: str = "",
        headers: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        *,
        keep: int = 0,
    ) -> None:
        self.answer = _Answer(status, headers or [], body) if status else None
        self.keep = keep
        super().__init__(status)


@dataclass
class _Answer:
    status: str = "500 Internal Server Error"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Server:
    """Serve ``app`` on the loopback; port 0 means a free one, ``listener`` is one that is open.

    ::

        with Server(app) as server:
            httpx.get(server.url)
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        port: int = 0,
        listener: socket.socket | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        tls = None
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate, key)
        self._server = _Listener(listener or socket.create_server((HOST, port)), app, tls)
        self._thread: threading.Thread | None = None
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}"

    def serve_forever(self) -> None:
        """Serve until the process ends."""
        self._server.serve_forever(poll_interval=0.5)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.02), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        if self._thread is not None:
            self._thread.join()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, listener: socket.socket, app: WSGIApplication, tls: ssl.SSLContext | None
    ) -> None:
        self.app = app
        self.tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(listener.getsockname(), _Conversation, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()
        listener.listen(self.request_queue_size)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Speak TLS from here on, so that a slow handshake holds up nobody else."""
        if self.tls is not None:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except OSError:
                self.shutdown_request(request)
                return
        with self._lock:
            self._open.add(request)
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the conversations that clients keep open."""
        with self._lock:
            rest = list(self._open)
        for each in rest:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it ended by itself

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients who leave; anything else is a defect of the sandbox."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Conversation(BaseHTTPRequestHandler):
    """All requests of one connection.

    A request is read to its end before it is answered, and every answer says its length, so
    that clients which keep connections open can rely on where the next one begins.
    """

    protocol_version = "HTTP/1.1"
    server: _Listener
    wbufsize = 65536  # head and body leave together
    disable_nagle_algorithm = True
    timeout = 120

    def handle_expect_100(self) -> bool:
        more = super().handle_expect_100()
        self.wfile.flush()
        return more

    def answer(self) -> None:
        body = self._body()
        if self.headers.get("Content-Encoding", "").lower() == "gzip":
            body = gzip.decompress(body)
            del self.headers["Content-Encoding"]
        environ = self._environ(body)
        answer = _Answer()
        try:
            answer.body = self._asked(environ, answer)
        except Cut as cut:
            self._cut(cut)
        else:
            self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _asked(self, environ: WSGIEnvironment, answer: _Answer) -> bytes:
        """Ask the application; an error of it ends the conversation with a traceback here."""
        parts = self.server.app(environ, _starting(answer))
        try:
            return b"".join(parts)
        finally:
            close: Callable[[], None] | None = getattr(parts, "close", None)
            if close is not None:
                close()

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
        chunk = self.rfile.read(size)
        line = self.rfile.readline()
        while size == 0 and line.strip():  # trailers
            line = self.rfile.readline()
        return chunk

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self.server.tls else "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)  # the body is whole by now
        return environ

    def _send(self, answer: _Answer, keep: int | None = None) -> None:
        code, _, reason = answer.status.partition(" ")
        self.send_response_only(int(code), reason)
        given = {name.lower() for name, _ in answer.headers}
        if "date" not in given:
            self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        if int(code) not in _NO_BODY:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and int(code) not in _NO_BODY:
            self.wfile.write(answer.body[:keep])
        self.wfile.flush()

    def _cut(self, cut: Cut) -> None:
        self.close_connection = True
        if cut.answer is not None:
            self._send(cut.answer, cut.keep)
        # Without a farewell: not even TLS says that this is the end.
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the application keeps what is worth keeping."""


def _starting(answer: _Answer) -> Any:
    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        answer.status, answer.headers = status, headers

        def write(part: bytes) -> None:
            raise NotImplementedError("Return the body instead.")

        return write

    return start_response
