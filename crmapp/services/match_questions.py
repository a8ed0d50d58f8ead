"""The open questions of feeds: asked by a plan, taken up by the next, gone once they are settled.

They outlive the run that asked: one that reads only what changed says nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select, update

from crmapp import artefacts
from crmapp.artefacts import PlanFile
from crmapp.db import session, unit_of_work, utcnow
from crmapp.db.bulk import insert_rows, is_one_of, reserve_ids, update_rows
from crmapp.domain.changes import Reason
from crmapp.domain.matching import NO_ANSWER, Answer
from crmapp.domain.plan import Planned
from crmapp.models import Account, CrmMapping, MatchCandidate, MatchQuestion, Run
from crmapp.services import match_answers
from crmapp.services.engine import Claim, checkpoint
from crmapp.services.feed_join import Span
from crmapp.services.feed_rows import Fed
from crmapp.services.sources import Page
from crmapp.services.staged_rows import state_of

PART, MANY = 1000, 5000
"""How many questions are held at a time, with their rows and without."""
_QUESTION = cast("Table", MatchQuestion.__table__)
_CANDIDATE = cast("Table", MatchCandidate.__table__)
_ACCOUNT = Account.__table__.c
_NEEDED = ("row_no", "key", "name", "params", "source")
_SAID = ("name", "rule", "cells", "version", "later_until", "settled", "again")
Candidates = tuple[tuple[int, int], ...]
"""The accounts that a customer may be, the likeliest first: their ids and versions."""


@dataclass(frozen=True)
class Asked:
    """A question as it is kept."""

    id: int
    version: int
    candidates: Candidates
    told: tuple[Any, ...]
    again: bool


def touched() -> ColumnElement[bool]:
    """Whether one of a question's candidates has changed since it was asked."""
    c = MatchCandidate.__table__.c
    changed = or_(_ACCOUNT.version != c.version, _ACCOUNT.deleted_at.is_not(None))
    return exists().where(c.question_id == MatchQuestion.id, _ACCOUNT.id == c.account_id, changed)


def again(mapping_id: int, source_id: int, *, everything: bool = False) -> Iterator[Page]:
    """Yield the rows of a source of which a run that does not read them has to decide anew.

    They are those that somebody answered, and those of whose candidates one has changed;
    ``everything`` is asked for once a day. Between pages no transaction is open.
    """
    due = or_(MatchQuestion.again, and_(~MatchQuestion.settled, touched()))
    query = select(MatchQuestion.id, MatchQuestion.external_id, MatchQuestion.cells).where(
        MatchQuestion.mapping_id == mapping_id, MatchQuestion.source_id == source_id
    )
    query = (query if everything else query.where(due)).order_by(MatchQuestion.id).limit(PART)
    after = 0
    while True:
        rows = session.execute(query.where(MatchQuestion.id > after)).all()
        session.rollback()
        if not rows:
            return
        after = rows[-1].id
        yield Page([(row.external_id, row.cells) for row in rows])


def ask(held: Claim, run: Run, plan: Sequence[str], spans: Sequence[Span]) -> None:
    """Keep what a plan, the files ``plan``, is not certain of, part by part.

    Whoever dies before the plan is offered has it asked anew, which changes nothing.
    """
    mapping_id, sources = run.source["mapping"], run.source["sources"]
    session.rollback()
    with artefacts.read(plan) as file:
        for span, kept in zip(spans, sources, strict=True):
            after, more = span.first - 1, True
            columns = Fed.from_json(kept).columns
            where = f"action = '{Planned.AMBIGUOUS}' AND row_no > ? AND row_no <= ?"
            while more:
                rows, more = file.some(where, [after, span.last], PART, _NEEDED)
                if rows:
                    after = rows[-1]["row_no"]
                    with unit_of_work():
                        checkpoint(held)
                        session.get_one(CrmMapping, mapping_id, with_for_update=True)
                        _keep(mapping_id, kept["source_id"], span.identity, rows, columns)


