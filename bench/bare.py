"""Bare Flask pages to compare with: queries by hand, a plain template, and nothing else.

A bare page's template is the real page with its constant parts as text; what comes from records is
filled in, the same bytes. It knows no sessions, rights, forms, tokens or translations.
"""

from __future__ import annotations

import argparse
import logging
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, request

from bench.figures import Figure, Size, table, times_over
from bench.filled import Asked, Filled, filled
from bench.served import NOTHING, Asking, Forked, settings_of
from bench.timing import Timing, ratio

MOST = 1.5
_ONE_TIME = re.compile(
    rb'(?<=nonce=")[^"]+|(?<=name="csrf-token" content=")[^"]+'
    rb'|(?<=name="csrf_token" value=")[^"]+'
)
Side = tuple[Asking, Sequence[str], Mapping[str, str]]
Context = Callable[[sqlite3.Connection], Mapping[str, Any]]


class Bare:
    """A bare application; its pages are added one by one."""

    def __init__(self, database: Path) -> None:
        self.app = Flask("bare")
        self._database = database
        self._connection: sqlite3.Connection | None = None

    def page(self, path: str, template: str, context: Context) -> None:
        """Add a page."""
        compiled = self.app.jinja_env.from_string(template)

        def answer() -> str:
            return compiled.render(context(self._connected()))

        self.app.add_url_rule(path, path, answer)

    def ask(self, address: str) -> bytes:
        """Ask for a page in this process; nothing is left open."""
        try:
            return Asked(self.app, address, {})()
        finally:
            self.close()

    @contextmanager
    def reading(self, address: str) -> Iterator[sqlite3.Connection]:
        """Read as a page does that is asked for by ``address``."""
        with self.app.test_request_context(address):
            yield self._connected()
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connected(self) -> sqlite3.Connection:
        """A server opens its own connection, once."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._database, check_same_thread=False)
            self._connection.execute("PRAGMA cache_size=-32000")
        return self._connection


def argument(name: str) -> str:
    """What this request asks for."""
    return request.args[name]


def as_text(html: str) -> str:
    """Write HTML as a part of a template that stays as it is."""
    return "{% raw %}" + html + "{% endraw %}"


def with_values(html: str, values: Sequence[tuple[str, str]]) -> str:
    """Make a template of a page: its constant parts as text, and ``values`` filled in.

    ``values`` are (what the page shows, what fills it in).
    """
    if not values:
        return as_text(html)
    filled = dict(values)
    pattern = re.compile("|".join(map(re.escape, sorted(filled, key=len, reverse=True))))
    parts = pattern.split(html)
    inserted = [filled[found] for found in pattern.findall(html)]
    inserted.append("")
    return "".join(as_text(part) + into for part, into in zip(parts, inserted, strict=True))


def same(ours: bytes, bare: bytes) -> None:
    """Show that two pages have the same bytes, up to what is made for one time."""
    mine, theirs = (_ONE_TIME.sub(b"", each).splitlines() for each in (ours, bare))
    for number, (one, other) in enumerate(zip(mine, theirs, strict=False), 1):
        assert one == other, f"line {number}: {one!r} is not {other!r}"
    assert len(mine) == len(theirs)


def compare(
    what: str,
    of: Filled,
    bare: Bare,
    pages: Sequence[tuple[str, str]],
    size: Size,
    headers: Mapping[str, str] = NOTHING,
    *,
    once: bool = False,
) -> Figure:
    """Show that both pages are the same, and ask for them in turn over HTTP, as :func:`in_turn`.

    ``pages`` are (our address, the bare one's).
    """
    for ours, theirs in pages[: 1 if once else None]:
        same(of.ask(ours, headers), bare.ask(theirs))
    with of.served() as mine, Forked(bare.app, settings_of(of.database.parent)) as other:
        plain, whole = in_turn(
            (other, [theirs for _ours, theirs in pages], NOTHING),
            (mine, [ours for ours, _theirs in pages], headers),
            size,
            once=once,
        )
    plain.name, whole.name = f"{what}, bare", f"{what}, crmapp"
    for timing in (plain, whole):
        print(timing.line(size.pages, "pages"))
    print(ratio(whole, plain), flush=True)
    return times_over(what, whole, plain, MOST, "in bare Flask", size.pages)


def in_turn(one: Side, other: Side, size: Size, *, once: bool = False) -> tuple[Timing, Timing]:
    """Time two kinds of requests in turn, ``size.pages`` of them a run.

    A side is (server, addresses, headers). With ``once`` each address is asked for in just one of
    the runs, and the very first one in none; else all are asked for before the first run.
    """
    found = Timing("one", one[0].cpu), Timing("other", other[0].cpu)
    for server, addresses, headers in (one, other):
        for address in addresses[: 1 if once else None]:
            server.get(address, headers)
    for number in range(size.times):
        first = 1 + number * size.pages if once else 0
        for timing, side in zip(found, (one, other), strict=True):
            timing.run(lambda: _run(side, first, size.pages))  # noqa: B023  (run at once)
    return found


def _run(side: Side, first: int, count: int) -> None:
    server, addresses, headers = side
    for number in range(first, first + count):
        server.get(addresses[number % len(addresses)], headers)


def run(about: str | None, figures_of: Callable[[Filled, Size], Iterator[Figure]]) -> None:
    """Measure some of the pages, as a command of their own."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=Size.accounts)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the accounts here, use them again")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        home = (options.folder or Path(temporary)) / f"accounts-{options.rows}"
        with filled(home, options.rows) as of:
            print(table(figures_of(of, Size(options.times, accounts=options.rows))))
