"""Join the rows of a feed's sources: which row counts for an account, and why others do not.

The leftmost source that has a number says what its account holds; the identities of the others are
linked to the same account. Only narrow columns are grouped; whole rows stream through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmapp.artefacts import PlanFile
from crmapp.domain.changes import Reason
from crmapp.domain.matching import Rule
from crmapp.domain.plan import Planned
from crmapp.services.decisions import ACTIVE

LED_BY = "led_by"
"""What the parameters of a row keep until it is joined: who leads its account, see feed_leads."""


@dataclass(frozen=True)
class Span:
    """The rows of one source in the plan, by number.

    ``repeats``: its reading may say a row several times, of which the last counts. ``whole``: it
    is of everything that there is, not only of what changed.
    """

    first: int
    last: int
    identity: tuple[str, str]
    repeats: bool = False
    whole: bool = False


def select(spans: Sequence[Span]) -> str:
    """Return what makes the plan of the view ``plan`` over all parts."""
    return _of(spans, _JOIN)


def is_needed(plan: PlanFile, spans: Sequence[Span]) -> bool:
    """Whether rows have anything in common; else the parts say already what the plan says.

    That takes a fraction of the memory of a join. Where rows only look alike, the join sees it.
    """
    alike = (_of(spans, _ALIKE).replace("{what}", each) for each in _IN_COMMON)
    return any(plan.ask(each) for each in (_LED, *alike))


def _of(spans: Sequence[Span], statement: str) -> str:
    return statement.replace("{spans}", ", ".join(map(_row, enumerate(spans))))


def _row(numbered: tuple[int, Span]) -> str:
    number, span = numbered
    system, object_ = (each.replace("'", "''") for each in span.identity)
    return (
        f"({number}, {span.first}, {span.last}, '{system}', '{object_}',"
        f" {_said(span.repeats)}, {_said(span.whole)})"
    )


def _said(value: bool) -> str:
    return "true" if value else "false"


_IN_COMMON = ("hash(n, key)", "hash(match)", "record_id")
"""What two rows may share, so that only one of them counts."""
_SOURCES = "source_of(n, first_row, last_row, system, thing, repeats, whole) AS (VALUES {spans})"
_FOUND = f"""
    FROM plan JOIN source_of ON row_no BETWEEN first_row AND last_row
    WHERE action IN ({ACTIVE}, '{Planned.AMBIGUOUS}') AND key <> '' AND match IS NOT NULL
"""
_LED = f"SELECT 1 FROM plan WHERE contains(params, '\"{LED_BY}\"') LIMIT 1"  # noqa: S608  (our own constant)
_ALIKE = f"""
    WITH {_SOURCES}, said AS (SELECT {{what}} AS word {_FOUND})
    SELECT 1 FROM said WHERE word IS NOT NULL GROUP BY word HAVING count(*) > 1 LIMIT 1
