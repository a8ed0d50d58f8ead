"""Which customers a source that has shrunk has no more: a list for whoever looks at the plan.

Unlike a proposal to deactivate accounts it says of one source what it lacks, whatever others have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import Artefact
from crmapp.db import session
from crmapp.domain.plan import Planned, PlanRow
from crmapp.errors import FileLost
from crmapp.models import Account, ExternalIdentity, Run, User
from crmapp.services import planning, plans
from crmapp.services.feed_join import Span
from crmapp.services.feed_keys import ReadKeys

MISSING = "missing"
"""Under this name a run keeps the list in its source; its file has the same stem."""
PAGE = 50
_ACCOUNT, _LEDGER = Account.__table__.c, ExternalIdentity.__table__.c


@dataclass(frozen=True)
class Missing:
    """A customer that is gone: the name of the account, its id if she may see it, key, source."""

    name: str
    account: int | None
    key: str
    source: str


@dataclass(frozen=True)
class Page:
    """Some of those that are gone, from the place ``first`` on, which begins with 1."""

    rows: Sequence[Missing]
    first: int
    count: int


def write(run: Run, parts: Sequence[str], shrunk: Mapping[str, Span]) -> Artefact:
    """Write down who is gone from each source in ``shrunk``, by its name.

    ``parts`` are files with the rows as they were read.
    """
    numbers = count(1)
    with artefacts.read(parts) as file:
        read = ReadKeys(file, list(shrunk.values()))
        return artefacts.write(
            run.id,
            MISSING,
            (
                row._replace(row_no=next(numbers))
                for name, span in shrunk.items()
                for row in _gone(read, name, span)
            ),
        )


def _gone(read: ReadKeys, name: str, span: Span) -> Iterator[PlanRow]:
    """Yield the customers of active accounts that a source has no more, in the order of keys."""
    system, object_ = span.identity
    after = ""
    while True:
        page = (
            select(_LEDGER.external_id, _LEDGER.account_id, _ACCOUNT.name)
            .join(Account.__table__, _ACCOUNT.id == _LEDGER.account_id)
            .where(
                *(_LEDGER.system == system, _LEDGER.object == object_),
                *(_LEDGER.external_id > after, _ACCOUNT.active, _ACCOUNT.deleted_at.is_(None)),
            )
            .order_by(_LEDGER.external_id)
            .limit(planning.PART)
        )
        known = session.execute(page).all()
        if not known:
            return
        after = known[-1].external_id
        lacking = read.lack(span.identity, [row.external_id for row in known])
        for key, account_id, called in known:
            if key in lacking:
                yield PlanRow(
                    0, Planned.KEPT, record_id=account_id, key=key, name=called, source={"of": name}
                )


def listed(run: Run, page: int, *, by: User) -> Page:
    """Return a page of who is gone by the reading of a run; nothing if nobody asked that."""
    kept = run.source.get(MISSING)
    if not kept:
        return Page((), 1, 0)
    first = PAGE * (min(page, max(1, -(-kept["rows"] // PAGE))) - 1)
    try:
        with artefacts.read([kept["name"]]) as file:
            rows = [PlanRow.from_json(row) for row in file.rows("row_no > ?", [first], PAGE)]
    except FileLost:
        return Page((), 1, 0)
    accounts = plans.accounts_of(run, rows, by=by)
    found = [Missing(row.name, accounts.get(row.row_no), row.key, row.source["of"]) for row in rows]
    return Page(found, first + 1, kept["rows"])
