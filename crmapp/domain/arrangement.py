"""The order in which somebody wants to see what others chose, and what of it she leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Arrangement:
    """Names in their order; ``hidden`` are those of them that are not wanted."""

    order: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> Arrangement:
        if not kept:
            return cls()
        return cls(tuple(kept["order"]), frozenset(kept["hidden"]))

    def as_json(self) -> dict[str, Any]:
        return {"order": list(self.order), "hidden": sorted(self.hidden)}

    def sort(self, names: Sequence[str]) -> list[str]:
        """Return ``names`` in this order; those that are new here come last, as they stand."""
        places = {name: place for place, name in enumerate(self.order)}
        return sorted(names, key=lambda name: places.get(name, len(places)))

    def only(self, names: Collection[str]) -> Arrangement:
        """Return what it says about ``names``; it has forgotten all others."""
        left = set(names)
        return Arrangement(tuple(n for n in self.order if n in left), self.hidden & left)
