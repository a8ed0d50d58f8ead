"""What each side says of a managed list's values, written down page by page and then joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from crmapp import artefacts
from crmapp.connectors.port import Connector, Page, Record
from crmapp.connectors.registry import Kind
from crmapp.db import session, unit_of_work
from crmapp.domain.list_values import Here, Original, There, Value, word_of
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID, ManagedList
from crmapp.domain.plan import Planned, PlanRow
from crmapp.domain.search import fold
from crmapp.models import PickListValue, Run
from crmapp.queue import leaving
from crmapp.services import planning, remotes
from crmapp.services.apply import load
from crmapp.services.engine import Claim, checkpoint, keep_alive
from crmapp.services.list_states import INTACCT

SALESFORCE = "salesforce"
LABEL = "Name"
_STATUSES = {Kind.INTACCT_REST.value: "status"}
_INACTIVE = "inactive"
_HERE = (
    PickListValue.id, PickListValue.version, PickListValue.code, PickListValue.label_en,
    PickListValue.label_fr, PickListValue.active, PickListValue.deleted_at,
    PickListValue.external_id,
)  # fmt: skip


def of(run: Run) -> ManagedList:
    """Return the list that a resync is about."""
    return MANAGED_LISTS[run.source["list"]]


def keep(held: Claim, run: Run, rows: list[PlanRow], **place: Any) -> Claim:
    """Keep the next rows, if there are any, and where the planning stands; count them."""
    mapping = {**run.mapping, **place}
    if rows:
        return planning.keep_part(held, run, rows, None, mapping=mapping, total=rows[-1].row_no)
    with unit_of_work():
        return checkpoint(held, mapping=mapping)


def read_source(held: Claim, run: Run) -> Claim:
    """Write down the values that Intacct has, from where the reading stands."""
    managed, rest = of(run), remotes.kind_of(INTACCT) == Kind.INTACCT_REST
    key, name = (
        (managed.rest_key, managed.rest_name) if rest else (managed.xml_key, managed.xml_name)
    )
    object_ = managed.rest_object if rest else managed.xml_object
    session.rollback()
    with _opened(INTACCT, held) as connector:
        status = run.mapping.get("status")
        if status is None:
            word = "status" if rest else "STATUS"
            status = word if connector.describe(object_).field(word) else ""
            held = keep(held, run, [], status=status)
        fields = list(dict.fromkeys([key, name, *([status] if status else [])]))
        pages = connector.read(object_, fields, run.mapping.get("cursor"))

        def as_row(record: Record) -> PlanRow:
            code, label = _text(record.get(key)), _text(record.get(name))
            label = label or code
            active = not status or _text(record.get(status)).lower() != _INACTIVE
            return PlanRow(
                0, Planned.UNCHANGED, "source", key=code, name=word_of(label), match=word_of(code),
                params={"key": code, "label": label, "active": active},
            )  # fmt: skip

        return _written(held, pages, as_row, then="here")


def read_there(held: Claim, run: Run) -> Claim:
    """Write down the values that Salesforce's list object has."""
    session.rollback()
    with _opened(SALESFORCE, held) as connector:
        pages = connector.read(
            of(run).salesforce_object, [LABEL, VALUE_ID, VALUE_HIDDEN], run.mapping.get("there")
        )

        def as_row(record: Record) -> PlanRow | None:
            key = _text(record.get(VALUE_ID))
            if not key:  # somebody made it by hand; it is not ours
                return None
            label, hidden = _text(record.get(LABEL)), bool(record.get(VALUE_HIDDEN))
            params = {"key": key, "label": label, "hidden": hidden}
            return PlanRow(0, Planned.UNCHANGED, "there", key=key, params=params)

        return _written(held, pages, as_row, then="join", name="there")


@contextmanager
def _opened(system: str, held: Claim) -> Iterator[Connector]:
    with remotes.opened(system) as connector, keep_alive(held):
        yield connector


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _written(
    held: Claim,
    pages: Iterable[Page],
    as_row: Callable[[Record], PlanRow | None],
    *,
    then: str,
    name: str = "cursor",
) -> Claim:
    """Write down pages in parts; the claim to go on with, perhaps before the reading has ended."""
    rows: list[PlanRow] = []
    place: dict[str, Any] = {}
    for page in pages:
        found = [row for row in map(as_row, page.records) if row is not None]
        rows += [row._replace(row_no=held.cursor + len(rows) + n) for n, row in enumerate(found, 1)]
        place[name] = page.cursor
        if len(rows) >= planning.PART:
            run = load(held.run_id)
            held, rows = keep(held, run, rows, **place), []
            if run.cancel_requested or leaving():
                return held
    return keep(held, load(held.run_id), rows, **place, phase=then)


def read_here(held: Claim, run: Run) -> Claim:
    """Write down the values of the pick list here, those too that were deleted."""
    query = (
        select(*_HERE)
        .where(
            PickListValue.list_code == of(run).pick_list,
            PickListValue.id > run.mapping.get("here", 0),
        )
        .order_by(PickListValue.id)
        .limit(planning.PART)
    )
    rows: list[PlanRow] = []
    for id_, version, code, english, french, active, deleted_at, key in session.execute(query):
        params = {
            "id": id_, "version": version, "code": code, "label_en": english, "label_fr": french,
            "active": active, "deleted": deleted_at is not None, "key": key,
        }  # fmt: skip
        rows.append(
            PlanRow(
                held.cursor + len(rows) + 1,
                Planned.UNCHANGED,
                "here",
                id_,
                key=key or f"{chr(1)}{id_}",
                name=word_of(english),
                match=fold(code),
                params=params,
            )  # fmt: skip
        )
    if rows:
        return keep(held, run, rows, here=rows[-1].record_id)
    looks_there = run.source["there"] and run.source["mode"] != "changes"
    return keep(held, run, [], phase="there" if looks_there else "join")


