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
from collections.abc import Callable, Iterable
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from crmapp import create_app
from crmapp.analytics.engines.duckdb import DuckDBEngine, Limits
from crmapp.cli.supervision.web import Server
from crmapp.config import Settings
from crmapp.jobs.lifeline import die_with_parent
from crmapp.services import datasets

CLOCK = "/-/cpu"
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}


class Served:
    """A server of ``home``, asked over one connection that is kept, as a browser would."""

    def __init__(self, home: Path, cookie: str, *, forget: bool = False) -> None:
        self._command = [sys.executable, "-m", "bench.served", str(home)]
        self._command += ["--forget"] if forget else []
        self._headers = {**BROWSER, "Cookie": cookie}

    def __enter__(self) -> Served:
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
        self._connection = HTTPConnection("127.0.0.1", int(port), timeout=120)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(30)

    def cpu(self) -> float:
        """The CPU seconds that the server has taken until now."""
        return float(self.get(CLOCK))

    def get(self, address: str) -> bytes:
        """Ask for a page and return its body as it came over the wire."""
        self._connection.request("GET", address, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{address}: {answer.status} {re.sub(b'<[^>]*>', b' ', body)[:500]!r}")
        return body

    def rows(self, address: str, count: int) -> None:
        """Show that the grid at ``address`` has so many rows."""
        body = self.get(address)
        found = gzip.decompress(body).count(b'<tr id="grid-row-')
        assert found == count, f"{address}: {found} rows instead of {count}"


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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home")
    parser.add_argument("--forget", action="store_true")
    options = parser.parse_args()
    environ = {"CRMAPP_HOME": options.home, "CRMAPP_WEB_PROCESSES": "1", "HTMX_SOURCE": "local"}
    settings = Settings.from_env(environ)
    app = create_app(settings)
    app.wsgi_app = with_clock(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's manual does
    if options.forget:
        datasets.DuckDBEngine = partial(DuckDBEngine, limits=Limits(remembered=0))  # type: ignore[misc,assignment]  # called, never asked for its kind
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    Server(app, settings, listener).run()


if __name__ == "__main__":
    main()
