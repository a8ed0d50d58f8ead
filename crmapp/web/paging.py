"""Pages of a long list: links to the previous and the next one, and the words between them."""

from __future__ import annotations

from dataclasses import dataclass


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


def page_number(text: str | None, last: int = 1_000_000) -> int:
    """Read a page number from an address; nonsense means the first page."""
    try:
        return min(max(int(text or "1"), 1), last)
    except ValueError:
        return 1
