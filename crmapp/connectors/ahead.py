"""The next page is read while somebody works on the last: neither side waits for the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(pages: Iterator[T]) -> Generator[T, None, None]:
    """Yield ``pages``, each of which is read in another thread while its user has the one before.

    An error of the reading comes where its page would have. Whoever ends early, and closes this,
    waits for the page that is being read, and drops it.
    """
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        coming = reader.submit(_next, pages)
        try:
            while page := coming.result():
                coming = reader.submit(_next, pages)
                yield page[0]
        finally:
            reader.submit(_close, pages)


def _next(pages: Iterator[T]) -> tuple[T] | None:
    for page in pages:
        return (page,)
    return None


def _close(pages: Iterator[T]) -> None:
    if isinstance(pages, Generator):
        pages.close()
