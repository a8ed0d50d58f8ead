"""Steps: what may be done to a source's cell before it becomes the value of a field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from crmapp.domain.fields import BadValue
from crmapp.domain.search import digits
from crmapp.domain.thousands import closed_up
from crmapp.i18n import N_, Text

MOST = 6
"""How many steps one field may take."""


class StepKind(StrEnum):
    """What a step does; ``LABELS`` says it."""

    TRIM = "trim"
    UPPER = "upper"
    LOWER = "lower"
    TITLE = "title"
    FIRST_WORD = "first_word"
    OTHER_WORDS = "other_words"
    PHONE = "phone"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    YEAR_FIRST = "year_first"
    POINT = "point"
    COMMA = "comma"
    DEFAULT = "default"


LABELS: dict[StepKind, str] = {
    StepKind.TRIM: N_("Single spaces"),
    StepKind.UPPER: N_("UPPER CASE"),
    StepKind.LOWER: N_("lower case"),
    StepKind.TITLE: N_("Title Case"),
    StepKind.FIRST_WORD: N_("First word only"),
    StepKind.OTHER_WORDS: N_("Without the first word"),
    StepKind.PHONE: N_("Phone with country code"),
    StepKind.DAY_FIRST: N_("Date written day/month/year"),
    StepKind.MONTH_FIRST: N_("Date written month/day/year"),
    StepKind.YEAR_FIRST: N_("Date written year/month/day"),
    StepKind.POINT: N_("Number written 1,234.56"),
    StepKind.COMMA: N_("Number written 1.234,56"),
    StepKind.DEFAULT: N_("If empty, use"),
}

_UNREAD: dict[StepKind, str] = {
    StepKind.DAY_FIRST: N_("“%(value)s” is not a date written day/month/year."),
    StepKind.MONTH_FIRST: N_("“%(value)s” is not a date written month/day/year."),
    StepKind.YEAR_FIRST: N_("“%(value)s” is not a date written year/month/day."),
    StepKind.POINT: N_("“%(value)s” is not a number written like 1,234.56."),
    StepKind.COMMA: N_("“%(value)s” is not a number written like 1.234,56."),
}

WITH_VALUE: dict[StepKind, str] = {
    StepKind.PHONE: N_("Country code, e.g. 33"),
    StepKind.DEFAULT: N_("Value for empty cells"),
}
"""The steps that need a value, and what it is called."""


@dataclass(frozen=True)
class Step:
    """One step; ``value`` is the country code, or what an empty cell becomes."""

    kind: StepKind
    value: str = ""

    def as_json(self) -> list[str]:
        return [self.kind.value, self.value]

    @classmethod
    def from_json(cls, kept: Sequence[str]) -> Step:
        return cls(StepKind(kept[0]), kept[1])


def problem(step: Step) -> str | None:
    """Say what is wrong with a step's own value, if anything is."""
    if step.kind is StepKind.PHONE and not re.fullmatch(r"\+?[1-9]\d{0,3}", step.value.strip()):
        return N_("Enter the country code as one to four digits, like 33.")
    if step.kind is StepKind.DEFAULT and not step.value.strip():
        return N_("Enter the value that empty cells become.")
    return None


def as_text(cell: Any) -> str:
    """Write a source's cell as a plan keeps it, so that steps read it the same twice."""
    return cell.isoformat() if isinstance(cell, date) else "" if cell is None else str(cell)


def take(steps: Sequence[Step], cell: Any) -> str:
    """Return what ``steps``, one after the other, make of a cell; empty stays empty.

    Raises:
        BadValue: the cell is not written as a step expects.
    """
    text = as_text(cell).strip()
    for step in steps:
        if step.kind is StepKind.DEFAULT:
            text = text or step.value.strip()
        elif text:
            text = _TAKEN[step.kind](text, step.value).strip()
    return text


def _single_spaces(text: str, _value: str) -> str:
    return " ".join(text.split())


def _title(text: str, _value: str) -> str:
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: _capital(word[0]), text)


def _capital(word: str) -> str:
    """Begin a word with a capital: ``O'Brien``, ``L'Oréal``, but ``Don't``."""
    first, *others = re.split(r"(?<=['’])", word)
    small = len(first) > 2
    return first.capitalize() + "".join(w.lower() if small else w.capitalize() for w in others)


