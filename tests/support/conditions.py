"""Accounts and conditions at random, and in plain Python which accounts meet which conditions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from crmapp.domain.conditions import Condition, Group, Operator
from crmapp.domain.search import fold

TEXTS = (
    None, "", "Lyon", "LYON", "lyón", "Lyon sud", "Łódź", "lodz", "Straße", "STRASSE", "Ærø",
    "100%", "a_b", "naïve", "Naive", "ΟΔΟΣ", "οδός", "İzmir", "izmir", "ﬁnal", "final", "e\u0301te",
    "été", "O'Brien", "back\\slash", "pipe|semi;tilde~comma,", "  two   words ", "Two words",
    "日本", "Ünïcode", "þing", "thing", "x" * 60,
)  # fmt: skip
AMOUNTS = (None, Decimal("0.00"), Decimal("-5.25"), Decimal("0.01"), Decimal("1000.00"),
           Decimal("999.99"), Decimal("1000.01"), Decimal("9999999999999.99"))  # fmt: skip
NUMBERS = (None, "0", "-1", "0.1", "0.3", "12.5", "123456789012345", "0.000001", "9", "10")
DAYS = (None, "1900-01-01", "2025-12-31", "2026-06-13", "2026-06-14", "2026-06-15", "2026-06-16",
        "2026-07-01", "2200-12-31")  # fmt: skip
CODES = (None, "email", "phone", "fax")
MANY = (None, [], ["email"], ["email", "fax"], ["fax", "letter", "phone"])
TAGS = ([], ["Key"], ["KEY", "été"], ["old", "Łódź"], ["a,b"])
MOMENTS = tuple(
    datetime(2026, 6, 15, tzinfo=UTC) + timedelta(hours=hours)
    for hours in (-9000, -60, -37, -36, -14, -13, -12, -1, 0, 9, 10, 11, 12, 36)
)
TEXT_FIELDS = ("name", "billing_city", "location", "notes", "c_text")
STANDARD = {
    "billing_city": TEXTS,
    "location": TEXTS,
    "notes": TEXTS,
    "credit_limit": AMOUNTS,
    "contact_method": CODES,
    "active": (True, False),
    "tags": TAGS,
    "created_at": MOMENTS,
}
OWN = {
    "c_text": TEXTS,
    "c_number": NUMBERS,
    "c_date": DAYS,
    "c_flag": (None, True, False),
    "c_pick": CODES,
    "c_multi": MANY,
}
_O = Operator
_HAS = (_O.EMPTY, _O.FILLED)
_TEXT = (_O.IS, _O.NOT, _O.CONTAINS, _O.BEGINS, _O.ANY, _O.NONE, *_HAS)
_NUMBER = (_O.IS, _O.NOT, _O.LESS, _O.AT_MOST, _O.MORE, _O.AT_LEAST, _O.BETWEEN, *_HAS)
_WHEN = (_O.IS, _O.NOT, _O.BEFORE, _O.AFTER, _O.BETWEEN, _O.PAST, _O.COMING, _O.OLDER)
_SOME = (_O.ANY, _O.ALL, _O.NONE, *_HAS)
ASKED: dict[str, tuple[Operator, ...]] = {
    "name": _TEXT,
    "billing_city": _TEXT,
    "location": _TEXT,
    "notes": (_O.CONTAINS, *_HAS),
    "c_text": _TEXT,
    "credit_limit": _NUMBER,
    "c_number": _NUMBER,
    "c_date": (*_WHEN, *_HAS),
    "created_at": _WHEN,
    "active": (_O.YES, _O.NO),
    "c_flag": (_O.YES, _O.NO),
    "contact_method": (_O.ANY, _O.NONE, *_HAS),
    "c_pick": (_O.ANY, _O.NONE, *_HAS),
    "c_multi": _SOME,
    "tags": _SOME,
    "owner_id": (_O.ANY, _O.NONE, *_HAS),
    "parent_id": (_O.IS, _O.NOT, *_HAS),
    "bill_to_id": (_O.IS, _O.NOT, *_HAS),
    "last_activity": (_O.PAST, _O.OLDER, *_HAS),
}


def an_account(random: Random, number: int) -> dict[str, Any]:
    """Return the columns of an account, with its custom fields in ``custom``."""
    values = {name: random.choice(some) for name, some in STANDARD.items()}
    custom = {name: random.choice(some) for name, some in OWN.items()}
    called = f"{random.choice(TEXTS) or 'Firm'} {number}"
    held = {name: value for name, value in custom.items() if value is not None}
    return {**values, "name": called, "custom": held}


def groups(random: Random, people: tuple[int, ...]) -> tuple[Group, ...]:
    """Return a filter of up to three groups of up to three conditions."""
    found = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        parts = tuple(a_condition(random, people) for _ in range(random.choice((1, 1, 2, 3))))
        found.append(Group(parts, len(parts) == 1 or random.random() < 0.4))
    return tuple(found)


def a_condition(random: Random, people: tuple[int, ...]) -> Condition:
    field = random.choice(tuple(ASKED))
    operator = random.choice(ASKED[field])
    if operator in (*_HAS, _O.YES, _O.NO):
        return Condition(field, operator)
    if operator in (_O.PAST, _O.COMING, _O.OLDER):
        return Condition(field, operator, (str(random.choice((0, 1, 2, 5, 400))),))
    count = 2 if operator is _O.BETWEEN else 1
    if operator in (_O.ANY, _O.ALL, _O.NONE):
        count = random.choice((1, 2, 3))
    return Condition(field, operator, tuple(_value(random, field, people) for _ in range(count)))


def _value(random: Random, field: str, people: tuple[int, ...]) -> str:
    """Return a value as it is typed: one that accounts have, a part of it, or one beside it."""
    if field == "owner_id":
        return random.choice(("me", *map(str, people)))
    if field in ("parent_id", "bill_to_id"):
        return random.choice(("P1", "p one"))
    if field == "tags":
        return random.choice(("key", "ÉTÉ", "lodz", "nothing", "a,b"))
    if field in ("contact_method", "c_pick", "c_multi"):
        return random.choice(("email", "phone", "fax", "letter"))
    if field in ("c_date", "created_at"):
        return random.choice(DAYS[1:])
    if field == "credit_limit":
        return str(random.choice(AMOUNTS[1:]))
    if field == "c_number":
        return str(random.choice(NUMBERS[1:]))
    text = random.choice([text for text in TEXTS if text])
    start = random.randrange(len(text))
    part = text[start : start + random.randint(1, 4)]
    text = random.choice((text, text, text.upper(), part, part))
    return text if fold(text) else "e"


class Oracle:
    """Says whether an account meets a filter, one value at a time, in ``zone`` at ``now``."""

    def __init__(self, me: int, parent: int, zone: str, now: datetime) -> None:
        self._me, self._parent, self._zone, self._now = me, parent, ZoneInfo(zone), now
        self._today = now.astimezone(self._zone).date()

    def meets(self, account: dict[str, Any], filter_: tuple[Group, ...]) -> bool:
        return all(
            (all if group.every else any)([self._met(account, one) for one in group.conditions])
            for group in filter_
        )

    def _met(self, account: dict[str, Any], asked: Condition) -> bool:
        name, operator = asked.field, asked.operator
        held = account["custom"].get(name) if name.startswith("c_") else account.get(name)
        if name == "last_activity":
            return self._of_activities(account["activities"], asked)
        if operator is _O.EMPTY:
            return held in (None, "", [])
        if operator is _O.FILLED:
            return held not in (None, "", [])
        if operator in (_O.YES, _O.NO):
            return bool(held) is (operator is _O.YES)
        if operator in (_O.NOT, _O.NONE):
            opposite = _O.IS if operator is _O.NOT else _O.ANY
            return not self._met(account, Condition(name, opposite, asked.values))
        if held in (None, "", []):
            return False
        if name in TEXT_FIELDS:
            return _text(fold(held), operator, [fold(value) for value in asked.values])
        if name in ("credit_limit", "c_number"):
            return _number(Decimal(held), operator, sorted(map(Decimal, asked.values)))
        if name in ("c_date", "created_at"):
            day = date.fromisoformat(held) if isinstance(held, str) else self._day(held)
            return self._on(day, operator, asked.values)
        if name == "owner_id":
            return held in [self._me if value == "me" else int(value) for value in asked.values]
        if name in ("parent_id", "bill_to_id"):
            return bool(held == self._parent)
        has = {fold(each) for each in (held if isinstance(held, list) else [held])}
        wanted = {fold(value) for value in asked.values}
        return wanted <= has if operator is _O.ALL else bool(wanted & has)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _on(self, day: date, operator: Operator, values: tuple[str, ...]) -> bool:
        ago = (self._today - day).days
        if operator is _O.PAST:
            return 0 <= ago <= int(values[0])
        if operator is _O.COMING:
            return 0 <= -ago <= int(values[0])
        if operator is _O.OLDER:
            return ago > int(values[0])
        return _number(day, operator, sorted(map(date.fromisoformat, values)))

    def _of_activities(self, moments: list[datetime], asked: Condition) -> bool:
        past = [moment for moment in moments if moment <= self._now]
        if asked.operator in (_O.EMPTY, _O.FILLED):
            return bool(past) is (asked.operator is _O.FILLED)
        last = max(map(self._day, past), default=date.min)
        recent = (self._today - last).days <= int(asked.values[0])
        return recent is (asked.operator is _O.PAST)


def _text(held: str, operator: Operator, wanted: list[str]) -> bool:
    if operator is _O.CONTAINS:
        return wanted[0] in held
    if operator is _O.BEGINS:
        return held.startswith(wanted[0])
    return held in wanted


def _number(held: Any, operator: Operator, wanted: list[Any]) -> bool:
    first, last = wanted[0], wanted[-1]
    return {
        _O.IS: held == first,
        _O.LESS: held < first,
        _O.BEFORE: held < first,
        _O.AT_MOST: held <= first,
        _O.MORE: held > first,
        _O.AFTER: held > first,
        _O.AT_LEAST: held >= first,
        _O.BETWEEN: first <= held <= last,
    }[operator]
