"""Pages of a long list: links to the previous and the next one, and the words between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _

from crmapp.web.templating import number


@dataclass(frozen=True, kw_only=True)
class Pager:
    """Where the reader stands in a list; ``previous``, ``next`` and ``first`` are addresses.

    ``label`` is the translated text between the links, such as *1–50 of 1,284*.
    """

    label: str = ""
    first: str | None = None
    previous: str | None = None
    next: str | None = None

    def __bool__(self) -> bool:
        """Whether there is more than this page."""
        return bool(self.previous or self.next)


def numbered(
    first: int, shown: int, count: int, size: int, at: Callable[[int | None], str]
) -> Pager:
    """Return the pager of a list of numbered pages, each of ``size``.

    Of its ``count`` lines so many are ``shown``, from the place ``first`` on, which begins with 1;
    ``at`` makes the address of a page, None of the first.
    """
    last, now = first + shown - 1, first // size + 1
    label = _(
        "%(first)s–%(last)s of %(count)s",
        first=number(first),
        last=number(last),
        count=number(count),
    )
    return Pager(
        label=label if shown else "",
        first=at(None) if now > 1 else None,
        previous=at(now - 1 if now > 2 else None) if now > 1 else None,
        next=at(now + 1) if last < count else None,
    )


def page_number(text: str | None, last: int = 1_000_000) -> int:
    """Read a page number from an address; nonsense means the first page."""
    try:
        return min(max(int(text or "1"), 1), last)
    except ValueError:
        return 1
