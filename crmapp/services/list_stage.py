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

INTACCT, SALESFORCE = "intacct", "salesforce"
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
                key=str(id_),
                name=word_of(english),
                match=fold(code),
                params=params,
            )  # fmt: skip
        )
    if rows:
        return keep(held, run, rows, here=rows[-1].record_id)
    looks_there = run.source["there"] and run.source["mode"] != "changes"
    return keep(held, run, [], phase="there" if looks_there else "join")


_JOIN = """
    WITH latest AS (
        SELECT object, key, arg_max(params, row_no) AS params, arg_max(match, row_no) AS word,
            arg_max(name, row_no) AS name_word, arg_max(record_id, row_no) AS record_id
        FROM plan GROUP BY object, key
    ),
    source AS (
        SELECT lower(key) AS k, arg_min(params, key) AS params, arg_min(word, key) AS word,
            arg_min(name_word, key) AS name_word, to_json(list(key ORDER BY key)) AS keys
        FROM latest WHERE object = 'source' GROUP BY lower(key)
    ),
    mine AS (
        SELECT record_id, word, name_word, params,
            lower(json_extract_string(params, '$.key')) AS linked
        FROM latest WHERE object = 'here'
    ),
    words AS (SELECT k, word FROM source UNION SELECT k, name_word FROM source),
    loose AS (
        SELECT record_id, word FROM mine WHERE linked IS NULL
        UNION SELECT record_id, name_word FROM mine WHERE linked IS NULL
    ),
    alike AS (
        SELECT loose.record_id, min(words.k) AS k FROM loose JOIN words USING (word)
        WHERE words.k NOT IN (SELECT linked FROM mine WHERE linked IS NOT NULL)
        GROUP BY loose.record_id
    ),
    first AS (SELECT k, min(record_id) AS record_id FROM alike GROUP BY k),
    here AS (
        SELECT mine.record_id, mine.word, mine.params,
            coalesce(mine.linked, first.k, chr(1) || mine.record_id) AS k
        FROM mine LEFT JOIN first USING (record_id)
    ),
    there AS (
        SELECT lower(key) AS k, arg_min(params, key) AS params
        FROM latest WHERE object = 'there' GROUP BY lower(key)
    ),
    taken AS (
        SELECT word FROM source GROUP BY word HAVING count(*) > 1 UNION SELECT word FROM mine
    )
    SELECT row_number() OVER (ORDER BY k) AS row_no, 'unchanged' AS action, 'joined' AS object,
        k AS key, coalesce(source.params, '{}') AS params, coalesce(here.params, '{}') AS fields,
        coalesce(there.params, '{}') AS numbers, coalesce(CAST(keys AS VARCHAR), '[]') AS links,
        here.record_id IS NULL AND source.word IN (SELECT word FROM taken) AS link
    FROM source FULL JOIN here USING (k) FULL JOIN there USING (k)
"""
"""One row per value, whatever its capitals: what Intacct says, what we have, what Salesforce has.

What was read twice counts as it was read last. A value here that is not linked to one of Intacct's
is one whose code or name gives the same word as the code or the name there.
"""


def join(held: Claim, run: Run) -> Claim:
    """Bring together what was written down."""
    parts = [part["name"] for part in run.artefacts]
    if not parts:
        parts = [artefacts.write(run.id, artefacts.part_name(held.fence, 0), ()).name]
    with keep_alive(held):
        joined = artefacts.rewrite(run.id, f"joined-{held.fence}", parts, _JOIN)
    place = {"phase": "rows_here", "joined": joined.name, "after": 0, "values": joined.rows}
    with unit_of_work():
        return checkpoint(held, mapping={**run.mapping, **place}, artefacts=[], cursor=0)


def values(run: Run) -> tuple[list[Value], int]:
    """Return the next of the joined values, and the number of the last one."""
    names = ("row_no", "params", "fields", "numbers", "links", "link")
    with artefacts.read([run.mapping["joined"]]) as file:
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
