"""A plan: what a run would do to each row of its source, decided before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import StrEnum
from itertools import chain, repeat
from typing import Any, NamedTuple

from crmapp.domain.changes import Action, Link, Reason, Write, difference
from crmapp.domain.field_conditions import NO_RULES, Rules, absent
from crmapp.domain.fields import REQUIRED, BadValue, Field, Kind, Lookups, freeze
from crmapp.domain.mapping import LEFT, FieldMapping, Mapped, Wanted
from crmapp.domain.matching import Match, Rule
from crmapp.domain.record_keys import NAMES, NO_SUCH_ID, RECORD
from crmapp.domain.search import fold
from crmapp.i18n import Text


class Planned(StrEnum):
    """What is planned for a row."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    AMBIGUOUS = "ambiguous"
    DELETE = "delete"
    RESTORE = "restore"
    KEPT = "kept"


_PLANNED: Mapping[str, Planned] = {each.value: each for each in Planned}

WRITTEN = (Planned.CREATE, Planned.UPDATE, Planned.DELETE, Planned.RESTORE)
"""Rows that a run writes; the others it only counts."""

OUTCOME_OF = {
    Planned.UNCHANGED: "unchanged",
    Planned.REJECTED: "rejected",
    Planned.AMBIGUOUS: "skipped",
    Planned.KEPT: "skipped",
}
"""What the receipt counts a row as that is not written."""


_NONE: Mapping[str, Any] = {}
_AMOUNTS = (Kind.MONEY, Kind.NUMBER)


class PlanRow(NamedTuple):
    """One row of a plan, a tuple because there are many.

    ``object`` is the kind of record; ``fields`` name → [before, after] as the change log keeps
    them; ``numbers`` the row's mapped amounts, for the control totals; ``match`` the word by which
    one source may not have two rows; ``link`` whether the row's identity is still to be remembered;
    ``links`` what an undo sets back in the ledger of identities; ``source`` the row as it came;
    ``also`` identities (system, object, external id) to be remembered with the row's.
    """

    row_no: int
    action: Planned
    object: str = "account"
    record_id: int | None = None
    version: int | None = None
    key: str = ""
    name: str = ""
    reason: Reason | None = None
    params: Mapping[str, Any] = _NONE
    fields: Mapping[str, Any] = _NONE
    numbers: Mapping[str, str] = _NONE
    match: str | None = None
    link: bool = False
    links: Sequence[Sequence[Any]] = ()
    source: Mapping[str, Any] = _NONE
    also: Sequence[Sequence[str]] = ()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> PlanRow:
        """Read a row of a plan file, or what was asked of it."""
        (row,) = cls.from_columns({name: [value] for name, value in kept.items()})
        return row

    @classmethod
    def from_columns(cls, kept: Mapping[str, Sequence[Any]]) -> list[PlanRow]:
        """Read many rows of a plan file, or what was asked of them, column by column."""
        columns: dict[str, Iterable[Any]] = {
            **{name: repeat(value) for name, value in cls._field_defaults.items()},
            **kept,
            "action": [_PLANNED[each] for each in kept["action"]],
            "object": [each or "account" for each in kept.get("object", ())] or repeat("account"),
            "reason": [Reason(each) if each else None for each in kept.get("reason", ())]
            or repeat(None),
            "links": [each or () for each in kept.get("links", ())] or repeat(()),
            "also": [each or () for each in kept.get("also", ())] or repeat(()),
        }
        return [*map(cls, *(columns[name] for name in cls._fields))]


class SourceRow(NamedTuple):
    """One row as it came: its place, its key in the source, its cells by column."""

    row_no: int
    key: str
    cells: Mapping[str, Any]


def unreadable(row: SourceRow, reason: Reason, params: Mapping[str, Any]) -> PlanRow:
    """Reject a row that could not be read."""
    base: dict[str, Any] = {"row_no": row.row_no, "key": row.key, "name": row.key}
    return PlanRow(action=Planned.REJECTED, reason=reason, params=params, source=row.cells, **base)


class Held(NamedTuple):
    """A living account that a row means: what it holds in the fields asked for, in their order.

    ``seen`` says that the person may see it.
    """

    id: int
    version: int
    values: Sequence[Any]
    seen: bool = True


