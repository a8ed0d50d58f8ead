r"""Conditions on the fields of a record, as values and as the text that an address keeps of them.

Records meet all groups; in a group they meet any of its conditions, or all of them::

    billing_city~is~Lyon|billing_city~is~Graz;credit_limit~gt~1000,active~yes

``;`` stands between groups, ``|`` (any) or ``,`` (all) between the conditions of one, ``~`` between
field, operator and values. A backslash before one of these, or before a backslash, makes it part of
a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote_plus

from crmapp.domain.fields import BadValue, Kind
from crmapp.i18n import N_, Text

MOST_GROUPS, MOST_CONDITIONS, MOST_VALUES = 10, 20, 20
LONGEST_VALUE = 200
LONGEST = 2_500
"""Letters of an address: servers and proxies take lines of about four thousand."""
MOST_DAYS = 36_500

UNREADABLE = N_("This filter cannot be read. Take it away and build it anew.")
TOO_MANY = N_("A filter takes up to 10 groups and 20 conditions in all. Take some away.")
TOO_MANY_VALUES = N_("Choose up to 20 values.")
TOO_LONG = N_("Look for at most 200 characters, without invisible ones.")
TOO_LONG_IN_ALL = N_("This filter is too long for an address. Take some conditions away.")

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TOKEN = re.compile(r"\\([\\~|,;])|([~|,;])|([^\\~|,;]+)")
_MARKS = re.compile(r"([\\~|,;])")


class Operator(StrEnum):
    """What a condition asks of a field."""

    IS = "is"
    NOT = "not"
    ANY = "any"
    ALL = "all"
    NONE = "none"
    CONTAINS = "contains"
    BEGINS = "begins"
    LESS = "lt"
    AT_MOST = "le"
    MORE = "gt"
    AT_LEAST = "ge"
    BETWEEN = "between"
    BEFORE = "before"
    AFTER = "after"
    PAST = "past"
    COMING = "coming"
    OLDER = "older"
    YES = "yes"
    NO = "no"
    EMPTY = "empty"
    FILLED = "filled"


_OPERATORS = frozenset(map(str, Operator))

ALONE = frozenset({Operator.YES, Operator.NO, Operator.EMPTY, Operator.FILLED})
"""Operators that take no value."""
SEVERAL = frozenset({Operator.ANY, Operator.ALL, Operator.NONE})
"""Operators that take one value or more."""
DAYS = frozenset({Operator.PAST, Operator.COMING, Operator.OLDER})
"""Operators whose value is a number of days, counted from today."""

_HAS = (Operator.EMPTY, Operator.FILLED)
_WORDS = (Operator.IS, Operator.NOT, Operator.CONTAINS, Operator.BEGINS)
_TEXT = (*_WORDS, Operator.ANY, Operator.NONE, *_HAS)
_FIGURES = (
    Operator.IS, Operator.NOT, Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST,
    Operator.BETWEEN, *_HAS,
)  # fmt: skip
_TIMES = (
    Operator.IS, Operator.NOT, Operator.BEFORE, Operator.AFTER, Operator.BETWEEN, Operator.PAST,
    Operator.COMING, Operator.OLDER, *_HAS,
)  # fmt: skip
_ONE_OF = (Operator.ANY, Operator.NONE, *_HAS)
_SOME_OF = (Operator.ANY, Operator.ALL, Operator.NONE, *_HAS)

OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: _TEXT,
    Kind.LONG_TEXT: (Operator.CONTAINS, *_HAS),
    Kind.EMAIL: _TEXT,
    Kind.PHONE: _TEXT,
    Kind.URL: _TEXT,
    Kind.NUMBER: _FIGURES,
    Kind.MONEY: _FIGURES,
    Kind.DATE: _TIMES,
    Kind.MOMENT: _TIMES,
    Kind.YES_NO: (Operator.YES, Operator.NO),
    Kind.TAGS: _SOME_OF,
    Kind.PICK_LIST: _ONE_OF,
    Kind.MULTI_PICK_LIST: _SOME_OF,
    Kind.USER: _ONE_OF,
    Kind.TEAM: _ONE_OF,
    Kind.ACCOUNT: (Operator.IS, Operator.NOT, *_HAS),
    Kind.CONTACT: _HAS,
}
"""What may be asked of each kind of field."""


@dataclass(frozen=True)
class Condition:
    """A field, what is asked of it, and the values as people type them or addresses keep them."""

    field: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Conditions of which a record meets ``every`` one, or any; of one alone it is every one."""

    conditions: tuple[Condition, ...]
    every: bool = True


