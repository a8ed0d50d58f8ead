"""Whose value a place has: the step that wrote it, or after an undo whoever had it before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Hands:
    """Place → (step, whose it was from then on), as numbers of steps."""

    passed: dict[Any, list[tuple[int, int]]] = field(default_factory=dict)

    def take(self, place: Any, step: int, undoes: int | None) -> None:
        """Note that a step wrote a place; one that takes another back gives it to who had it."""
        whose = step if undoes is None else self.whose(place, undoes - 1)
        self.passed.setdefault(place, []).append((step, whose))

    def whose(self, place: Any, at: int | None = None) -> int:
        """Return the step that the value of ``place`` comes from: now, or as it was after one."""
        then = [whose for step, whose in self.passed.get(place, []) if at is None or step <= at]
        return then[-1] if then else 0

    def stands(self, place: Any, step: int) -> bool:
        """Whether ``place`` is as the step left it, and nobody touched it since."""
        return self.whose(place) == self.whose(place, step)
