"""What names a person wherever it stands: found in texts and nested values, and taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crmapp.domain.search import fold

MARK = "(erased)"
"""What stands where a person was named."""
_DIGITS = 7
"""A number with fewer digits says too little of whose it is."""
_NATIONAL = 9
"""So many digits at the end of a long number say whose it is, however it begins."""
_BETWEEN = r"[\s().\-/]*"
_BEGIN = rf"(?<!\d)\+?(?:\d{{1,4}}{_BETWEEN}(?:\(0\){_BETWEEN})?)?"


@dataclass(frozen=True)
class Traces:
    """Her names (first and last), e-mail addresses and phone numbers, those of old included.

    A name counts where it stands in full; in one nested value with another trace, each half does.
    """

    names: frozenset[tuple[str, str]] = frozenset()
    addresses: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def cleared(self, value: Any) -> Any:
        """Return a value without what names her; the same value if nothing does."""
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, dict | list):
            return value
        clean = _mapped(value, self._text)
        return value if clean == value else _mapped(clean, self._half)

    def within(self, line: str) -> bool:
        """Say whether a line of a file names her, be it with her names in two cells."""
        words = set(re.findall(r"[^\W_]+", line.casefold()))
        halves = (set(" ".join(each).casefold().split()) for each in self.names)
        return self._text(line) != line or any(each <= words for each in halves)

    def likes(self) -> list[str]:
        """Return patterns of ``LIKE`` of which one fits all that :meth:`cleared` changes."""
        names = [order for first, last in self.names for order in ((first, last), (last, first))]
        plain = [*map(" ".join, names), *self.addresses]
        texts = [each for said in plain for each in (said, fold(said))]
        loose = ["%".join(re.findall(r"[A-Za-z0-9]+", text)) for text in texts]
        return sorted({f"%{each}%" for each in [*loose, *map("%".join, self._numbers)]})

    @cached_property
    def _numbers(self) -> list[str]:
        numbers = {re.sub(r"\D", "", phone) for phone in self.phones}
        return sorted({each[-_NATIONAL:] for each in numbers if len(each) >= _DIGITS})

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        parts = [rf"(?<![\w.+-]){re.escape(each)}(?![\w-]|\.\w)" for each in self.addresses]
        parts += [rf"{_BEGIN}{_BETWEEN.join(each)}(?!\d)" for each in self._numbers]
        for names in self.names:
            for first, last in (names, (fold(names[0]), fold(names[1]))):
                one, two = (_words(each) for each in (first, last))
                parts.append(rf"(?<!\w)(?:{one}\s+{two}|{two},?\s+{one})(?!\w)")
        longest = sorted(parts, key=len, reverse=True)
        return re.compile("|".join(longest), re.IGNORECASE) if parts else None

    def _text(self, text: str) -> str:
        return self._pattern.sub(MARK, text) if self._pattern else text

    def _half(self, text: str) -> str:
        halves = {half.casefold() for names in self.names for half in names}
        return MARK if text.strip().casefold() in halves else text


def traces(
    names: Iterable[tuple[str | None, str | None]],
    addresses: Iterable[str | None],
    phones: Iterable[str | None],
) -> Traces:
    """Return what names a person; a name of one word is too little to know her by."""
    whole = [(first.strip(), last.strip()) for first, last in names if first and last]
    return Traces(
        frozenset(pair for pair in whole if all(pair)),
        frozenset(each.strip() for each in addresses if each and "@" in each),
        frozenset(each for each in phones if each),
    )


def _words(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return a nested value with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return value
