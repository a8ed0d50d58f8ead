"""The values that records are asked for by: each once, and as many at a time as a system takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")


def each_once(values: Iterable[str]) -> list[str]:
    """Return the values to ask for; an empty one would find every record that has none."""
    return [value for value in dict.fromkeys(values) if value.strip()]


def in_parts(values: Sequence[Value], most: int) -> Iterator[Sequence[Value]]:
    """Give out the values, at most so many at a time."""
    return (values[start : start + most] for start in range(0, len(values), most))