_UNLINKED = "starts_with(key, chr(1))"
_JOIN = f"""
    WITH mine AS (
        SELECT DISTINCT record_id, match AS word, name AS name_word
        FROM plan WHERE object = 'here' AND {_UNLINKED}
    ),
    loose AS (SELECT record_id, word FROM mine UNION SELECT record_id, name_word FROM mine),
    words AS (
        SELECT lower(key) AS k, match AS word
        FROM plan WHERE object = 'source' AND match IN (SELECT word FROM loose)
        UNION
        SELECT lower(key), name
        FROM plan WHERE object = 'source' AND name IN (SELECT word FROM loose)
    ),
    linked AS (
        SELECT lower(key) AS k FROM plan
        WHERE object = 'here' AND NOT {_UNLINKED} AND lower(key) IN (SELECT k FROM words)
    ),
    alike AS (
        SELECT record_id, min(k) AS k FROM loose JOIN words USING (word)
        WHERE k NOT IN (SELECT k FROM linked) GROUP BY record_id
    ),
    first AS (SELECT k AS meant, min(record_id) AS record_id FROM alike GROUP BY k),
    placed AS (
        SELECT *, lower(key) AS k FROM plan WHERE NOT {_UNLINKED}
        UNION ALL
        SELECT plan.*, coalesce(meant, lower(key)) AS k
        FROM plan LEFT JOIN first USING (record_id) WHERE {_UNLINKED}
    ),
    latest AS (
        SELECT object, key, k, arg_max(params, row_no) AS params, arg_max(match, row_no) AS word
        FROM placed WHERE hash(k) % {{parts}} = {{part}} GROUP BY object, key, k
    ),
    source AS (
        SELECT k, arg_min(params, key) AS params, arg_min(word, key) AS word,
            to_json(list(key ORDER BY key)) AS keys
        FROM latest WHERE object = 'source' GROUP BY k
    ),
    here AS (SELECT k, params, true AS known FROM latest WHERE object = 'here'),
    there AS (
        SELECT k, arg_min(params, key) AS params FROM latest WHERE object = 'there' GROUP BY k
    ),
    taken AS (
        SELECT match AS word FROM plan
        WHERE object = 'source' AND match IN (SELECT word FROM source)
        GROUP BY match HAVING min(lower(key)) <> max(lower(key))
        UNION
        SELECT match FROM plan WHERE object = 'here' AND match IN (SELECT word FROM source)
    )
    SELECT {{before}} + row_number() OVER (ORDER BY k) AS row_no, 'unchanged' AS action,
        'joined' AS object, k AS key, coalesce(source.params, '{{empty}}') AS params,
        coalesce(here.params, '{{empty}}') AS fields,
        coalesce(there.params, '{{empty}}') AS numbers,
        coalesce(CAST(keys AS VARCHAR), '[]') AS links,
        known IS NULL AND source.word IN (SELECT word FROM taken) AS link
    FROM source FULL JOIN here USING (k) FULL JOIN there USING (k)
"""  # noqa: S608  (our own text)
"""One row per value, whatever its capitals: what Intacct says, what we have, what Salesforce has.

What was read twice counts as it was read last. A value here that is not linked to one of Intacct's
is one whose code or name gives the same word as the code or the name there. To join all at once
would take memory for all, so it is done in parts, of which each value belongs to one.
"""
_PART = 10_000
"""How many of the rows that were read are joined at a time."""


def join(held: Claim, run: Run) -> Claim:
    """Bring together the next part of what was written down."""
    read = [part["name"] for part in run.artefacts]
    if not read:
        read = [artefacts.write(run.id, artefacts.part_name(held.fence, 0), ()).name]
    joined: list[str] = run.mapping.get("joined", [])
    parts, before = 1 + held.cursor // _PART, run.mapping.get("values", 0)
    select_ = _JOIN.format(parts=parts, part=len(joined), before=before, empty="{}")
    with keep_alive(held):
        part = artefacts.rewrite(run.id, f"joined-{len(joined)}", read, select_)
    place = {"joined": [*joined, part.name], "values": before + part.rows}
    if len(joined) + 1 < parts:
        return keep(held, run, [], **place)
    place |= {"phase": "rows_here", "after": 0}
    with unit_of_work():
        return checkpoint(held, mapping={**run.mapping, **place}, artefacts=[], cursor=0)


def values(run: Run) -> tuple[list[Value], int]:
    """Return the next of the joined values, and the number of the last one."""
    names = ("row_no", "params", "fields", "numbers", "links", "link")
    with artefacts.read(run.mapping["joined"]) as file:
        found, _more = file.columns("row_no > ?", [run.mapping["after"]], planning.PART, names)
    columns = zip(*(found[name] for name in names[1:]), strict=True)
    read = [_value(*each) for each in columns]
    return read, found["row_no"][-1] if read else run.mapping["after"]


def _value(
    source: Mapping[str, Any] | None,
    here: Mapping[str, Any] | None,
    there: Mapping[str, Any] | None,
    keys: list[str],
    taken: bool,
) -> Value:
    return Value(
        Original(**source, others=tuple(keys[1:])) if source else None,
        Here(**here) if here else None,
        There(**there) if there else None,
        taken,
    )
