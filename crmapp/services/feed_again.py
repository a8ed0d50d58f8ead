"""Look once more at the rows that a person would be asked about, knowing what the others do.

An account that another row of the source is about, or will be, is another customer's; else the
next run would see that, and answer of itself what this one asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import select

from crmapp import artefacts
from crmapp.artefacts import Artefact, PlanFile
from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.matching import Care
from crmapp.domain.plan import Planned, PlanRow, SourceRow
from crmapp.models import ExternalIdentity, Run
from crmapp.services import feed_join, feed_rows, planning
from crmapp.services.feed_join import LED_BY, Span
from crmapp.services.feed_rows import Fed

LAYER = "fixed"
"""The stem of a file whose rows stand in the place of those that were planned before."""
_ROUNDS = 5
_LEDGER = ExternalIdentity.__table__.c
_Each = TypeVar("_Each")
_ANY_DOUBT = f"""
    SELECT 1 FROM plan
    WHERE action = '{Planned.AMBIGUOUS}' OR contains(params, '"{LED_BY}"')
    UNION ALL (
        SELECT 1 FROM plan WHERE record_id IS NOT NULL GROUP BY record_id HAVING count(*) > 1
    ) LIMIT 1
"""  # noqa: S608  (our own constants)
"""Whether a row is uncertain, or could be once the rows about its account are joined."""


@dataclass(frozen=True)
class _Asked:
    """A row that a person would be asked about."""

    row_no: int
    span: int
    candidates: frozenset[int]


@dataclass
class _Meant:
    """What is known of accounts: what they will hold, and of which sources they are, by number."""

    after: dict[int, dict[str, Any]] = field(default_factory=dict)
    sources: dict[int, set[int]] = field(default_factory=dict)

    def about(self, account: int, span: int) -> None:
        self.sources.setdefault(account, set()).add(span)

    def care(self, span: int) -> Care:
        """Return what is to be heeded of the rows of a source."""
        apart = {account for account, spans in self.sources.items() if span in spans}
        return Care(frozenset(apart), self.after)


def look(run: Run, spans: Sequence[Span]) -> Artefact | None:
    """Decide again; return the rows that are otherwise now, to lie over the plan's parts.

    What one row is certain of may make another one certain: so often as that helps.
    """
    parts = [part["name"] for part in run.artefacts]
    changed: dict[int, PlanRow] = {}
    layer = None
    for _round in range(_ROUNDS if parts else 0):
        with artefacts.read([*parts, layer.name] if layer else parts) as plan:
            rows = _look(run, plan, spans)
        if not rows:
            break
        changed |= {row.row_no: row for row in rows}
        layer = artefacts.write(run.id, LAYER, changed.values())
    return layer


def _look(run: Run, plan: PlanFile, spans: Sequence[Span]) -> list[PlanRow]:
    asked = list(_asked(plan, spans))
    if not asked:
        return []
    accounts = sorted({id_ for each in asked for id_ in each.candidates})
    meant = _meant(plan, spans, accounts)
    return [row for n in range(len(spans)) for row in _again(run, plan, n, asked, meant)]


def _asked(plan: PlanFile, spans: Sequence[Span]) -> Iterator[_Asked]:
    if not plan.ask(_ANY_DOUBT):  # the join is not cheap, and most plans have nothing to ask
        return
    joined = feed_join.select(spans)
    found = plan.ask(
        f"SELECT row_no, params FROM ({joined})"  # noqa: S608  (our own text)
        f" WHERE action = '{Planned.AMBIGUOUS}' ORDER BY row_no"
    )
    for row_no, params in found:
        candidates = json.loads(params).get("candidates", ())
        yield _Asked(row_no, _span_of(row_no, spans), frozenset(candidates))


def _span_of(row_no: int, spans: Sequence[Span]) -> int:
    return next(n for n, span in enumerate(spans) if span.first <= row_no <= span.last)


def _meant(plan: PlanFile, spans: Sequence[Span], accounts: Sequence[int]) -> _Meant:
    """Find what the rows of the plan that are certain say of the accounts."""
    meant = _Meant()
    joined = feed_join.select(spans)  # once: to join them takes a time that all rows take
    plan.ask(
        "CREATE TEMPORARY TABLE certain AS SELECT row_no, record_id, fields"  # noqa: S608  (our own text)
        f" FROM ({joined}) WHERE record_id IS NOT NULL"
    )
    plan.ask("CREATE TEMPORARY TABLE came AS SELECT row_no, key FROM plan")
    for part in _parts(accounts):
        found = plan.ask(
            "SELECT row_no, record_id, fields FROM certain"
            " WHERE record_id IN (SELECT unnest(CAST(? AS BIGINT[])))",
            [part],
        )
        for row_no, account, fields in found:
            meant.about(account, _span_of(row_no, spans))
            changed = {name: after for name, (_before, after) in json.loads(fields).items()}
            meant.after.setdefault(account, {}).update(changed)
        for n, account in _there(plan, spans, part):
            meant.about(account, n)
    return meant


def _there(
    plan: PlanFile, spans: Sequence[Span], accounts: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield the sources that have a customer for an account by the ledger, and the account."""
    for n, span in enumerate(spans):
        query = select(_LEDGER.external_id, _LEDGER.account_id).where(
            _LEDGER.system == span.identity[0],
            _LEDGER.object == span.identity[1],
            is_one_of(_LEDGER.account_id, accounts),
        )
        known = {row.external_id: row.account_id for row in session.execute(query)}
        rows = plan.ask(
            "SELECT DISTINCT key FROM came WHERE row_no BETWEEN ? AND ?"
            " AND key IN (SELECT unnest(CAST(? AS VARCHAR[])))",
            [span.first, span.last, list(known)],
        )
        for (key,) in rows:
            yield n, known[key]


def _again(
    run: Run, plan: PlanFile, number: int, asked: Sequence[_Asked], meant: _Meant
) -> Iterator[PlanRow]:
    """Yield the rows of one source that are decided otherwise."""
    care = meant.care(number)
    known = care.apart | care.after.keys()
    fed = Fed.from_json(run.source["sources"][number], run.source["responsible"])
    touched = [each.row_no for each in asked if each.span == number and each.candidates & known]
    for part in _parts(touched):
        where = "row_no IN (SELECT unnest(CAST(? AS BIGINT[])))"
        found = plan.rows(where, [part], len(part))
        before = {row["row_no"]: row for row in found}
        rows = [SourceRow(row["row_no"], row["key"], row["source"]) for row in found]
        for row in feed_rows.plan(rows, fed, care):
            if _said(row.action, row.params) != _said(**_only(before[row.row_no])):
                yield row


def _said(action: str, params: Mapping[str, Any]) -> tuple[str, Sequence[int]]:
    return str(action), params.get("candidates", ())


def _only(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"action": row["action"], "params": row["params"]}


def _parts(every: Sequence[_Each]) -> Iterator[list[_Each]]:
    for first in range(0, len(every), planning.PART):
        yield list(every[first : first + planning.PART])
