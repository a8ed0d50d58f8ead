"""Pages of the list that programs read by its cursor, deep ones over the first, a million accounts.

    python -m bench.api --rows 1000000

Each page is asked for in this process with a token; a page half-way and one near the end have to
cost what the first one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import orjson

from bench.accounts import DEPTH, token
from bench.bare import run
from bench.figures import Figure, Size, times_over
from bench.filled import Filled
from bench.people import manager
from bench.timing import Timing
from crmapp.domain.scopes import Scope
from crmapp.services import api_tokens
from crmapp.web.extensions import limiter

LIST = "/api/v1/accounts"


def figures_of(of: Filled, size: Size) -> Iterator[Figure]:
    """Ask for deep pages and for the first one in turn."""
    with of.app.app_context():
        word = api_tokens.make("Bench", [Scope.ACCOUNTS_READ], 30, by=manager())
    ask = partial(of.ask, headers={"Authorization": f"Bearer {word}"})
    limited, limiter.enabled = limiter.enabled, False
    try:
        for what, share in (("half-way", 0.5), ("near the end", 1 - 101 / of.count)):
            yield _depth(f"API: a page {what}", ask, _address(of, share), size)
    finally:
        limiter.enabled = limited


def _address(of: Filled, share: float) -> str:
    name_key, account_id = of.at(share)
    return f"{LIST}?cursor={token((account_id, *[None] * 8, name_key))}"


def _depth(what: str, ask: Callable[[str], bytes], address: str, size: Size) -> Figure:
    first, deep = Timing("the first page"), Timing(what)
    pages = {LIST: first, address: deep}
    shown = {each: len(orjson.loads(ask(each))["items"]) for each in pages}
    if len(set(shown.values())) != 1:
        raise SystemExit(f"pages of different lengths: {shown}")
    for _time in range(size.times):
        for each, timing in pages.items():
            timing.run(lambda each=each: [ask(each) for _page in range(size.pages)])
    return times_over(what, deep, first, DEPTH, "for the first page", size.pages)


if __name__ == "__main__":
    run(__doc__, figures_of)
