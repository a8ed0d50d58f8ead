"""What each side says of a managed list's values, written down page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import select

from crmapp import artefacts, noted
from crmapp.artefacts import Beside
from crmapp.connectors.ahead import read_ahead
from crmapp.connectors.port import Page, Record
from crmapp.connectors.registry import Kind
from crmapp.db import session, unit_of_work
from crmapp.domain.list_values import word_of
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID, ManagedList
from crmapp.domain.plan import PlanRow
from crmapp.domain.search import fold
from crmapp.models import PickListValue, Run
from crmapp.noted import Note
from crmapp.queue import leaving
from crmapp.services import list_states, planning, remotes
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint
from crmapp.services.list_states import INTACCT

SALESFORCE = "salesforce"
LABEL = "Name"
SIDES: dict[str, dict[str, str]] = {
    "source": {
        "n": "BIGINT", "k": "VARCHAR", "key": "VARCHAR", "label": "VARCHAR", "active": "BOOLEAN",
        "word": "VARCHAR", "name_word": "VARCHAR",
    },
    "here": {
        "n": "BIGINT", "k": "VARCHAR", "id": "BIGINT", "version": "BIGINT", "code": "VARCHAR",
        "label_en": "VARCHAR", "label_fr": "VARCHAR", "active": "BOOLEAN", "deleted": "BOOLEAN",
        "key": "VARCHAR", "word": "VARCHAR", "name_word": "VARCHAR",
    },
    "there": {
        "n": "BIGINT", "k": "VARCHAR", "key": "VARCHAR", "label": "VARCHAR", "hidden": "BOOLEAN",
    },
}  # fmt: skip
"""What is written down of each side, and as what.

``n`` tells what was read later; ``k`` is the same for codes that differ by capitals only, and of a
value's own if its code in Intacct is not known here. ``active`` of the source is unknown where
Intacct told the status of its values once, and does no more.
"""
_INACTIVE = "inactive"
_HERE = (
    PickListValue.id, PickListValue.version, PickListValue.code, PickListValue.label_en,
    PickListValue.label_fr, PickListValue.active, PickListValue.deleted_at,
    PickListValue.external_id,
)  # fmt: skip
Row = tuple[Any, ...]
"""What one side says of one value: the columns of :data:`SIDES` behind ``n``."""


def of(run: Run) -> ManagedList:
    """Return the list that a resync is about."""
    return MANAGED_LISTS[run.source["list"]]


def keep(
    held: Claim, run: Run, rows: Sequence[PlanRow], beside: Beside | None = None, **place: Any
) -> Claim:
    """Keep the next rows of the plan, if there are any, and where the planning stands."""
    mapping = {**run.mapping, **place}
    if rows or beside:
        return planning.keep_part(held, run, rows, None, beside, mapping=mapping)
    with unit_of_work():
        return checkpoint(held, mapping=mapping)


def notes(run: Run, side: str) -> list[Note]:
    """Return what was written down of a side."""
    return [Note(*each) for each in run.mapping.get("notes", {}).get(side, ())]


def _note(held: Claim, run: Run, side: str, rows: Sequence[Row], **place: Any) -> Claim:
    """Write down what a side says of values, and where the reading stands."""
    mapping, count = {**run.mapping, **place}, held.cursor + len(rows)
    if rows:
        ordinals = range(held.cursor + 1, count + 1)
        columns = dict(zip(SIDES[side], ([*ordinals], *zip(*rows, strict=True)), strict=True))
        stem = f"{artefacts.part_name(held.fence, held.cursor)}-{side}"
        note = noted.write(run.id, stem, columns)
        known = mapping.get("notes", {})
        mapping["notes"] = {**known, side: [*known.get(side, ()), (note.name, note.rows)]}
    with unit_of_work():
        return checkpoint(held, cursor=count, total=count, mapping=mapping)


def read_source(held: Claim, run: Run) -> Claim:
    """Write down the values that Intacct has, from where the reading stands."""
    managed, rest = of(run), remotes.kind_of(INTACCT) == Kind.INTACCT_REST
    key, name = (
        (managed.rest_key, managed.rest_name) if rest else (managed.xml_key, managed.xml_name)
    )
    object_ = managed.rest_object if rest else managed.xml_object
    session.rollback()
    with remotes.opened(INTACCT) as connector:
        status, told = run.mapping.get("status"), run.mapping.get("told")
        if status is None:
            word = "status" if rest else "STATUS"
            status = word if connector.describe(object_).field(word) else ""
            told = bool(status) or list_states.told_status(managed.code)
            held = keep(held, run, [], status=status, told=told)
        fields = list(dict.fromkeys([key, name, *([status] if status else [])]))
        pages = connector.read(object_, fields, run.mapping.get("cursor"))
        unsaid = None if told else True

        def as_row(record: Record) -> Row:
            code, label = _text(record.get(key)), _text(record.get(name))
            label = label or code
            active = _text(record.get(status)).lower() != _INACTIVE if status else unsaid
            return code.lower(), code, label, active, word_of(code), word_of(label)

        return _written(held, "source", "cursor", pages, as_row, then="here")


def read_there(held: Claim, run: Run) -> Claim:
    """Write down the values that Salesforce's list object has."""
    session.rollback()
    with remotes.opened(SALESFORCE) as connector:
        pages = connector.read(
            of(run).salesforce_object, [LABEL, VALUE_ID, VALUE_HIDDEN], run.mapping.get("there")
        )

        def as_row(record: Record) -> Row | None:
            key = _text(record.get(VALUE_ID))
            if not key:  # somebody made it by hand; it is not ours
                return None
            return key.lower(), key, _text(record.get(LABEL)), bool(record.get(VALUE_HIDDEN))

        return _written(held, "there", "there", pages, as_row, then="join")


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _written(
    held: Claim,
    side: str,
    cursor: str,
    pages: Iterator[Page],
    as_row: Callable[[Record], Row | None],
    *,
    then: str,
) -> Claim:
    """Write down pages; the claim to go on with, perhaps before the reading has ended."""
    rows: list[Row] = []
    place: dict[str, Any] = {}
    with closing(read_ahead(pages)) as coming:
        for page in coming:
            rows += [row for row in map(as_row, page.records) if row is not None]
            place[cursor] = page.cursor
            if len(rows) >= planning.PART:
                run = load(held.run_id)
                held, rows = _note(held, run, side, rows, **place), []
                if run.cancel_requested or leaving():
                    return held
    return _note(held, load(held.run_id), side, rows, **place, phase=then)


def read_here(held: Claim, run: Run) -> Claim:
    """Write down the values of the pick list here, those too that were deleted."""
    query = (
        select(*_HERE)
        .where(
            PickListValue.list_code == of(run).pick_list,
            PickListValue.code > run.mapping.get("until", ""),
        )
        .order_by(PickListValue.code)
        .limit(planning.PART)
    )
    rows: list[Row] = [
        (
            *(key.lower() if key else f"\x01{id_}", id_, version, code, english, french, active),
            *(deleted_at is not None, key, fold(code), None if key else word_of(english)),
        )
        for id_, version, code, english, french, active, deleted_at, key in session.execute(query)
    ]
    if rows:
        return _note(held, run, "here", rows, until=rows[-1][3])
    looks_there = run.source["there"] and run.source["mode"] != "changes"
    return keep(held, run, [], phase="there" if looks_there else "join")
