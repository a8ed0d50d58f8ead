"""Numbers of accounts on their way through the door: who gets which of them in one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.changes import Action, Write
from crmapp.domain.numbers import Key, Move, refused
from crmapp.models import Account

_NEW = -1  # stands for an account of this batch
_ACCOUNT = Account.__table__.c


@dataclass
class NumberClaims:
    """What one batch of writes does to the numbers of accounts.

    One living account has a number in its ERP company at a time; within a batch accounts may pass
    theirs on, in any order and all round.
    """

    _taken: dict[Key, int] = field(default_factory=dict)
    _renumbered: list[int] = field(default_factory=list)
    _deleted: list[int] = field(default_factory=list)

    def read(self, writes: Sequence[Write], current: Mapping[int, Mapping[str, Any]]) -> None:
        """Find who has the numbers that the writes want, and who of them will leave hers."""
        moves = [_move(each, current.get(each.record_id or 0)) for each in writes]
        wanted = {m.after: m.account for m in moves if m.after and m.after != m.before}
        if not wanted:
            return
        held = _held({number for _company, number in wanted})
        self._taken = dict(held)
        if all(held.get(key, account) == account for key, account in wanted.items()):
            return
        never = refused(moves, held)
        for n, (each, move) in enumerate(zip(writes, moves, strict=True)):
            freed = None if n in never else move.frees(held)
            if freed is None or move.account is None:
                continue
            del self._taken[freed]
            gone = each.action is Action.DELETE
            (self._deleted if gone else self._renumbered).append(move.account)

    def take(self, values: Mapping[str, Any], record_id: int | None) -> bool:
        """Take the number in ``values`` for an account, unless another one has it."""
        key = _key(values)
        if key is None:
            return True
        if self._taken.get(key, record_id) != record_id:
            return False
        self._taken[key] = record_id or _NEW
        return True

    def release(self, at: datetime) -> None:
        """Free the numbers that others of the batch get: the index looks row by row."""
        free: list[tuple[list[int], dict[str, Any]]] = [
            (self._renumbered, {"number": None}),
            (self._deleted, {"deleted_at": at}),
        ]
        for ids, values in free:
            if ids:
                session.execute(update(Account).where(is_one_of(_ACCOUNT.id, ids)).values(values))


def _move(write: Write, now: Mapping[str, Any] | None) -> Move:
    """Say what a write does to a number, if it is carried out at all."""
    if write.action is Action.CREATE:
        return Move(None, None, _key(write.values))
    if now is None or write.version not in (None, now["version"]):
        return Move(write.record_id)
    if (now["deleted_at"] is not None) != (write.action is Action.RESTORE):
        return Move(write.record_id)
    after = None if write.action is Action.DELETE else _key({**now, **write.values})
    return Move(write.record_id, None if write.action is Action.RESTORE else _key(now), after)


def _key(values: Mapping[str, Any]) -> Key | None:
    number = values.get("number")
    return (values.get("erp_company") or "", number) if number else None


def _held(numbers: set[str]) -> dict[Key, int]:
    """Return which living accounts have the numbers."""
    query = select(_ACCOUNT.erp_company, _ACCOUNT.number, _ACCOUNT.id).where(
        is_one_of(_ACCOUNT.number, sorted(numbers)), _ACCOUNT.deleted_at.is_(None)
    )
    return {(company, number): id_ for company, number, id_ in session.execute(query)}
