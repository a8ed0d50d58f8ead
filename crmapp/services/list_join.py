"""Bring together what each side says of a managed list's values: one row per value, in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmapp import artefacts
from crmapp.artefacts import Beside, Tables
from crmapp.db import after_commit, unit_of_work
from crmapp.domain.list_values import HERE, Here, Original, Tally, There, Value
from crmapp.domain.pick_lists import THERE
from crmapp.errors import FileLost
from crmapp.models import Run
from crmapp.services import planning
from crmapp.services.engine import Claim, checkpoint
from crmapp.services.list_stage import SIDES, notes

_PART = 12_500
"""How many values are joined at a time: what that takes fits into DuckDB's memory."""
_LATEST = """
    DELETE FROM {side} WHERE n IN (
        SELECT n FROM (
            SELECT n, max(n) OVER (PARTITION BY key) AS last FROM {side}
            WHERE key IN (SELECT key FROM {side} GROUP BY key HAVING count(*) > 1)
        ) WHERE n < last
    )
"""
"""What was read twice counts as it was read last."""
_TWINS = """
    CREATE TEMPORARY TABLE {side}_twins AS
        SELECT k, list(key ORDER BY key) AS keys FROM {side} GROUP BY k HAVING count(*) > 1;
    DELETE FROM {side} WHERE k IN (SELECT k FROM {side}_twins)
        AND key NOT IN (SELECT keys[1] FROM {side}_twins)
"""
"""Keys that differ by capitals only are one value: that of the first of them."""
_MEANT = """
    CREATE TEMPORARY TABLE loose AS
        SELECT id, word FROM here WHERE key IS NULL
        UNION SELECT id, name_word FROM here WHERE key IS NULL;
    CREATE TEMPORARY TABLE meant AS
        WITH words AS (
            SELECT k, word FROM source WHERE word IN (SELECT word FROM loose)
            UNION SELECT k, name_word FROM source WHERE name_word IN (SELECT word FROM loose)
        ),
        alike AS (
            SELECT id, min(k) AS k FROM loose JOIN words USING (word)
            WHERE k NOT IN (SELECT k FROM here WHERE key IS NOT NULL) GROUP BY id
        )
        SELECT min(id) AS id, k FROM alike GROUP BY k;
    UPDATE here SET k = meant.k FROM meant WHERE here.id = meant.id
"""
"""A value here that is not linked to one of Intacct's is one whose code or name gives the same word
as the code or the name there."""
_TAKEN = """
    CREATE TEMPORARY TABLE taken AS
        WITH fresh AS (SELECT DISTINCT word FROM source WHERE k NOT IN (SELECT k FROM here))
        SELECT word FROM source WHERE word IN (SELECT word FROM fresh)
        GROUP BY word HAVING count(*) > 1
        UNION SELECT word FROM here WHERE word IN (SELECT word FROM fresh)
"""
"""Words of new values that mean another value as well."""
_JOINED = """
    SELECT {before} + row_number() OVER (ORDER BY k) AS row_no,
        source.key AS source_key, source.label AS source_label,
        CASE WHEN source.key IS NOT NULL
            THEN coalesce(source.active, here.active, NOT there.hidden, true) END AS source_active,
        keys[2:] AS others,
        here.id AS here_id, here.version AS here_version, here.code AS here_code,
        here.label_en, here.label_fr, here.active AS here_active, here.deleted,
        here.key AS here_key,
        there.key AS there_key, there.label AS there_label, there.hidden AS there_hidden,
        here.id IS NULL AND source.word IN (SELECT word FROM taken) AS taken,
        coalesce(source.key = here.key AND source.key <> '' AND source.label = here.label_en
            AND source_active = here.active AND NOT here.deleted AND keys IS NULL, false)
            AS same_here,
        coalesce(same_here AND there.label = source.label AND there.hidden <> source_active, false)
            AS same_there
    FROM (SELECT * FROM source WHERE hash(k) % {parts} = {part}) AS source
    LEFT JOIN source_twins USING (k)
    FULL JOIN (SELECT * FROM here WHERE hash(k) % {parts} = {part}) AS here USING (k)
    FULL JOIN (SELECT * FROM there WHERE hash(k) % {parts} = {part}) AS there USING (k)
"""
"""What Intacct says, what we have, what Salesforce has. A value of which Intacct tells no more
whether it is active stays what it is. The same is what :func:`decide_here` and :func:`decide_there`
would find unchanged, at more length."""
_COLUMNS = (
    *("source_key", "source_label", "source_active", "others"),
    *("here_id", "here_version", "here_code", "label_en", "label_fr", "here_active", "deleted"),
    *("here_key", "there_key", "there_label", "there_hidden", "taken"),
)
_UNCHANGED = f"""
    SELECT {{before}} + row_number() OVER () AS row_no, 'unchanged' AS action,
        '{{object}}' AS object, {{record}} source_key AS key, source_label AS name,
        '{{{{"tally":"{Tally.UNCHANGED}"}}}}' AS params, '{{{{}}}}' AS fields,
        '{{{{}}}}' AS numbers, '{{{{}}}}' AS source, '[]' AS links, false AS link
    FROM plan WHERE {{same}} AND row_no > {{after}} AND row_no <= {{until}}
"""  # noqa: S608  (our own text)
_OURS = "here_id AS record_id, here_version AS version,"


