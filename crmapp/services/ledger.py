"""The ledger of identities on its way through the door: which external id means which account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Text, delete, select
from sqlalchemy.schema import Table

from crmapp.db import session
from crmapp.db.bulk import insert_rows, is_one_of, merge_rows
from crmapp.domain.changes import Link, Write
from crmapp.models import Account, Change, ExternalIdentity

Key = tuple[str, str, str]
_KEY = ("system", "object", "external_id")


@dataclass(frozen=True)
class Holder:
    """A row of the ledger: the account that an external id means, and the change that said so."""

    id: int
    account: int
    change: int | None


def holders(keys: Iterable[Key], *, lock: bool = False) -> dict[Key, Holder]:
    """Return who holds each of ``keys``; those that mean nobody are left out."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for system, object_, external_id in keys:
        wanted.setdefault((system, object_), []).append(external_id)
    ledger = ExternalIdentity.__table__.c
    found: dict[Key, Holder] = {}
    for (system, object_), ids in wanted.items():
        query = select(ledger.external_id, ledger.id, ledger.account_id, ledger.change_id).where(
            ledger.system == system, ledger.object == object_, is_one_of(ledger.external_id, ids)
        )
        if lock:
            query = query.order_by(ledger.external_id).with_for_update()
        found |= {
            (system, object_, row[0]): Holder(row[1], row[2], row[3])
            for row in session.execute(query)
        }
    return found


def unlinked(keys: Mapping[int, Key]) -> frozenset[int]:
    """Return the accounts from which a person took the key, by the last word on it in the log.

    She unlinks it, or undoes what linked it, maybe with the values that came with the link.
    """
    if not keys:
        return frozenset()
    log = Change.__table__.c
    query = select(log.record_id, log.links).where(
        log.object == "account",
        is_one_of(log.record_id, sorted(keys)),
        log.links.cast(Text) != "[]",  # most changes have none, and there are many
    )
    last: dict[int, bool] = {}
    for account, links in session.execute(query.order_by(log.id)):
        for link in (Link(*each) for each in links):
            if link.key == keys[account]:
                last[account] = link.after is None
    return frozenset(account for account, taken in last.items() if taken)


@dataclass
class LedgerBatch:
    """What one batch of writes does to the ledger."""

    at: datetime
    _holders: Mapping[Key, Holder] = field(default_factory=dict)
    _gone: frozenset[int] = frozenset()
    _set: dict[Key, dict[str, Any]] = field(default_factory=dict)
    _dropped: list[int] = field(default_factory=list)

    def read(self, writes: Sequence[Write]) -> None:
        """Lock and read what the writes may change."""
        keys = {key for each in writes for key in each.identities}
        back = [link for each in writes for link in each.links]
        self._holders = holders(keys | {link.key for link in back}, lock=True)
        self._gone = _erased(sorted({link.after for link in back if link.after is not None}))

    def moves(self, write: Write, record_id: int) -> list[Link]:
        """Return what ``write`` changes, given what the ledger holds; nothing else is to be set."""
        if not write.identities and not write.links:
            return []
        links = [link for link in write.links if self._account(link.key) == link.before]
        links += [Link(*key, self._account(key), record_id) for key in write.identities]
        return [link for link in links if link.before != link.after]

    def set(self, links: Iterable[Link], change_id: int) -> None:
        """Note that the change ``change_id`` makes these links."""
        for link in links:
            if link.after is None or link.after in self._gone:
                self._dropped += [self._holders[link.key].id] if link.key in self._holders else []
                continue
            self._set[link.key] = {
                "system": link.system,
                "object": link.object,
                "external_id": link.external_id,
                "account_id": link.after,
                "change_id": change_id,
                "created_at": self.at,
            }

    def flush(self) -> None:
        table = cast("Table", ExternalIdentity.__table__)
        new = [row for key, row in self._set.items() if key not in self._holders]
        moved = [row for key, row in self._set.items() if key in self._holders]
        insert_rows(table, new)
        merge_rows(table, moved, _KEY, ["account_id", "change_id"])
        if self._dropped:
            session.execute(delete(table).where(is_one_of(table.c.id, self._dropped)))

    def _account(self, key: Key) -> int | None:
        holder = self._holders.get(key)
        return None if holder is None else holder.account


def _erased(ids: Sequence[int]) -> frozenset[int]:
    """Return those of the accounts that are not there any more, not even deleted."""
    if not ids:
        return frozenset()
    known = session.scalars(select(Account.id).where(is_one_of(Account.id, ids)))
    return frozenset(ids) - frozenset(known)