def glance(
    rows: Sequence[SourceRow],
    found: Sequence[Sequence[Any]],
    linked: Mapping[str, Held],
    mapping: FieldMapping,
    fields: Mapping[str, Field],
    lookups: Lookups,
) -> list[PlanRow | None]:
    """Plan the rows whose accounts are known and whose cells are right; ``None`` for the others.

    ``found`` is what each row gives the mapping's fields, ``linked`` key → account. :func:`decide`
    would say the same of each, at more length, and speaks of the others.
    """
    names = mapping.fields
    name, match = names.index("name"), names.index(mapping.match)
    amounts = {n: each for n, each in enumerate(names) if fields[each].kind in _AMOUNTS}
    watched = {each for each in names if lookups.retired.get(fields[each].pick_list or "")}
    some_bad = BadValue in {*map(type, chain.from_iterable(found))}
    planned: list[PlanRow | None] = []
    for (row_no, key, cells), values in zip(rows, found, strict=True):
        account = linked.get(key)
        changed = None if account is None else _seen_change(account, names, values, watched)
        word = None if values[match] is LEFT else match_word(mapping.match, values[match])
        if (
            account is None
            or changed is None
            or word is None
            or (some_bad and BadValue in map(type, values))
        ):
            planned.append(None)
            continue
        planned.append(
            PlanRow(  # in their order: by name it takes twice the time
                row_no,
                Planned.UPDATE if changed else Planned.UNCHANGED,
                "account",
                account.id,
                account.version,
                key,
                values[name],
                None,
                _NONE,
                changed,
                _numbers_of(values, amounts) if amounts else _NONE,
                word,
                False,
                (),
                cells,
            )
        )
    return planned


def _seen_change(
    account: Held, names: Sequence[str], after: Sequence[Any], watched: AbstractSet[str]
) -> Mapping[str, Any] | None:
    """Return name → [before, after] of what differs; ``None`` if that takes a closer look."""
    if not account.seen:
        return None
    before = account.values
    if before == after:
        return _NONE
    changed = {
        name: [freeze(old), freeze(new)]
        for name, old, new in zip(names, before, after, strict=True)
        if old != new
    }
    return changed if watched.isdisjoint(changed) else None


def decide(
    row: SourceRow,
    mapped: Mapped,
    match: Match,
    accounts: Mapping[int, Mapping[str, Any]],
    fields: Mapping[str, Field],
    match_field: str,
    required: Sequence[str] = (),
    wanted: Wanted = Wanted.BOTH,
    rules: Rules = NO_RULES,
) -> PlanRow:
    """Say what a run would do with ``row``.

    A row that would create an account without a value for a field in ``required`` is rejected,
    unless by ``rules`` the field does not count, and left out where only known accounts are
    ``wanted``.
    ``accounts`` are the accounts that the match names and the person may change, with ``version``;
    one that the match names and that is not there is not hers to change.
    """
    word = match_word(match_field, mapped.values.get(match_field))
    base: dict[str, Any] = {
        "row_no": row.row_no,
        "key": row.key,
        "name": str(mapped.values.get("name") or row.key),
        "numbers": _numbers(mapped, fields),
        "match": word,
        "source": row.cells,
    }
    if mapped.problems:
        return bad_value(mapped, mapped.problems, base)
    if match_field == RECORD:
        if word is not None and (match.ids != (int(word),) or match.ids[0] not in accounts):
            mapped = mapped._replace(found={RECORD: word})
            return bad_value(mapped, {RECORD: Text(NO_SUCH_ID)}, base)
        mapped = without_keys(mapped)
    elif word is None:
        return PlanRow(action=Planned.REJECTED, reason=Reason.NO_KEY, **base)
    if not row.key:
        return PlanRow(action=Planned.REJECTED, reason=Reason.NO_KEY, **base)
    if match.ids and not match.sure:
        params: dict[str, Any] = {
            "count": len(match.ids),
            "candidates": list(match.ids),
            "rule": match.rule.value,
        }
        return PlanRow(action=Planned.AMBIGUOUS, reason=Reason.AMBIGUOUS, params=params, **base)
    if not match.ids:
        if wanted is Wanted.UPDATE:
            return PlanRow(action=Planned.KEPT, reason=Reason.LEFT_OUT_NEW, **base)
        if mapped.retired:
            return bad_value(mapped, mapped.retired, base)
        values = {name: value for name, value in mapped.values.items() if value is not None}
        if lacking := _lacking(required, rules, fields, values):
            return bad_value(mapped, {name: Text(REQUIRED) for name in lacking}, base)
        return PlanRow(action=Planned.CREATE, fields=difference({}, values), link=True, **base)
    return _decide_update(match, mapped, accounts, base)


def _lacking(
    required: Sequence[str], rules: Rules, fields: Mapping[str, Field], values: Mapping[str, Any]
) -> list[str]:
    """Return the required fields without a value, but for those that do not count."""
    empty = [name for name in required if values.get(name) in (None, "", [])]
    if not empty or not rules:
        return empty
    living = {name: spec for name, spec in fields.items() if not spec.retired}
    away = absent(rules, living, values)
    return [name for name in empty if name not in away]


