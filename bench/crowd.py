"""People at browsers who ask a server for pages at a steady rate, and how long each had to wait."""

from __future__ import annotations

import gzip
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from random import Random
from urllib.parse import urlencode, urlsplit

from bench.served import BROWSER
from soak.pages import Page

AT_ONCE = 64
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Browser:
    """Asks one server as one person; each thread has a connection of its own."""

    def __init__(self, url: str, cookie: str) -> None:
        self._address = urlsplit(url)
        self._headers = {**BROWSER, "Cookie": cookie}
        self._own = threading.local()

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, sent: str | None = None
    ) -> tuple[int, bytes]:
        """Send one request; return the status and the body."""
        try:
            return self._ask(path, headers, sent)
        except (OSError, HTTPException):  # the server closes connections that rest for a while
            self._own.connection = None
            return self._ask(path, headers, sent)

    def _ask(
        self, path: str, headers: Mapping[str, str] | None, sent: str | None
    ) -> tuple[int, bytes]:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = HTTPConnection(str(self._address.hostname), self._address.port, timeout=60)
            self._own.connection = connection
        method, form = ("GET", {}) if sent is None else ("POST", FORM)
        connection.request(method, path, sent, {**self._headers, **(headers or {}), **form})
        answer = connection.getresponse()
        return answer.status, answer.read()


@dataclass(frozen=True)
class Wait:
    """One request: what it was for, when it was due, and how many seconds passed until then."""

    kind: str
    due: float
    seconds: float
    status: int


@dataclass
class Crowd:
    """Asks ``rate`` times a second for ``addresses``, kind by kind: each kind in turn, mixed.

    ``shares`` says how many of so many requests are of a kind; of the kind ``edit``, each opens an
    account's form and saves it with another phone number.
    """

    browser: Browser
    rate: float
    shares: Mapping[str, int]
    addresses: Mapping[str, Sequence[str]]
    waits: list[Wait] = field(default_factory=list)

    def ask_while(self, goes_on: Callable[[], bool]) -> None:
        """Ask on and on; each request is sent when it is due, however slow the others are."""
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as people:
            for number, (kind, address) in enumerate(self._requests()):
                due = began + number / self.rate
                time.sleep(max(0.0, due - time.monotonic()))
                if not goes_on():
                    return
                people.submit(self._one, kind, address, due)

    def _requests(self) -> Iterator[tuple[str, str]]:
        kinds = [kind for kind, share in self.shares.items() for _ in range(share)]
        Random(7).shuffle(kinds)
        turns = {kind: cycle(found) for kind, found in self.addresses.items()}
        for kind in cycle(kinds):
            yield kind, next(turns[kind])

    def _one(self, kind: str, address: str, due: float) -> None:
        headers = HTMX if kind in ("palette", "progress") else None
        if kind == "edit":
            self._edit(address, due)
        else:
            self._wait(kind, due, address, headers)

    def _edit(self, address: str, due: float) -> None:
        html = self._wait("form", due, f"{address}/edit")
        form = next(each for each in Page(address, html).forms if each.action == address)
        sent = dict(form.pairs) | {"phone": f"+33 2 {time.monotonic_ns() % 10**8:08}"}
        self._wait("save", time.monotonic(), address, sent=urlencode(sent))

    def _wait(
        self,
        kind: str,
        due: float,
        address: str,
        headers: Mapping[str, str] | None = None,
        sent: str | None = None,
    ) -> str:
        try:
            status, body = self.browser.ask(address, headers, sent)
        except (OSError, HTTPException):
            status, body = 0, b""
        self.waits.append(Wait(kind, due, time.monotonic() - due, status))
        return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()


def percentile(waits: Sequence[Wait], share: float) -> float:
    """Return how many milliseconds so many of the waits took at most."""
    ordered = sorted(each.seconds for each in waits)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] * 1000


def by_kind(waits: Sequence[Wait]) -> Iterator[str]:
    """Write a line about each kind of request, and one about all."""
    if not waits:
        return
    kinds = sorted({each.kind for each in waits})
    for kind, found in [(k, [w for w in waits if w.kind == k]) for k in kinds] + [("all", waits)]:
        half, most = percentile(found, 0.5), percentile(found, 0.99)
        answers = ", ".join(
            f"{times} x {status}"
            for status, times in sorted(Counter(w.status for w in found).items())
        )
        yield (
            f"{kind:9} median {half:8.1f} ms  p99 {most:8.1f} ms"
            f"  longest {percentile(found, 1):8.1f} ms  ({answers})"
        )
