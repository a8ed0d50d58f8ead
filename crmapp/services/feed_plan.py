"""Plan a feed: write the rows of every source down, decide about them, join them, offer the plan.

Each step is committed with where it stands, so that planning goes on from there whoever dies.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import delete

from crmapp import artefacts
from crmapp.artefacts import Artefact
from crmapp.connectors.errors import ConfigBroken, ConnectorError, QuotaExceeded, Retryable
from crmapp.db import after_commit, session, unit_of_work, utcnow
from crmapp.domain.plan import Planned, SourceRow
from crmapp.domain.runs import Status
from crmapp.errors import CRMError, FileLost, RunStopped
from crmapp.i18n import N_, Text
from crmapp.models import CrmMapping, Run
from crmapp.services import (
    crm_mappings,
    failures,
    feed_again,
    feed_gone,
    feed_join,
    feed_leads,
    feed_missing,
    feed_rows,
    feed_sources,
    feed_states,
    match_questions,
    notifications,
    numbers_given,
    passing_on,
    planning,
    staged_rows,
    upsert_plan,
)
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, end, put_off
from crmapp.services.feed_join import Span
from crmapp.services.feed_readers import FeedReader
from crmapp.services.feed_rows import Fed
from crmapp.services.feed_states import REST
from crmapp.services.sources import Page
from crmapp.services.staged_rows import StagedRows, Staging, state_of

SHRUNK = N_(
    "“%(source)s” had %(before)s rows and has %(now)s now. Look at the plan before you run it."
)
_COLUMN_GONE = N_("“%(source)s” has no column “%(column)s” any more. Change the CRM mapping.")
_OF_SOURCE = N_("“%(source)s”: %(why)s")
_NOT_ALL = N_("Rows that were read are missing from the plan. Run the CRM mapping again.")
_AFTER_QUOTA = timedelta(hours=1)


def advance(held: Claim) -> Claim | None:
    """Do the next step of the planning."""
    run = load(held.run_id)
    try:
        return _STEPS[run.mapping["phase"]](held, run)
    except FileLost:
        return staged_rows.anew(held, load(held.run_id), mapping={"phase": "stage"})
    except RunStopped:
        raise
    except (ConnectorError, CRMError) as error:
        _trouble(held, load(held.run_id), error)
    return None


def _trouble(held: Claim, run: Run, error: ConnectorError | CRMError) -> None:
    """Try again later if that may help; else end the run and say what is wrong."""
    held, problem = held.moved(run.cursor), _problem(run, error)
    if isinstance(error, Retryable) and not isinstance(error, QuotaExceeded):
        put_off(held, error.after, **problem)
        return
    with unit_of_work():
        end(held, Status.FAILED, **problem)
        mapping = session.get(CrmMapping, run.source["mapping"], with_for_update=True)
        if mapping is not None and mapping.next_at:
            rests = utcnow() + (_AFTER_QUOTA if isinstance(error, QuotaExceeded) else REST)
            until = error.until if isinstance(error, QuotaExceeded) else None
            mapping.next_at = max(mapping.next_at, until or rests)


def _problem(run: Run, error: ConnectorError | CRMError) -> dict[str, Any]:
    """Return what is kept of an error; one of reading a source names it."""
    number = len(state_of(run).get("read", ()))
    if run.mapping["phase"] != "stage" or number >= len(run.source["sources"]):
        return failures.kept(error.message, run.mapping)
    said, source = error.message, run.source["sources"][number]
    if source["name"] not in str(said):
        said = Text(_OF_SOURCE, {"source": source["name"], "why": said})
    return failures.kept(said, {**run.mapping, "failed": source["source_id"]})


def _stage(held: Claim, run: Run) -> Claim:
    """Write rows of the next source down, from where the reading stands."""
    state, sources = state_of(run), run.source["sources"]
    read: list[dict[str, Any]] = state.get("read", [])
    if len(read) == len(sources):
        with unit_of_work():
            return checkpoint(held, cursor=0, mapping={"phase": "rows", "spans": []})
    number = len(read)
    kept, place = sources[number], state.get("place")
    fed, at = Fed.from_json(kept), state.get("at") or utcnow().isoformat()
    staging = Staging(held, run, number)
    staging.note(at=at, **({"asked": 0} if place is None else {}))
    session.rollback()
    with feed_sources.opened(kept["source_id"], fed.columns) as reader:
        _check_columns(kept, fed, reader)
        whole = kept["cursor"] is None
        begin = kept["cursor"] if place is None else place
        asked = None if place is not None else _asked(run, kept["source_id"], reader, whole)
        with closing(_pages(reader, begin, asked, staging)) as pages:
            if not staging.take(pages):
                return staging.held
        said = {
            "cursor": staging.place or begin,
            "at": at,
            "count": staging.rows_of(number),
            "whole": whole and reader.deletions,
            "tells_gone": reader.deletions,
            "repeats": reader.delta,
            "asked": staging.noted("asked"),
        }
    return staging.finish(place=None, at=None, read=[*read, said])


def _asked(run: Run, source_id: int, reader: FeedReader, whole: bool) -> Iterator[Page] | None:
    """Return the rows about which somebody was asked, where not everything is read anyway.

    If they are read as well, what is read counts: it comes later.
    """
    if not reader.delta or (whole and reader.deletions):
        return None
    return match_questions.again(run.source["mapping"], source_id, everything=whole)


def _pages(
    reader: FeedReader, cursor: Any, asked: Iterator[Page] | None, staging: Staging
) -> Generator[Page, None, None]:
    for asked_page in asked or ():
        staging.note(asked=staging.noted("asked") + len(asked_page.found))
        yield asked_page
    for page in reader.read(cursor):
        yield Page(page.rows, page.cursor)


def _check_columns(kept: Mapping[str, Any], fed: Fed, reader: FeedReader) -> None:
    """Refuse to read a source that lacks columns: their fields would all be cleared."""
    there = reader.names()
    if not there:  # nothing is there to be read
        return
    for column in crm_mappings.missing_columns(fed.fed, there):
        said = {"source": kept["name"], "column": column}
        raise ConfigBroken(Text(_COLUMN_GONE, said), field=column)


def _rows(held: Claim, run: Run) -> Claim:
    """Decide about the next rows of the sources, one source after the other."""
    spans: list[list[int]] = run.mapping["spans"]
    if len(spans) == len(run.source["sources"]):
        with unit_of_work():
            return checkpoint(held, mapping={**run.mapping, "phase": "again"})
    number, after = len(spans), run.mapping.get("after")
    found, until, _wrong = StagedRows(run.source, number).rows(after, planning.PART)
    first = run.mapping.get("first", held.cursor + 1)
    if not found:
        place = {"phase": "rows", "spans": [*spans, [first, held.cursor]]}
        with unit_of_work():
            return checkpoint(held, mapping=place)
    fed = Fed.from_json(run.source["sources"][number], run.source["responsible"])
    rows = [*map(SourceRow, count(held.cursor + 1), *zip(*found, strict=True))]
    planned = feed_leads.marked(feed_rows.plan(rows, fed), number, run.source["sources"])
    place = dict[str, Any](phase="rows", spans=spans, first=first, after=until)
    control = upsert_plan.add_up(run.control, planned)
    return planning.keep_part(held, run, planned, None, control=control, mapping=place)


def _again(held: Claim, run: Run) -> Claim:
    """Look again at what a person would be asked, now that the others are decided."""
    layer = feed_again.look(run, spans_of(run))
    session.rollback()
    parts = [*run.artefacts, layer.as_json()] if layer else run.artefacts
    with unit_of_work():
        return checkpoint(held, artefacts=parts, mapping={**run.mapping, "phase": "offer"})


def _offer(held: Claim, run: Run) -> None:
    """Join the parts, and run the plan unless a person has to look at it before."""
    spans = spans_of(run)
    parts = [part["name"] for part in run.artefacts]
    plan = None if _says_it(parts, spans) else _joined(held, run, spans)
    files = [plan.name] if plan else parts
    counts = planning.count_actions(files)
    if sum(counts.values()) != sum(read["count"] for read in state_of(run)["read"]):
        with unit_of_work():
            end(held, Status.FAILED, **failures.kept(Text(_NOT_ALL), run.mapping))
        return
    match_questions.ask(held, run, files, spans)
    known = {"problems": _problems(files), "counts": counts, "at": utcnow().isoformat()}
    shrunk = _shrunk(run)
    mapping = session.get(CrmMapping, run.source["mapping"])
    before = mapping.known.get("problems") if mapping is not None else None
    same = before is not None and known["problems"] in (before, "")
    whole = not shrunk and run.source["mode"] == "run"
    gone = feed_gone.propose(run, parts or files, spans) if whole else None
    missing = _missing(run, parts or files, shrunk, spans)
    session.rollback()
    idle = plan is None or not _writes(files)
    if run.source["mode"] == "run" and not shrunk and same and idle:
        match_questions.settle(run, files, spans)
        _leave_nothing(held, run, known, gone)
        return
    source = {**run.source, "known": known, **missing}
    if shrunk and run.source["mode"] == "run":
        source["mode"] = "guard"
    status = Status.QUEUED if source["mode"] == "run" else Status.PLANNED
    plan = plan or planning.join_parts(held, run)
    with unit_of_work():
        said = failures.kept(_told(run, shrunk[0]), run.mapping) if shrunk else {"error": None}
        planning.offer(held, status, plan, counts, source=source, **said)
        if source["mode"] == "guard":
            notifications.run_waits(held.run_id)
        if gone is not None:
            gone.keep()


def _says_it(parts: Sequence[str], spans: Sequence[Span]) -> bool:
    """Whether the parts say already what the plan does: they write nothing, and share nothing."""
    if not parts or _writes(parts):
        return False
    with artefacts.read(parts) as file:
        return not feed_join.is_needed(file, spans)


def _joined(held: Claim, run: Run, spans: Sequence[Span]) -> Artefact:
    """Make one plan of the parts."""
    plan = planning.join_parts(held, run, _select(run, spans))
    return passing_on.within(run.id, numbers_given.settle(run, plan), planning.STEM)


def _select(run: Run, spans: Sequence[Span]) -> str:
    parts = [part["name"] for part in run.artefacts]
    if parts:
        with artefacts.read(parts) as file:
            if feed_join.is_needed(file, spans):
                return feed_join.select(spans)
    return planning.ALL


def _missing(
    run: Run, parts: Sequence[str], shrunk: Sequence[int], spans: Sequence[Span]
) -> dict[str, Any]:
    """Write down who is gone from sources that have shrunk; return what the run keeps of it."""
    if not shrunk:
        return {}
    of = {run.source["sources"][number]["name"]: spans[number] for number in shrunk}
    return {feed_missing.MISSING: feed_missing.write(run, parts, of).as_json()}


def spans_of(run: Run) -> list[Span]:
    """Return which rows of the plan are whose."""
    return [
        Span(
            first,
            last,
            (kept["identity"][0], kept["identity"][1]),
            read["repeats"],
            kept["cursor"] is None,
        )
        for (first, last), kept, read in zip(
            run.mapping["spans"], run.source["sources"], state_of(run)["read"], strict=True
        )
    ]


def _shrunk(run: Run) -> list[int]:
    """Return which sources lost more of their rows than may go unseen since read in whole."""
    counts = [
        (kept["count"] or 0, read["count"] if read["whole"] else kept["count"] or 0)
        for kept, read in zip(run.source["sources"], state_of(run)["read"], strict=True)
    ]
    guard = run.source["guard"]
    return [n for n, (before, now) in enumerate(counts) if (before - now) * 100 > before * guard]


def _told(run: Run, number: int) -> Text:
    """Say that a source has shrunk."""
    kept, read = run.source["sources"][number], state_of(run)["read"][number]
    said = {"source": kept["name"], "before": kept["count"], "now": read["count"]}
    return Text(SHRUNK, said)


def _problems(plan: Sequence[str]) -> str:
    """Return what tells apart the rows that somebody should look at from those of another plan."""
    left = ", ".join(f"'{each}'" for each in (Planned.REJECTED, Planned.AMBIGUOUS, Planned.KEPT))
    with artefacts.read(plan) as file:
        ((found,),) = file.ask(
            "SELECT bit_xor(hash(key, action, reason, params)) FROM plan"  # noqa: S608  (our own text)
            f" WHERE action IN ({left})"
        )
    return "" if found is None else str(found)


def _writes(plan: Sequence[str]) -> bool:
    with artefacts.read(plan) as file:
        return bool(file.ask(f"SELECT 1 FROM plan WHERE {planning.WRITES} LIMIT 1"))  # noqa: S608  (our own constant)


def _leave_nothing(
    held: Claim, run: Run, known: Mapping[str, Any], gone: feed_gone.Proposal | None
) -> None:
    """Nothing has changed: note how far we have read; a run that is about nothing is not kept."""
    with unit_of_work():
        checkpoint(held)
        feed_states.keep(session.get_one(Run, run.id), known, stays=False)
        if gone is not None:
            gone.keep()
        session.execute(delete(Run).where(Run.id == held.run_id, Run.fence == held.fence))
        after_commit(lambda: artefacts.clear(held.run_id))


_STEPS: Mapping[str, Callable[[Claim, Run], Claim | None]] = {
    "stage": _stage,
    "rows": _rows,
    "again": _again,
    "offer": _offer,
}
