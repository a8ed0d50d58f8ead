"""Whose values an account keeps when several accounts become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmapp.domain.fields import BadValue, Field, Kind, Lookups, check, parse
from crmapp.i18n import N_, Text

TOGETHER = "all"
"""What is chosen to keep what all of them hold."""
_NOTHING: tuple[Any, ...] = (None, "", [])
_JOINED = frozenset({Kind.TAGS, Kind.MULTI_PICK_LIST, Kind.LONG_TEXT})
_UNCLEAR = N_("Choose whose value is kept.")


@dataclass(frozen=True)
class Row:
    """A field of accounts that are merged: what each of them holds, the survivor's first.

    ``ids`` are those of the accounts, in the same order.
    """

    field: Field
    ids: Sequence[int]
    values: Sequence[Any]

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose."""
        return any(value != self.values[0] for value in self.values[1:])

    @property
    def filled(self) -> bool:
        return any(value not in _NOTHING for value in self.values)

    @property
    def together(self) -> Any:
        """What all of them hold, where that is one value; else ``None``."""
        held = [value for value in self.values if value not in _NOTHING]
        if self.field.kind not in _JOINED or len({repr(value) for value in held}) < 2:
            return None
        if self.field.kind is Kind.LONG_TEXT:
            return "\n\n".join(dict.fromkeys(held))
        return [*dict.fromkeys(each for value in held for each in value)]

    @property
    def usual(self) -> str:
        """What counts if nobody chooses: what loses nothing, else the survivor's."""
        if self.together is not None:
            return TOGETHER
        held = (n for n, value in enumerate(self.values) if value not in _NOTHING)
        return str(self.ids[next(held, 0)])

    def chosen(self, choice: str) -> Any:
        """Return the value that is kept: that of the account ``choice``, or of all together.

        Raises:
            BadValue: it is none of them, or the field cannot hold the value.
        """
        if choice == TOGETHER and self.together is not None:
            value = self.together
            if self.field.kind is Kind.LONG_TEXT:
                value = parse(self.field, value, Lookups())
        elif choice in map(str, self.ids):
            value = self.values[[*map(str, self.ids)].index(choice)]
        else:
            raise BadValue(Text(_UNCLEAR))
        return check(self.field, value)