def join(held: Claim, run: Run) -> Claim:
    """Bring together what was written down."""
    with artefacts.tables() as tables:
        for side, columns in SIDES.items():
            tables.fill(side, notes(run, side), columns)
            tables.do(_LATEST.format(side=side))
        for statement in (
            _TWINS.format(side="source"),
            _TWINS.format(side="there"),
            _MEANT,
            _TAKEN,
        ):
            tables.do(statement)
        names, count = _joined(tables, run)
    place = {"sides": names, "values": count, "phase": "rows_here", "after": 0, "notes": {}}
    with unit_of_work():
        after_commit(lambda: artefacts.clear_parts(held.run_id, held.fence))
        return checkpoint(held, mapping={**run.mapping, **place}, cursor=0)


def _joined(tables: Tables, run: Run) -> tuple[list[str], int]:
    """Write all values in parts, of which each belongs to one: (names of the files, values)."""
    longest = max(sum(each.rows for each in notes(run, side)) for side in SIDES)
    parts, names, count = 1 + longest // _PART, list[str](), 0
    for part in range(parts):
        select = _JOINED.format(before=count, parts=parts, part=part)
        file = tables.publish(run.id, f"sides-{part}", select)
        names.append(file.name)
        count += file.rows
    return names, count


@dataclass(frozen=True)
class Next:
    """The next values of a run.

    ``differing`` are to be decided; all others up to ``until`` are as they should be, or none of
    the run's business. ``more`` says whether values are left behind that.
    """

    differing: Sequence[Value]
    after: int
    until: int
    more: bool


def next_values(run: Run, same: str) -> Next:
    """Return the next values that are not ``same``: ``same_here`` or ``same_there``."""
    after, count = run.mapping["after"], run.mapping["values"]
    read = " AND source_key IS NOT NULL" if run.source["mode"] == "changes" else ""
    with artefacts.read(_files(run)) as file:
        found = file.ask(
            f"SELECT row_no, {', '.join(_COLUMNS)} FROM plan"  # noqa: S608  (our own text)
            f" WHERE row_no > ? AND NOT {same}{read} ORDER BY row_no LIMIT ?",
            [after, planning.PART],
        )
    until = found[-1][0] if len(found) == planning.PART else count
    return Next([_value(row) for row in found], after, until, until < count)


def _files(run: Run) -> list[str]:
    files: list[str] = run.mapping.get("sides", [])
    if not files:  # an earlier version of crmapp kept them otherwise
        raise FileLost
    return files


def _value(row: Sequence[Any]) -> Value:
    _row_no, key, label, active, others, id_, *ours, there, there_label, hidden, taken = row
    return Value(
        None if key is None else Original(key, label, active, tuple(others or ())),
        None if id_ is None else Here(id_, *ours),
        None if there is None else There(there, there_label, hidden),
        bool(taken),
    )


def unchanged_here(run: Run, next_: Next, before: int) -> Beside | None:
    """Return the rows of a plan for the values that are as they should be, behind ``before``."""
    return _unchanged(run, next_, before, "same_here", HERE, _OURS)


def unchanged_there(run: Run, next_: Next, before: int) -> Beside | None:
    """Return what :func:`unchanged_here` does, for Salesforce."""
    return _unchanged(run, next_, before, "same_there", THERE, "")


def _unchanged(
    run: Run, next_: Next, before: int, same: str, object_: str, record: str
) -> Beside | None:
    if next_.until - next_.after == len(next_.differing):
        return None
    select = _UNCHANGED.format(
        before=before, object=object_, record=record, same=same,
        after=next_.after, until=next_.until,
    )  # fmt: skip
    return Beside(select, _files(run))


def agreed(run: Run, codes: frozenset[str]) -> set[str]:
    """Return those of the ``codes`` here that Intacct has active, so that nobody need keep them."""
    if not codes:
        return set()
    with artefacts.read(_files(run)) as file:
        found = file.ask(
            "SELECT here_code FROM plan WHERE source_active AND here_code IN (SELECT unnest(?))",
            [[*codes]],
        )
    return {code for (code,) in found}
