"""Changes as values: what is to be written, what came of it, and what would take it back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from crmapp.domain.fields import freeze


class Action(StrEnum):
    """What a write does to its record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"


class Reason(StrEnum):
    """Why a row was skipped or rejected; ``SENTENCES`` in :mod:`crmapp.domain.reasons` says it."""

    CHANGED_SINCE = "changed_since"
    GONE = "gone"
    NUMBER_TAKEN = "number_taken"
    AMBIGUOUS = "ambiguous"
    BAD_VALUE = "bad_value"
    NO_KEY = "no_key"
    DUPLICATE_KEY = "duplicate_key"
    NOT_YOURS = "not_yours"
    DELETED_HERE = "deleted_here"
    PEOPLE_ADDED = "people_added"
    EDITED_SINCE = "edited_since"
    KEPT_BY_SOURCE = "kept_by_source"
    EDITED_OR_KEPT = "edited_or_kept"
    IN_SPITE_OF_SOURCE = "in_spite_of_source"
    LEFT_OUT = "left_out"
    LEFT_OUT_BEFORE = "left_out_before"
    LEFT_OUT_KNOWN = "left_out_known"
    LEFT_OUT_NEW = "left_out_new"
    ALREADY_MEANT = "already_meant"
    SAME_ACCOUNT = "same_account"
    FOLLOWS = "follows"
    STILL_HELD = "still_held"
    WIDTH = "width"
    BAD_TEXT = "bad_text"
    OPEN_QUOTE = "open_quote"
    EMPTY = "empty"
    NO_DATE = "no_date"
    NO_NUMBER = "no_number"
    REFUSED_THERE = "refused_there"
    TWICE_THERE = "twice_there"
    NO_CODE = "no_code"
    OTHER_SOURCE = "other_source"
    UNDONE = "undone"
    REPEATED = "repeated"
    ACCOUNT_GONE = "account_gone"


class Link(NamedTuple):
    """What an external id meant before a change, and what it means after it: ids of accounts."""

    system: str
    object: str
    external_id: str
    before: int | None
    after: int | None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.system, self.object, self.external_id

    def back(self) -> Link:
        """What takes this link back."""
        return Link(*self.key, self.after, self.before)


_NONE: Mapping[str, Any] = {}


class Write(NamedTuple):
    """One change to one record that is to go through the door.

    ``version`` is the one that was seen (``None``: whichever it is); ``identity`` is
    ``(system, object, external id)`` to be remembered for the record; ``links`` are set if the
    ledger of identities still has what they begin with; ``also`` are further identities.
    """

    action: Action
    values: Mapping[str, Any] = _NONE
    record_id: int | None = None
    version: int | None = None
    source: Mapping[str, Any] = _NONE
    identity: tuple[str, str, str] | None = None
    links: tuple[Link, ...] = ()
    also: tuple[tuple[str, str, str], ...] = ()

    @property
    def identities(self) -> tuple[tuple[str, str, str], ...]:
        """All that is to be remembered for the record."""
        return self.also if self.identity is None else (self.identity, *self.also)


class Outcome(NamedTuple):
    """What became of a write: created, updated, deleted, restored, linked, unchanged, skipped.

    Linked means that only the ledger of identities changed.
    """

    write: Write
    result: str
    record_id: int | None = None
    reason: Reason | None = None
    change_id: int | None = None


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return name → [before, after], as the change log keeps them, of the values that differ."""
    return {
        name: [freeze(old), freeze(value)]
        for name, value in after.items()
        if (old := before.get(name)) != value
    }