def _first_word(text: str, _value: str) -> str:
    return text.split()[0]


def _other_words(text: str, _value: str) -> str:
    return " ".join(text.split()[1:])


def _phone(text: str, value: str) -> str:
    """Write a national number with its country code; one that has a code keeps it.

    The 0 that is dialled only inside a country goes: ``01 23 45`` becomes ``+33 1 23 45``.
    """
    code = digits(value)
    number = re.sub(r"\(0\)", "", text).strip()
    if number.startswith("00"):
        number = f"+{number[2:].lstrip()}"
    if number.startswith("+") or not digits(number):
        return number
    return f"+{code} {re.sub(r'^0', '', number).lstrip()}"


_DAY, _MONTH, _YEAR = r"(?P<d>\d{1,2})", r"(?P<m>\d{1,2})", r"(?P<y>\d{4})"
_BETWEEN = r"\s*[./\- ]\s*"
_DATES = {
    StepKind.DAY_FIRST: re.compile(_BETWEEN.join((_DAY, _MONTH, _YEAR))),
    StepKind.MONTH_FIRST: re.compile(_BETWEEN.join((_MONTH, _DAY, _YEAR))),
    StepKind.YEAR_FIRST: re.compile(
        rf"{_YEAR}{_BETWEEN}{_MONTH}{_BETWEEN}{_DAY}|(?P<y2>\d{{4}})(?P<m2>\d\d)(?P<d2>\d\d)"
    ),
}
_TIME = re.compile(
    r"(T|,?\s+)(?P<h>\d{1,2}):(?P<min>\d\d)(:(?P<s>\d\d)([.,]\d+)?)?(\s?(?P<half>[AaPp])\.?[Mm]\.?)?$"
)


def _date(kind: StepKind) -> Callable[[str, str], str]:
    def read(text: str, _value: str) -> str:
        try:
            return _iso(kind, text)
        except ValueError:
            raise BadValue(Text(_UNREAD[kind], {"value": text[:80]})) from None

    return read


def _iso(kind: StepKind, text: str) -> str:
    """Write a date as ISO 8601 does, with its time unless that is midnight.

    Raises:
        ValueError: it is not written so.
    """
    clock = _TIME.search(text)
    found = _DATES[kind].fullmatch(text[: clock.start()] if clock else text)
    if found is None:
        raise ValueError
    parts = found.groupdict()
    day = date(*(int(parts[p] or parts[f"{p}2"]) for p in "ymd"))
    at = _clock_time(clock) if clock else time()
    return f"{day} {at}" if at != time() else str(day)


def _clock_time(said: re.Match[str]) -> time:
    hour, half = int(said["h"]), (said["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, int(said["min"]), int(said["s"] or 0))


def date_step(samples: Sequence[str]) -> StepKind | None:
    """Return the step for dates written like ``samples``.

    ``None`` if they need none, are no dates, or may be read in two ways.
    """
    if not samples or all(map(_is_iso, samples)):
        return None
    reads = [kind for kind in _DATES if all(_is_written(kind, each) for each in samples)]
    return reads[0] if len(reads) == 1 else None


def _is_iso(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_written(kind: StepKind, text: str) -> bool:
    try:
        return bool(_iso(kind, text))
    except ValueError:
        return False


_NUMBERS = {
    StepKind.POINT: (re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?"), ","),
    StepKind.COMMA: (re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?"), "."),
}


def _number(kind: StepKind) -> Callable[[str, str], str]:
    pattern, thousands = _NUMBERS[kind]

    def read(text: str, _value: str) -> str:
        plain = closed_up(text)
        if not pattern.fullmatch(plain):
            raise BadValue(Text(_UNREAD[kind], {"value": text[:80]}))
        return plain.replace(thousands, "").replace(",", ".").rstrip(".").removeprefix("+")

    return read


_TAKEN: dict[StepKind, Callable[[str, str], str]] = {
    StepKind.TRIM: _single_spaces,
    StepKind.UPPER: lambda text, _value: text.upper(),
    StepKind.LOWER: lambda text, _value: text.lower(),
    StepKind.TITLE: _title,
    StepKind.FIRST_WORD: _first_word,
    StepKind.OTHER_WORDS: _other_words,
    StepKind.PHONE: _phone,
    **{kind: _date(kind) for kind in _DATES},
    **{kind: _number(kind) for kind in _NUMBERS},
}