def _keep(
    mapping_id: int,
    source_id: int,
    identity: tuple[str, str],
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
) -> None:
    """Inside a unit of work: ask about rows of one source; what is asked already stays.

    Of their cells those of ``columns`` are kept: what a run needs to decide about them again.
    """
    keys = [row["key"] for row in rows]
    said = match_answers.read(keys, identity)
    before = _asked(mapping_id, source_id, identity[1], keys)
    versions = _versions({id_ for row in rows for id_ in row["params"]["candidates"]})
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    seen: list[int] = []
    candidates: dict[str, Candidates] = {}
    for row in rows:
        key, named = row["key"], row["params"]["candidates"]
        mine = tuple((id_, versions[id_]) for id_ in named if id_ in versions)
        settled = is_settled(said.get(key, NO_ANSWER), named)
        told = (row["name"], row["params"]["rule"], _kept(row["source"], columns), settled)
        known = before.get(key)
        if known is not None and (known.told, known.candidates) == (told, mine):
            seen += [known.id] if known.again and not settled else []
            continue
        candidates[key] = mine
        values = {
            **dict(zip(("name", "rule", "cells", "settled"), told, strict=True)),
            "external_id": key,
            "again": settled,
            "later_until": None,
        }
        if known is None:
            new.append(values)
        else:
            changed.append({**values, "id": known.id, "version": known.version + 1})
    looked = update(_QUESTION).where(is_one_of(_QUESTION.c.id, seen)).values(again=False)
    session.execute(looked)
    of = {"mapping_id": mapping_id, "source_id": source_id, "object": identity[1]}
    _write(new, changed, candidates, {**of, "version": 1, "since": utcnow()})