"""  # noqa: S608  (our own constants)
_FAR = 1_000_000_000_000
"""Puts rows behind all others of a better kind."""
_JOIN = f"""
    WITH {_SOURCES},
    renumbered AS (
        SELECT row_no FROM plan WHERE action = '{Planned.UPDATE}' AND fields LIKE '%"number"%'
    ),
    found AS (
        SELECT row_no, action, key, match, record_id, link, n, system, thing, repeats,
            NOT link OR json_extract_string(params, '$.rule') = '{Rule.PERSON}' AS sure,
            json_extract_string(params, '$.rule') AS rule,
            CAST(json_extract_string(params, '$.{LED_BY}[0]') AS INTEGER) AS led_n,
            json_extract_string(params, '$.{LED_BY}[1]') AS led_key
        {_FOUND}
    ),
    named AS (
        SELECT *, row_no + {_FAR} * (4 * n + if(sure AND record_id IS NOT NULL, 0, 2)
            + if(row_no IN (SELECT row_no FROM renumbered), 1, 0)) AS rank
        FROM found
    ),
    keys AS (
        SELECT n, key, if(any_value(repeats), max(row_no), arg_min(row_no, rank)) AS counts
        FROM named GROUP BY n, key HAVING count(*) > 1
    ),
    repeated AS (
        SELECT row_no, if(repeats, 'repeated', 'twice') AS fate
        FROM named JOIN keys USING (n, key) WHERE row_no <> counts
    ),
    once AS (SELECT * FROM named WHERE row_no NOT IN (SELECT row_no FROM repeated)),
    words AS (
        SELECT match, arg_min(row_no, rank) AS winner, min(n) AS of,
            arg_min(record_id, rank) AS account, arg_min(action, rank) AS planned
        FROM once GROUP BY match HAVING count(*) > 1
    ),
    followers AS (
        SELECT row_no, if(n = of, 'twice', 'follows') AS fate, winner, system, thing, key,
            n <> of AND (link OR record_id IS NULL) AND planned <> '{Planned.AMBIGUOUS}'
                AND (account IS NOT NULL OR planned = '{Planned.CREATE}') AS links
        FROM once JOIN words USING (match) WHERE row_no <> winner
    ),
    alone AS (
        SELECT * FROM once
        WHERE record_id IS NOT NULL AND action <> '{Planned.AMBIGUOUS}'
            AND row_no NOT IN (SELECT row_no FROM followers)
    ),
    accounts AS (
        SELECT record_id, arg_min(row_no, row_no + CASE WHEN led_n IS NULL THEN 1 WHEN led_n = n
            AND led_key = key THEN 0 ELSE 2 END * {_FAR}) FILTER (WHERE sure) AS winner
        FROM alone GROUP BY record_id HAVING count(*) > 1
    ),
    shared AS (
        SELECT row_no, if(sure, 'same', 'unsure') AS fate, winner, system, thing, key,
            sure AND link AS links
        FROM alone JOIN accounts USING (record_id)
        WHERE winner IS NULL OR row_no <> winner
    ),
    more AS (
        SELECT winner AS row_no,
            string_agg(json_array(system, thing, key)::VARCHAR, ',') AS identities
        FROM (SELECT * FROM followers UNION ALL BY NAME SELECT * FROM shared) WHERE links
        GROUP BY winner
    ),
    led AS (
        SELECT * FROM once WHERE led_n IS NOT NULL AND NOT (led_n = n AND led_key = key)
    ),
    leaders AS (
        SELECT DISTINCT n, key FROM plan JOIN source_of ON row_no BETWEEN first_row AND last_row
        WHERE key IN (SELECT led_key FROM led)
    ),
    held AS (
        SELECT row_no, CASE WHEN led_n <> n THEN 'left' WHEN sure THEN 'led'
            WHEN rule IS NULL THEN 'twice' ELSE 'unsure' END AS fate
        FROM led
        WHERE (led_n, led_key) IN (SELECT (n, key) FROM leaders)
            OR led_n NOT IN (SELECT n FROM source_of WHERE whole)
    ),
    fates AS (
        SELECT row_no, fate FROM held
        WHERE row_no NOT IN (SELECT row_no FROM followers UNION ALL SELECT row_no FROM shared)
        UNION ALL SELECT row_no, fate FROM repeated
        UNION ALL SELECT row_no, fate FROM followers
        UNION ALL SELECT row_no, fate FROM shared
    ),
    said AS (
        SELECT row_no, fate, if(fate = 'unsure', NULL, identities) AS identities
        FROM fates FULL JOIN more USING (row_no)
    )
    SELECT * EXCLUDE (fate, identities) REPLACE (
        CASE WHEN fate IS NULL THEN action WHEN fate = 'twice' THEN '{Planned.KEPT}'
            WHEN fate = 'unsure' THEN '{Planned.AMBIGUOUS}'
            ELSE '{Planned.UNCHANGED}' END AS action,
        CASE WHEN fate IS NULL THEN reason WHEN fate = 'twice' THEN '{Reason.DUPLICATE_KEY}'
            WHEN fate = 'repeated' THEN '{Reason.REPEATED}'
            WHEN fate IN ('follows', 'left') THEN '{Reason.OTHER_SOURCE}'
            WHEN fate IN ('same', 'led') THEN '{Reason.SAME_ACCOUNT}'
            WHEN fate = 'unsure' THEN '{Reason.AMBIGUOUS}' END AS reason,
        CASE WHEN fate IS NULL AND contains(params, '"{LED_BY}"')
                THEN json_merge_patch(params, '{{"{LED_BY}": null}}')::VARCHAR
            WHEN fate IS NULL THEN params
            WHEN fate IN ('twice', 'follows')
                THEN json_object('key', split_part(match, chr(31), 2))::VARCHAR
            WHEN fate = 'left'
                THEN json_object('key', json_extract_string(params, '$.{LED_BY}[1]'))::VARCHAR
            WHEN fate = 'unsure' THEN json_object(
                'count', 1, 'candidates', [record_id],
                'rule', coalesce(json_extract_string(params, '$.rule'), '{Rule.FIELD}')
            )::VARCHAR ELSE '{{}}' END AS params,
        if(fate IS NULL, fields, '{{}}') AS fields,
        if(fate = 'unsure', NULL, record_id) AS record_id,
        coalesce(fate, 'led') IN ('led', 'left') AND (link OR identities IS NOT NULL) AS link,
        CASE WHEN fate NOT IN ('led', 'left') THEN '[]' WHEN identities IS NULL THEN also
            ELSE rtrim(also, ']') || if(also = '[]', '', '],') || identities || ']' END AS also
    )
    FROM plan LEFT JOIN said USING (row_no)
"""  # noqa: S608  (our own constants)
"""A row that repeats another of its source is left out, one whose number a source further left has
follows that, and an account that several rows without the same number mean goes to the row that is
known to mean it; where none is, a person has to say. Of rows of one source that share a key or a
number, that counts which is known to have it. A row whose account another customer leads takes
nothing over, be that in the plan or not, as long as its source has it.
"""