def read(text: str) -> tuple[Group, ...]:
    """Read the groups of an address.

    Raises:
        BadValue: it was not written by :func:`write`, or is more than a filter takes.
    """
    groups: list[Group] = []
    conditions: list[Condition] = []
    joined: set[str] = set()
    words = [""]
    for mark, plain in (*_tokens(text), (";", "")) if text else ():
        if not mark:
            words[-1] += plain
        elif mark == "~":
            words.append("")
        else:
            conditions.append(_condition(words))
            words = [""]
            if mark != ";":
                joined.add(mark)
            else:
                groups.append(_group(conditions, joined))
                conditions, joined = [], set()
    check(groups)
    return tuple(groups)


def write(groups: Iterable[Group]) -> str:
    """Write groups as an address keeps them."""
    return ";".join(
        ("," if group.every else "|").join(map(_written, group.conditions)) for group in groups
    )


def without(groups: Sequence[Group], place: int, number: int) -> tuple[Group, ...]:
    """Return groups without one condition, and without its group if it was alone there."""
    found = list(groups)
    kept = found[place].conditions[:number] + found[place].conditions[number + 1 :]
    found[place : place + 1] = [Group(kept, found[place].every or len(kept) == 1)] if kept else []
    return tuple(found)


def check(groups: Sequence[Group]) -> None:
    """Refuse what is more than a filter takes, or less than it needs.

    Raises:
        BadValue: there are too many or too long conditions or values.
    """
    conditions = [each for group in groups for each in group.conditions]
    if len(groups) > MOST_GROUPS or len(conditions) > MOST_CONDITIONS:
        raise BadValue(Text(TOO_MANY))
    for condition in conditions:
        check_values(condition)
    if len(quote_plus(write(groups))) > LONGEST:
        raise BadValue(Text(TOO_LONG_IN_ALL))


def check_values(condition: Condition) -> None:
    """Refuse values that no operator takes.

    Raises:
        BadValue: they are too long, or too many.
    """
    if len(condition.values) > MOST_VALUES:
        raise BadValue(Text(TOO_MANY_VALUES))
    if any(len(value) > LONGEST_VALUE or "\x00" in value for value in condition.values):
        raise BadValue(Text(TOO_LONG))


def takes(operator: Operator, count: int) -> bool:
    """Say whether an operator is complete with so many values."""
    if operator in ALONE:
        return count == 0
    if operator in SEVERAL:
        return count > 0
    return count == (2 if operator is Operator.BETWEEN else 1)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield (mark, text) of an address: one of them is empty."""
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:  # a backslash before something else
            raise BadValue(Text(UNREADABLE))
        escaped, mark, plain = found.groups()
        yield mark or "", escaped or plain or ""
        place = found.end()


def _condition(words: Sequence[str]) -> Condition:
    field, operator, *values = *words, *[""] * (2 - len(words))
    if not _FIELD.fullmatch(field) or operator not in _OPERATORS:
        raise BadValue(Text(UNREADABLE))
    condition = Condition(field, Operator(operator), tuple(values))
    if not takes(condition.operator, len(values)) or not all(map(str.strip, values)):
        raise BadValue(Text(UNREADABLE))
    return condition


def _group(conditions: Sequence[Condition], joined: set[str]) -> Group:
    if len(joined) > 1:
        raise BadValue(Text(UNREADABLE))
    return Group(tuple(conditions), "|" not in joined)


def _written(condition: Condition) -> str:
    values = (_MARKS.sub(r"\\\1", value) for value in condition.values)
    return "~".join((condition.field, condition.operator, *values))
