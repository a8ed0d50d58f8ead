"""A field whose copies differ until a person says which of them is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crmapp.domain.field_copies import Copies, Party
from crmapp.domain.field_values import as_text, digest, is_blank

MARK = "mark"
"""Name under which a kept row has the stand-in for the rule."""
_LONGEST = 200


@dataclass(frozen=True)
class Copy:
    """What a party has: in words, and its stand-in; only one that ``may_win`` can be kept."""

    said: str
    mark: str
    may_win: bool


@dataclass(frozen=True)
class Torn:
    """What the parties had when a person was asked; ``mark`` is the stand-in for the row."""

    mark: str
    copies: Mapping[Party, Copy]

    @cached_property
    def word(self) -> str:
        """What tells whether the copies are still those that a person has seen."""
        return digest(json.dumps(self.as_json(), sort_keys=True))

    def kept(self, winner: Party) -> dict[str, Any]:
        """Return what to keep, so that the copy of ``winner`` alone counts as changed.

        Whoever changes another copy since then is heard as well, and a person is asked again.
        """
        marks: dict[str, Any] = {str(party): each.mark for party, each in self.copies.items()}
        return marks | {MARK: self.mark, str(winner): ""}

    def as_json(self) -> dict[str, Any]:
        copies = {str(party): vars(each) for party, each in self.copies.items()}
        return {"mark": self.mark, "copies": copies}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Torn:
        copies = kept["copies"].items()
        return cls(kept["mark"], {Party(party): Copy(**each) for party, each in copies})


def torn(copies: Copies, mark: str, sources: frozenset[Party], *, empties: bool) -> Torn:
    """Return what there is to choose from: of the ``sources``, an empty one only if it ``empties``.

    The row whose stand-in is ``mark`` leaves the others alone where an empty value wins.
    """
    return Torn(
        mark,
        {
            party: Copy(
                "" if is_blank(value) else as_text(value)[:_LONGEST],
                copies.mark(party),
                party in sources and (empties or not is_blank(value)),
            )
            for party, value in copies.values.items()
        },
    )