def _kept(cells: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Return the cells that are needed, without what PostgreSQL has no room for in a text."""
    found = {name: cells[name] for name in columns if name in cells}
    return {
        name: cell.replace("\0", "") if isinstance(cell, str) else cell
        for name, cell in found.items()
    }


def is_settled(answer: Answer, candidates: Iterable[int]) -> bool:
    """Whether what was said about a row leaves nothing to ask about its candidates."""
    return answer.skip or answer.account is not None or set(candidates) <= answer.different


def _asked(mapping_id: int, source_id: int, object_: str, keys: Sequence[str]) -> dict[str, Asked]:
    """Return external id → what is asked about it already."""
    query = select(MatchQuestion).where(
        MatchQuestion.mapping_id == mapping_id,
        MatchQuestion.source_id == source_id,
        MatchQuestion.object == object_,
        is_one_of(MatchQuestion.external_id, keys),
    )
    found = session.execute(query.with_only_columns(*_QUESTION.c)).all()
    candidates = candidates_of([row.id for row in found])
    return {
        row.external_id: Asked(
            row.id,
            row.version,
            tuple(candidates.get(row.id, ())),
            (row.name, row.rule, row.cells, row.settled),
            row.again,
        )
        for row in found
    }


def candidates_of(ids: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """Return question → its candidates, the likeliest first."""
    c = _CANDIDATE.c
    query = select(c.question_id, c.account_id, c.version).where(is_one_of(c.question_id, ids))
    found: dict[int, list[tuple[int, int]]] = {}
    for question, account, version in session.execute(query.order_by(c.question_id, c.place)):
        found.setdefault(question, []).append((account, version))
    return found


def _versions(ids: Iterable[int]) -> dict[int, int]:
    query = select(_ACCOUNT.id, _ACCOUNT.version).where(is_one_of(_ACCOUNT.id, sorted(ids)))
    return {row.id: row.version for row in session.execute(query)}


def _write(
    new: Sequence[dict[str, Any]],
    changed: Sequence[dict[str, Any]],
    candidates: Mapping[str, Candidates],
    of: Mapping[str, Any],
) -> None:
    for row, id_ in zip(new, reserve_ids(_QUESTION, len(new)) if new else (), strict=True):
        row |= {"id": id_, **of}
    insert_rows(_QUESTION, new)
    update_rows(_QUESTION, changed, _SAID)
    outdated = [row["id"] for row in changed]
    session.execute(delete(_CANDIDATE).where(is_one_of(_CANDIDATE.c.question_id, outdated)))
    insert_rows(
        _CANDIDATE,
        [
            {"question_id": row["id"], "account_id": id_, "place": place, "version": version}
            for row in (*new, *changed)
            for place, (id_, version) in enumerate(candidates[row["external_id"]])
        ],
    )


def settle(run: Run, plan: Sequence[str], spans: Sequence[Span]) -> None:
    """Forget what needs no answer any more, once what the plan says has been carried out.

    That is who is certain now, and who is gone from a source that was read in whole. Whoever dies
    before the cursors are kept has the rows read, and this done, again.
    """
    mapping_id, read = run.source["mapping"], state_of(run)["read"]
    whole = run.source["mode"] != "guard"
    by_source = {
        kept["source_id"]: (span, whole and said["whole"])
        for kept, span, said in zip(run.source["sources"], spans, read, strict=True)
    }
    query = select(MatchQuestion).where(MatchQuestion.mapping_id == mapping_id)
    query = query.order_by(MatchQuestion.id).limit(MANY)
    after = 0
    session.rollback()
    with artefacts.read(plan) as file:
        while True:
            page = session.execute(
                query.where(MatchQuestion.id > after).with_only_columns(
                    MatchQuestion.id,
                    MatchQuestion.source_id,
                    MatchQuestion.object,
                    MatchQuestion.external_id,
                )
            ).all()
            if not page:
                return
            after = page[-1].id
            _settle_page(page, by_source, file)


def _settle_page(
    page: Sequence[Any], by_source: Mapping[int, tuple[Span, bool]], file: PlanFile
) -> None:
    ours = {row.id for row in page if _is_read(row, by_source)}
    gone = [row.id for row in page if row.id not in ours]
    skipped: list[int] = []
    for source_id, (span, whole) in by_source.items():
        mine = {r.external_id: r.id for r in page if r.id in ours and r.source_id == source_id}
        fates = _fates(file, span, list(mine)) if mine else {}
        for key, id_ in mine.items():
            fate = fates.get(key, "certain" if whole else "asked")
            if fate != "asked":
                (skipped if fate == "skipped" else gone).append(id_)
    session.rollback()
    if not gone and not skipped:
        return
    with unit_of_work():
        session.execute(delete(_QUESTION).where(is_one_of(_QUESTION.c.id, gone)))
        done = is_one_of(_QUESTION.c.id, skipped) & _QUESTION.c.settled
        session.execute(update(_QUESTION).where(done).values(again=False))


def _is_read(row: Any, by_source: Mapping[int, tuple[Span, bool]]) -> bool:
    """Whether the run has read the source of a question, and the same object of it."""
    return row.source_id in by_source and row.object == by_source[row.source_id][0].identity[1]


def _fates(file: PlanFile, span: Span, keys: Sequence[str]) -> dict[str, str]:
    """Return key → what a plan says of it: it is asked about, skipped for good, or certain."""
    asked, skipped = Planned.AMBIGUOUS, Reason.LEFT_OUT_BEFORE
    rows = file.ask(
        f"SELECT key, CASE WHEN bool_or(action = '{asked}') THEN 'asked'"  # noqa: S608  (our own constants)
        f" WHEN bool_or(reason = '{skipped}') THEN 'skipped' ELSE 'certain' END"
        " FROM plan WHERE row_no BETWEEN ? AND ?"
        " AND key IN (SELECT unnest(CAST(? AS VARCHAR[]))) GROUP BY key",
        [span.first, span.last, list(keys)],
    )
    return dict(rows)
