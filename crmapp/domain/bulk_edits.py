"""One edit of many accounts: what is asked for, and what it makes of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self

from crmapp.domain.changes import Reason
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.search import fold
from crmapp.i18n import Text


class Verb(StrEnum):
    """What is done with each account."""

    SET = "set"
    ADD_TAGS = "add_tags"
    REMOVE_TAGS = "remove_tags"
    DELETE = "delete"
    RESTORE = "restore"


WHOLE = (Verb.DELETE, Verb.RESTORE)
"""What is done with an account itself rather than with a value of it."""


@dataclass(frozen=True)
class Edit:
    """``value`` is what the field gets, as the change log keeps it; or the tags that come or go.

    ``typed`` is what a person entered for it, to be checked once more when it is carried out.
    """

    verb: Verb
    field: str = ""
    value: Any = None
    typed: str | tuple[str, ...] = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as a run keeps it."""
        typed = self.typed if isinstance(self.typed, str) else list(self.typed)
        return {"verb": self.verb.value, "field": self.field, "value": self.value, "typed": typed}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_json` kept."""
        typed = kept["typed"] if isinstance(kept["typed"], str) else tuple(kept["typed"])
        return cls(Verb(kept["verb"]), kept["field"], kept["value"], typed)


class Held(NamedTuple):
    """An account as it is now: ``value`` is what it holds in the field, as the change log has it.

    ``mine`` says whether the person may change it; ``number`` is one that another account has
    taken; ``problem`` why this account, unlike others, cannot hold the value.
    """

    id: int
    version: int
    name: str
    value: Any = None
    mine: bool = True
    number: str | None = None
    problem: Text | None = None


_NONE: Mapping[str, Any] = {}
_ACTIONS = {Verb.DELETE: Planned.DELETE, Verb.RESTORE: Planned.RESTORE}


def planned(edit: Edit, row_no: int, held: Held) -> PlanRow:
    """Say what ``edit`` makes of an account."""
    if not held.mine:
        return _row(row_no, held, Planned.REJECTED, Reason.NOT_YOURS)
    if held.number is not None:
        params = {"number": held.number}
        return _row(row_no, held, Planned.REJECTED, Reason.NUMBER_TAKEN, params)
    if edit.verb in WHOLE:
        return _row(row_no, held, _ACTIONS[edit.verb])
    if held.problem is not None:
        said, values = held.problem.text, held.problem.params
        problem = {"field": edit.field, "problem": said, "values": values}
        return _row(row_no, held, Planned.REJECTED, Reason.BAD_VALUE, problem)
    after = _after(edit, held.value)
    if after == held.value:
        return _row(row_no, held, Planned.UNCHANGED)
    return _row(row_no, held, Planned.UPDATE, fields={edit.field: [held.value, after]})


def empties(edit: Edit, before: Any) -> bool:
    """Say whether ``edit`` leaves nothing in the field of an account, or had better not."""
    if edit.verb is Verb.REMOVE_TAGS:
        return bool(before) and not _after(edit, before)
    return edit.verb is Verb.SET and not edit.typed


def _row(
    row_no: int,
    held: Held,
    action: Planned,
    reason: Reason | None = None,
    params: Mapping[str, Any] = _NONE,
    fields: Mapping[str, Any] = _NONE,
) -> PlanRow:
    own = (held.id, held.version, "", held.name)
    return PlanRow(row_no, action, "account", *own, reason, params, fields)


def gone(row_no: int, account_id: int) -> PlanRow:
    """Say that a chosen account is not there, or not any more."""
    name = f"#{account_id}"
    return PlanRow(row_no, Planned.REJECTED, record_id=account_id, name=name, reason=Reason.GONE)


def _after(edit: Edit, before: Any) -> Any:
    if edit.verb is Verb.SET:
        return edit.value
    asked = {fold(tag) for tag in edit.value}
    if edit.verb is Verb.REMOVE_TAGS:
        return [tag for tag in before if fold(tag) not in asked]
    known = {fold(tag) for tag in before}
    return [*before, *(tag for tag in edit.value if fold(tag) not in known)]
