"""A source whose rows follow from a few numbers: everybody knows what should come of them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from crmapp.domain.mapping import FieldMapping
from crmapp.models import User
from crmapp.services import sources
from crmapp.services.sources import SourceColumn

KIND = "made"
MAPPING = FieldMapping(
    {"name": "name", "number": "code", "billing_city": "city", "credit_limit": "limit"}
)
_BAD_EVERY = 40
_LINGER = "CRMAPP_FAULTS_LINGER"


@dataclass(frozen=True)
class Book:
    """The customers of one pretend ERP, at one moment of its life.

    Every second customer has another city and another limit in each ``wave``; one in forty has no
    name and is to be rejected.
    """

    name: str
    size: int
    wave: int = 1

    def source(self) -> dict[str, Any]:
        """Return what a run keeps of it."""
        origin = {"kind": KIND, "book": self.name, "wave": self.wave}
        return {"kind": KIND, "book": asdict(self), "identity": [KIND, self.name], "origin": origin}

    def key(self, number: int) -> str:
        return f"{self.name}-{number:06}"

    def cells(self, number: int) -> dict[str, str]:
        wave = self.wave if number % 2 == 0 else 1
        good = number % _BAD_EVERY != _BAD_EVERY - 1
        return {
            "code": self.key(number),
            "name": f"Customer {number} of {self.name}" if good else "",
            "city": f"City {number} in wave {wave}",
            "limit": f"{number + wave}.25",
        }

    def good(self) -> dict[str, dict[str, str]]:
        """Return the rows that may be written, by key."""
        rows = ((self.key(number), self.cells(number)) for number in range(self.size))
        return {key: cells for key, cells in rows if cells["name"]}

    def changing(self) -> set[str]:
        """Return the keys of the good rows that differ from the wave before."""
        keys = (self.key(number) for number in range(0, self.size, 2))
        return self.good().keys() & set(keys) if self.wave > 1 else set(self.good())

    def total(self) -> Decimal:
        """Add up the limits of all rows that have no problem."""
        return sum((Decimal(cells["limit"]) for cells in self.good().values()), Decimal(0))

    def rows(self, after: str | None, limit: int) -> sources.Rows:
        first = int(after.rpartition("-")[2]) + 1 if after else 0
        time.sleep(float(os.environ.get(_LINGER) or 0))
        numbers = range(first, min(first + limit, self.size))
        return sources.by_key([(self.key(n), self.cells(n)) for n in numbers])

    def count(self) -> int:
        return self.size

    def columns(self, locale: str = "") -> list[SourceColumn]:
        return [SourceColumn(name, name.title()) for name in ("code", "name", "city", "limit")]


def register() -> None:
    """Make sources of this kind known."""
    sources.register(KIND, _open)


def _open(kept: Mapping[str, Any], _by: User) -> Book:
    return Book(**kept["book"])
