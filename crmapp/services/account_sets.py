"""A set of accounts that a person chose in the list: one by one, or all that match it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from crmapp.db import LARGEST_ID
from crmapp.errors import Invalid
from crmapp.i18n import N_, Text
from crmapp.models import User
from crmapp.services import account_list
from crmapp.services.account_question import Question

MOST = 1_000
"""So many accounts are chosen one by one; more than that only by what they have in common."""
NOTHING = N_("Choose the accounts first: tick them, or take all that match.")
TOO_MANY = N_("Choose up to %(count)s accounts one by one, or all that match.")


@dataclass(frozen=True)
class Chosen:
    """The accounts ``ids``; or, with ``everything``, all that match the list but those.

    ``arguments`` are those of the list's address.
    """

    ids: tuple[int, ...] = ()
    everything: bool = False
    arguments: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(
        cls, ids: Sequence[str], *, everything: bool, arguments: Sequence[tuple[str, str]]
    ) -> Self:
        """Read what a form sent; each of ``ids`` is one number, or several with commas.

        Raises:
            Invalid: nothing was chosen, too much one by one, or something that is no number.
        """
        texts = [part.strip() for text in ids for part in text.split(",") if part.strip()]
        if any(not (t.isascii() and t.isdecimal() and len(t) <= 10) for t in texts):
            raise Invalid({"": NOTHING}, NOTHING)
        numbers = sorted({int(text) for text in texts if 0 < int(text) <= LARGEST_ID})
        if len(numbers) > MOST:
            raise Invalid({"": Text(TOO_MANY, {"count": MOST})}, Text(TOO_MANY, {"count": MOST}))
        if not numbers and not everything:
            raise Invalid({"": NOTHING}, NOTHING)
        return cls(tuple(numbers), everything, tuple(arguments))

    def as_json(self) -> dict[str, Any]:
        """Return it as a run keeps it."""
        pairs = [list(pair) for pair in self.arguments]
        return {"ids": list(self.ids), "everything": self.everything, "args": pairs}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_json` kept."""
        pairs = tuple((name, value) for name, value in kept["args"])
        return cls(tuple(kept["ids"]), kept["everything"], pairs)

    def question(self, *, by: User) -> Question:
        """Return which accounts the list asked for.

        Raises:
            Invalid: an argument cannot be used, as a field that was retired since.
        """
        return replace(Question.from_pairs(self.arguments, me=by.id), cursor=None)

    def count(self, *, by: User) -> int:
        """Return how many they are now, or how many were chosen one by one.

        Raises:
            Invalid: as for :meth:`question`.
        """
        if not self.everything:
            return len(self.ids)
        return account_list.how_many(self.question(by=by), by=by, without=self.ids)

    def after(self, account_id: int, limit: int, *, by: User) -> list[int]:
        """Return the next of them, in the order of their ids.

        Raises:
            Invalid: as for :meth:`question`.
        """
        if not self.everything:
            return [each for each in self.ids if each > account_id][:limit]
        return account_list.ids_after(
            self.question(by=by), account_id, limit, by=by, without=self.ids
        )
