"""The next page is read while somebody works on the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Event, current_thread

import pytest

from crmapp.connectors.ahead import read_ahead

PATIENCE = 30.0


class Pages:
    """Pages that say when the reading of each has begun, and that it was closed."""

    def __init__(self, count: int, wrong_after: int | None = None) -> None:
        self.begun = [Event() for _page in range(count + 1)]
        self.closed = False
        self.threads: set[str] = set()
        self._count, self._wrong_after = count, wrong_after

    def read(self) -> Iterator[int]:
        try:
            for number in range(self._count):
                self.begun[number].set()
                self.threads.add(current_thread().name)
                if number == self._wrong_after:
                    raise OSError("cut")
                yield number
        finally:
            self.threads.add(current_thread().name)
            self.closed = True


def test_the_next_page_is_read_before_it_is_asked_for():
    pages = Pages(3)

    with closing(read_ahead(pages.read())) as coming:
        assert next(coming) == 0
        assert pages.begun[1].wait(PATIENCE)
        assert not pages.begun[2].is_set()
        assert [*coming] == [1, 2]


def test_an_error_comes_where_its_page_would_have():
    coming = read_ahead(Pages(3, wrong_after=2).read())

    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(OSError, match="cut"):
        next(coming)


def test_whoever_ends_early_leaves_nothing_open():
    pages = Pages(9)

    with closing(read_ahead(pages.read())) as coming:
        next(coming)

    assert pages.closed
    assert not pages.begun[2].is_set()
    assert len(pages.threads) == 1  # whoever opened something closes it
    assert current_thread().name not in pages.threads


def test_no_pages_are_none():
    assert [*read_ahead(iter([]))] == []
