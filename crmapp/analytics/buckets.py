"""Buckets: facts that stand in the same columns, so that each fact is added up once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from crmapp.domain.periods import Period, is_whole_months, month_number

Bind = Callable[[object], str]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Buckets:
    """How facts are sorted into buckets, and which of them each column takes.

    ``sql``: a fact's bucket; empty if there is only one. ``takes``: by column, the condition on
    ``bucket``; empty takes all. ``bit``: a fact's bucket as a number with one bit set, and
    ``masks``: by column, the bits of those that it takes; 0 takes all.
    """

    sql: str
    takes: Mapping[str, str]
    bit: str
    masks: Mapping[str, int]


def by_days(spans: Mapping[str, Period | None], bind: Bind) -> Buckets:
    """Buckets of days: cut wherever a column's days begin or end."""
    known = [span for span in spans.values() if span is not None]
    if len(known) < 2:
        return Buckets("", dict.fromkeys(spans, ""), "", dict.fromkeys(spans, 0))
    pieces = _pieces(known)
    numbers = [month_number(piece.start) for piece in pieces]
    if len(pieces) > 2 and all(map(_in_one_month, pieces)) and _without_gap(numbers):
        sql, first = "_month", numbers[0]
        bit = _bit(f"_month - {bind(first)}")
    else:
        sql, first = _steps(pieces, bind), 0
        bit = _bit(sql)
    takes, masks = {}, {}
    for key, span in spans.items():
        if span is None:
            raise AssertionError("all time has no other columns beside it")
        low = next(n for n, piece in enumerate(pieces) if piece.start == span.start)
        high = next(n for n, piece in enumerate(pieces) if piece.end == span.end)
        everything = (low, high) == (0, len(pieces) - 1)
        takes[key] = "" if everything else _taking(first + low, first + high, bind)
        masks[key] = 0 if everything else (1 << high + 1) - (1 << low)
    return Buckets(sql, takes, bit, masks)


def by_entity(ids: Sequence[int], others: bool, column: str, bind: Bind) -> Buckets:
    """A bucket for each of the entities with these ids, and one for all others."""
    cases = " ".join(f"WHEN {bind(one)} THEN {n}" for n, one in enumerate(ids, start=1))
    takes = {f"c{n}": f"bucket = {n}" for n in range(1, len(ids) + 1)}
    takes |= {"other": "bucket = 0"} if others else {}
    takes |= {"total": ""}
    masks = {f"c{n}": 1 << n for n in range(1, len(ids) + 1)}
    masks |= {"other": 1} if others else {}
    masks |= {"total": 0}
    sql = f"CASE {column} {cases} ELSE 0 END" if ids else "0"
    return Buckets(sql, takes, _bit(sql), masks)


def within(spans: Mapping[str, Period | None], bind: Bind) -> list[str]:
    """The predicates on facts that stand in any column."""
    known = [span for span in spans.values() if span is not None]
    if len(known) < len(spans):
        return []
    stretches = _joined(_pieces(known))
    whole = Period("", stretches[0].start, stretches[-1].end)
    found = [_of_months(whole, bind)]
    if len(stretches) > 1:
        found.append(f"({' OR '.join(_of_days(one, bind) for one in stretches)})")
    elif not is_whole_months(whole):
        found.append(_of_days(whole, bind))
    return found


def _pieces(spans: Sequence[Period]) -> list[Period]:
    """The stretches between all first and last days that lie in at least one of the spans."""
    starts = {span.start for span in spans} | {span.end + _DAY for span in spans}
    cuts = sorted(starts)
    pieces = [Period("", a, b - _DAY) for a, b in zip(cuts, cuts[1:], strict=False)]
    return [
        piece
        for piece in pieces
        if any(span.start <= piece.start and piece.end <= span.end for span in spans)
    ]


def _joined(pieces: Sequence[Period]) -> list[Period]:
    """The pieces, those that follow each other as one."""
    found: list[Period] = []
    for piece in pieces:
        if found and found[-1].end + _DAY == piece.start:
            found[-1] = Period("", found[-1].start, piece.end)
        else:
            found.append(piece)
    return found


def _steps(pieces: Sequence[Period], bind: Bind) -> str:
    """The number of the piece that a fact's day lies in."""
    by_months = all(is_whole_months(piece) for piece in pieces)
    cases = " ".join(
        f"WHEN {_from(piece, by_months, bind)} THEN {n}"
        for n, piece in reversed([*enumerate(pieces)][1:])
    )
    return f"CASE {cases} ELSE 0 END" if cases else "0"


def _from(piece: Period, by_months: bool, bind: Bind) -> str:
    if by_months:
        return f"_month >= {bind(month_number(piece.start))}"
    return f"_day >= {bind(piece.start)}"


def _taking(first: int, last: int, bind: Bind) -> str:
    if first == last:
        return f"bucket = {bind(first)}"
    return f"bucket BETWEEN {bind(first)} AND {bind(last)}"


def _of_months(span: Period, bind: Bind) -> str:
    first, last = month_number(span.start), month_number(span.end)
    return f"_month BETWEEN {bind(first)} AND {bind(last)}"


def _of_days(span: Period, bind: Bind) -> str:
    if is_whole_months(span):
        return _of_months(span, bind)
    return f"_day BETWEEN {bind(span.start)} AND {bind(span.end)}"


def _in_one_month(piece: Period) -> bool:
    return month_number(piece.start) == month_number(piece.end)


def _without_gap(numbers: Sequence[int]) -> bool:
    return list(numbers) == [*range(numbers[0], numbers[0] + len(numbers))]


def _bit(number: str) -> str:
    return f"CAST(1 AS BIGINT) << ({number})"