def taken(row: PlanRow, wanted: Wanted) -> PlanRow:
    """Leave a row out whose account exists, if only new accounts are ``wanted``."""
    if wanted is not Wanted.CREATE or row.action not in (Planned.UPDATE, Planned.UNCHANGED):
        return row
    reason = Reason.LEFT_OUT_KNOWN
    return row._replace(action=Planned.KEPT, reason=reason, fields={}, params={}, link=False)


def without_keys(mapped: Mapped) -> Mapped:
    """Leave out of a row what only finds its record."""
    values = {name: value for name, value in mapped.values.items() if name not in NAMES}
    return mapped._replace(values=values)


def bad_value(mapped: Mapped, problems: Mapping[str, Text], base: Mapping[str, Any]) -> PlanRow:
    """Reject a row for its bad cells: ``params`` are about the first, ``others`` about the rest."""
    bad = [
        {
            "field": name,
            "problem": problem.text,
            "values": problem.params,
            "found": mapped.found.get(name, ""),
        }
        for name, problem in problems.items()
    ]
    params = {**bad[0], "others": bad[1:]} if len(bad) > 1 else bad[0]
    return PlanRow(action=Planned.REJECTED, reason=Reason.BAD_VALUE, params=params, **base)


_USUAL = (Rule.IDENTITY, Rule.FIELD)
"""How most rows find their account; a plan says of the others how they did."""


def _decide_update(
    match: Match,
    mapped: Mapped,
    accounts: Mapping[int, Mapping[str, Any]],
    base: Mapping[str, Any],
) -> PlanRow:
    account = accounts.get(match.ids[0])
    if account is None:
        return PlanRow(action=Planned.REJECTED, reason=Reason.NOT_YOURS, **base)
    fields = difference(account, mapped.values)
    anew = next((name for name in mapped.retired if name in fields), None)
    if anew is not None:
        return bad_value(mapped, {anew: mapped.retired[anew]}, base)
    return PlanRow(
        action=Planned.UPDATE if fields else Planned.UNCHANGED,
        record_id=match.ids[0],
        version=account["version"],
        fields=fields,
        params={} if match.rule in _USUAL else {"rule": match.rule.value},
        link=match.rule is not Rule.IDENTITY,
        **base,
    )


_ACTIONS = {
    Planned.CREATE: Action.CREATE,
    Planned.DELETE: Action.DELETE,
    Planned.RESTORE: Action.RESTORE,
}


def to_write(
    row: PlanRow,
    thawers: Mapping[str, Callable[[str], Any]],
    identity: tuple[str, str] | None,
    origin: Mapping[str, Any],
) -> Write:
    """Turn a planned row into the write that carries it out.

    ``thawers`` are those of the record's fields; ``identity`` is (system, object) of the source;
    ``origin`` what the change log says about where the values came from.
    """
    return Write(
        _ACTIONS.get(row.action, Action.UPDATE),
        {
            name: after if after is None or name not in thawers else thawers[name](after)
            for name, (_before, after) in row.fields.items()
        },
        row.record_id,
        row.version,
        {**origin, "key": row.key} if row.key else origin,
        (*identity, row.key) if identity and row.link else None,
        tuple([Link(*each) for each in row.links]) if row.links else (),
        tuple([(each[0], each[1], each[2]) for each in row.also]) if row.also else (),
    )


_WORDS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys((RECORD, "number"), str),
    "name": fold,
    "email": str.lower,
}


def match_word(field_name: str, value: Any) -> str | None:
    """Return the word under which accounts are looked up by ``field_name``; ``None`` if empty."""
    if value in (None, ""):
        return None
    return _WORDS[field_name](str(value))


def control_totals(rows: Sequence[PlanRow]) -> dict[str, Decimal]:
    """Add up the mapped amounts of ``rows``, by field."""
    totals: dict[str, Decimal] = {}
    for row in rows:
        for name, number in row.numbers.items():
            totals[name] = totals.get(name, Decimal(0)) + Decimal(number)
    return totals


def _numbers_of(values: Sequence[Any], amounts: Mapping[int, str]) -> dict[str, str]:
    return {amounts[n]: str(values[n]) for n in amounts if isinstance(values[n], Decimal)}


def _numbers(mapped: Mapped, fields: Mapping[str, Field]) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in mapped.values.items()
        if isinstance(value, Decimal) and fields[name].kind in _AMOUNTS
    }
