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
from bench.timing import Timing, ratio

MOST = 1.5
_ONE_TIME = re.compile(
    rb'(?<=nonce=")[^"]+|(?<=name="csrf-token" content=")[^"]+'
    rb'|(?<=name="csrf_token" value=")[^"]+'
)
Context = Callable[[sqlite3.Connection], Mapping[str, Any]]
Requests = Sequence[Callable[[], bytes]]


class Bare:
    """A bare application; its pages are added one by one."""

    def __init__(self, database: Path) -> None:
        self.app = Flask("bare")
        self._connection = sqlite3.connect(database, check_same_thread=False)
        self._connection.execute("PRAGMA cache_size=-32000")

    def page(self, path: str, template: str, context: Context) -> Callable[[str], Asked]:
        """Add a page; return how it is asked for, given what follows its path."""
        compiled = self.app.jinja_env.from_string(template)

        def answer() -> str:
            return compiled.render(context(self._connection))

        self.app.add_url_rule(path, path, answer)
        return lambda query="": Asked(self.app, path + query, {})

    @contextmanager
    def reading(self, address: str) -> Iterator[sqlite3.Connection]:
        """Read as a page does that is asked for by ``address``."""
        with self.app.test_request_context(address):
            yield self._connection


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


def compare(what: str, ours: Requests, bare: Requests, size: Size, *, once: bool = False) -> Figure:
    """Show that both pages are the same, and ask for them in turn, as :func:`in_turn` does."""
    for one, other in list(zip(ours, bare, strict=True))[: 1 if once else None]:
        same(one(), other())
    theirs, mine = in_turn(bare, ours, size, once=once)
    if once:
        same(ours[-1](), bare[-1]())
    theirs.name, mine.name = f"{what}, bare", f"{what}, crmapp"
    for timing in (theirs, mine):
        print(timing.line(size.pages, "pages"))
    print(ratio(mine, theirs), flush=True)
    return times_over(what, mine, theirs, MOST, "in bare Flask", size.pages)


def in_turn(
    one: Requests, other: Requests, size: Size, *, once: bool = False
) -> tuple[Timing, Timing]:
    """Time two kinds of requests in turn, ``size.pages`` of them a run.

    With ``once`` each is asked for in just one of the runs, and the very first one in none.
    """
    found = Timing("one"), Timing("other")
    for number in range(size.times):
        first = 1 + number * size.pages if once else 0
        for timing, requests in zip(found, (one, other), strict=True):
            timing.run(lambda: _run(requests, first, size.pages))  # noqa: B023  (run at once)
    return found


def _run(requests: Requests, first: int, count: int) -> None:
    for number in range(first, first + count):
        requests[number % len(requests)]()


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
