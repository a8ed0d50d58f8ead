"""Propose to deactivate the accounts whose customers a source has no more, for a person to say.

Only a reading of everything tells what is gone; nothing is ever deleted, and nothing deactivated
before somebody has looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.db import session
from crmapp.db.bulk import is_one_of, without_index
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.runs import Status
from crmapp.models import Account, ExternalIdentity, Run
from crmapp.services import engine, notifications, planning
from crmapp.services.engine import CODE_VERSION
from crmapp.services.feed_join import Span
from crmapp.services.feed_keys import ReadKeys
from crmapp.services.feed_states import KIND
from crmapp.services.staged_rows import state_of

_ACCOUNT = Account.__table__.c
_LEDGER = ExternalIdentity.__table__.c
_OPEN_OR_REFUSED = (Status.PLANNED, Status.CANCELLED, Status.UNDONE)
Gone = tuple[int, int, str, str]
"""An account that is gone there: its id, version, name, and the key that it had."""


@dataclass(frozen=True)
class Proposal:
    """What is gone by a reading of a CRM mapping."""

    run: dict[str, Any]
    gone: Sequence[Gone]

    def keep(self) -> None:
        """Inside a unit of work: have a plan wait for a person; an older one is out of date.

        What she said no to, or took back, is not proposed again while it is the same.
        """
        last = self._last()
        if last is not None and last.status in _OPEN_OR_REFUSED:
            if last.source["gone"] == [each[0] for each in self.gone]:
                return
            last.source = {**last.source, "outdated": True}
            if last.status == Status.PLANNED:
                engine.stop(last)
        if self.gone:
            self._add()

    def _last(self) -> Run | None:
        """Return the newest such plan, unless others have been gone since."""
        mode = Run.source["mode"].as_string()
        query = select(Run).where(
            Run.kind == KIND, Run.lock_key == self.run["lock_key"], mode == "gone"
        )
        last = session.scalar(query.order_by(Run.id.desc()).limit(1))
        return None if last is None or last.source.get("outdated") else last

    def _add(self) -> None:
        source = {**self.run["source"], "gone": [each[0] for each in self.gone]}
        run = Run(**{**self.run, "source": source})
        session.add(run)
        session.flush()
        plan = artefacts.write(run.id, "plan-1", _rows(self.gone))
        run.artefacts, run.plan_hash, run.total = [plan.as_json()], plan.sha256, plan.rows
        run.counts = planning.count_actions(plan)
        notifications.run_waits(run.id)


def _rows(gone: Sequence[Gone]) -> Iterator[PlanRow]:
    for row_no, (id_, version, name, key) in enumerate(gone, 1):
        yield PlanRow(
            row_no,
            Planned.UPDATE,
            record_id=id_,
            version=version,
            key=key,
            name=name,
            fields={"active": [True, False]},
        )


def propose(run: Run, parts: Sequence[str], spans: Sequence[Span]) -> Proposal | None:
    """Return what is gone if every source that can tell so was read in whole.

    ``parts`` are files with the rows as they were read: a plan may have them in another order.
    """
    reads = state_of(run)["read"]
    tells = [read.get("tells_gone", True) for read in reads]
    whole = [read["whole"] for read, can in zip(reads, tells, strict=True) if can]
    if not whole or not all(whole):
        return None
    silent = {span.identity for span, can in zip(spans, tells, strict=True) if not can}
    kept = {
        "kind": KIND,
        "title": run.title,
        "status": Status.PLANNED.value,
        "source": {
            "kind": KIND,
            "mapping": run.source["mapping"],
            "version": run.source["version"],
            "mode": "gone",
            "origin": run.source["origin"],
        },
        "lock_key": run.lock_key,
        "code_version": CODE_VERSION,
        "by_id": run.by_id,
    }
    with artefacts.read(parts) as file:
        return Proposal(kept, list(_gone(ReadKeys(file, spans), silent)))


def _gone(read: ReadKeys, silent: AbstractSet[tuple[str, str]]) -> Iterator[Gone]:
    """Yield the active accounts of which no source of the mapping has a customer any more.

    Of one that a ``silent`` source knows, which never says who is gone, nobody can tell.
    """
    telling = [identity for identity in read.identities if identity not in silent]
    missed = sorted({account for identity in telling for account in read.missed(identity)})
    for first in range(0, len(missed), planning.PART):
        ids = missed[first : first + planning.PART]
        keys: dict[int, str] = {}
        living: set[int] = set()
        for identity in read.identities:
            known = _known(identity, ids)
            lacking = set() if identity in silent else read.lack(identity, list(known))
            living |= {account for key, account in known.items() if key not in lacking}
            keys |= {account: key for key, account in known.items()}
        accounts = select(_ACCOUNT.id, _ACCOUNT.version, _ACCOUNT.name).where(
            is_one_of(_ACCOUNT.id, [account for account in ids if account not in living]),
            _ACCOUNT.active,
            _ACCOUNT.deleted_at.is_(None),
        )
        for row in session.execute(accounts.order_by(_ACCOUNT.id)):
            yield row.id, row.version, row.name, keys[row.id]


def _known(identity: tuple[str, str], accounts: Sequence[int]) -> dict[str, int]:
    """Return what some accounts are called in a source by the ledger: key → account."""
    names = select(_LEDGER.external_id, _LEDGER.account_id).where(
        without_index(_LEDGER.system) == identity[0],
        _LEDGER.object == identity[1],
        is_one_of(_LEDGER.account_id, accounts),
    )
    return {row.external_id: row.account_id for row in session.execute(names)}
