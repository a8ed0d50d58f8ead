"""The real application behind the real web server, in a process whose CPU time can be asked.

    python -m bench.served HOME [--forget]

It prints the address when it answers. ``--forget`` keeps the grid's engine from remembering
answers, so that every question is a new one.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from flask import Flask

from crmapp import create_app
from crmapp.analytics.engines.duckdb import DuckDBEngine, Limits
from crmapp.cli.supervision.web import Server
from crmapp.config import Settings
from crmapp.jobs.lifeline import die_with_parent
from crmapp.services import datasets

CLOCK = "/-/cpu"
NOTHING: Mapping[str, str] = MappingProxyType({})
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}


class Asking:
    """Asks a server over one connection that is kept, as a browser does."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def connect(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)

    def cpu(self) -> float:
        """The CPU seconds that the server has taken until now."""
        return float(self.get(CLOCK))

    def get(self, address: str, headers: Mapping[str, str] = NOTHING) -> bytes:
        """Ask for a page and return its body as it came over the wire."""
        try:
            answer = self._ask(address, headers)
        except (OSError, HTTPException):  # the server closes connections that rest for a while
            self._connection.close()
            answer = self._ask(address, headers)
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{address}: {answer.status} {re.sub(b'<[^>]*>', b' ', body)[:500]!r}")
        return body

    def close(self) -> None:
        self._connection.close()

    def _ask(self, address: str, headers: Mapping[str, str]) -> HTTPResponse:
        self._connection.request("GET", address, headers={**self._headers, **headers})
        return self._connection.getresponse()


class Served(Asking):
    """A server of ``home``, the real one."""

    def __init__(
        self,
        home: Path,
        cookie: str,
        *,
        forget: bool = False,
        headers: Mapping[str, str] = BROWSER,
    ) -> None:
        super().__init__({**headers, "Cookie": cookie})
        self._command = [sys.executable, "-m", "bench.served", str(home)]
        self._command += ["--forget"] if forget else []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGTERM),
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline()
        if not port:
            raise SystemExit(f"the server ended with {self._process.wait()}")
        self.connect(int(port))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._process.terminate()
        self._process.wait(30)

    def rows(self, address: str, count: int) -> None:
        """Show that the grid at ``address`` has so many rows."""
        body = self.get(address)
        found = gzip.decompress(body).count(b'<tr id="grid-row-')
        assert found == count, f"{address}: {found} rows instead of {count}"


class Forked(Asking):
    """A server of an application of this process, which has no connection open yet."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        super().__init__({})
        self._app, self._settings = app, settings

    def __enter__(self) -> Self:
        listener = listen()
        parent, self._process = os.getpid(), os.fork()
        if not self._process:
            try:
                die_with_parent(parent, signal.SIGTERM)
                serve(self._app, self._settings, listener)
            finally:
                os._exit(0)
        self.connect(listener.getsockname()[1])
        listener.close()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        os.kill(self._process, signal.SIGTERM)
        os.waitpid(self._process, 0)


def listen() -> socket.socket:
    """Open a port, such that no part of an answer waits until the part before it is confirmed.

    gunicorn sees to that as well, but maybe after somebody has connected.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(app: Flask, settings: Settings, listener: socket.socket) -> None:
    """Serve an application as crmapp is served, and its clock."""
    app.wsgi_app = with_clock(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's manual does
    Server(app, settings, listener).run()


def with_clock(
    app: Callable[..., Iterable[bytes]],
) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Answer one more address: with the CPU seconds of this process."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != CLOCK:
            return app(environ, start)
        body = f"{time.process_time():.6f}".encode()
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return answer


def settings_of(home: Path | str) -> Settings:
    """One web process, whose clock is that of all that is served."""
    environ = {"CRMAPP_HOME": str(home), "CRMAPP_WEB_PROCESSES": "1", "HTMX_SOURCE": "local"}
    return Settings.from_env(environ)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home")
    parser.add_argument("--forget", action="store_true")
    options = parser.parse_args()
    settings = settings_of(options.home)
    app = create_app(settings)
    if options.forget:
        datasets.DuckDBEngine = partial(DuckDBEngine, limits=Limits(remembered=0))  # type: ignore[misc,assignment]  # called, never asked for its kind
    listener = listen()
    print(listener.getsockname()[1], flush=True)
    serve(app, settings, listener)


if __name__ == "__main__":
    main()
