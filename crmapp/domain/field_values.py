"""One value of one system as the other one takes it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from crmapp.domain.field_fit import NUMBERS, meets_list, same_word
from crmapp.domain.field_rules import FieldRule, Shape, Side
from crmapp.domain.fields import BadValue
from crmapp.i18n import N_, Text

SEPARATORS = {Side.INTACCT: "#~#", Side.SALESFORCE: ";"}
"""What stands between the values of a multi pick list."""
_EXACT = Context(prec=80)


@dataclass(frozen=True)
class References:
    """Object of Salesforce → id in Intacct → id in Salesforce, of the records that are named."""

    ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def _codes(self) -> dict[str, dict[str, str]]:
        return {name: {id: code for code, id in of.items()} for name, of in self.ids.items()}

    def id(self, object: str, code: str) -> str | None:
        return self.ids.get(object, {}).get(code)

    def code(self, object: str, id: str) -> str | None:
        return self._codes.get(object, {}).get(id)


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def split(value: Any, shape: Shape, side: Side) -> list[str]:
    """Return the values of a multi pick list, or the only one of another field, as words."""
    if shape.kind != "multi_pick_list" or not isinstance(value, str):
        return [] if is_blank(value) else [as_text(value)]
    return [word.strip() for word in value.split(SEPARATORS[side]) if word.strip()]


def as_text(value: Any) -> str:
    """Return a value in words that people and both systems read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(Decimal(value).normalize(_EXACT), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def canonical(value: Any, shape: Shape, side: Side) -> str:
    """Return a text that is the same for values which are the same to both systems.

    A box that is not ticked is as good as an empty one; the order of several values is nothing.
    """
    if is_blank(value) or value is False:
        return ""
    if shape.kind == "multi_pick_list":
        return "\n".join(sorted(set(split(value, shape, side))))
    if shape.kind in NUMBERS and isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            return as_text(value)
    return unicodedata.normalize("NFC", as_text(value))


def digest(text: str) -> str:
    """Return a short stand-in for a text, which says only whether another one is the same."""
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def convert(
    rule: FieldRule, value: Any, to: Side, source: Shape, target: Shape, known: References
) -> Any:
    """Return ``value`` of ``source`` as ``target`` takes it; None if it means nothing there.

    Raises:
        BadValue: it does not fit; the text says why.
    """
    if is_blank(value):
        return None
    if to is Side.SALESFORCE and target.kind == "reference":
        return _looked_up(known.id(rule.lookup, as_text(value)), rule, value, target)
    if to is Side.INTACCT and source.kind == "reference" and rule.lookup:
        value = _looked_up(known.code(rule.lookup, as_text(value)), rule, value, target)
    if meets_list(source, target):
        words = [_word(rule, each, to, target) for each in split(value, source, to.other)]
        return _listed([word for word in words if word], to, target)
    if source.kind == "multi_pick_list":
        value = "; ".join(split(value, source, to.other))
    take: Callable[[Any, Shape], Any] = _TAKES.get(target.kind, _text)
    return take(value, target)


def _looked_up(found: str | None, rule: FieldRule, value: Any, target: Shape) -> str:
    if found is None:
        said = N_(
            "%(object)s in Salesforce has no record for “%(value)s”. Synchronize that list, or"
            " create the record."
        )
        raise BadValue(Text(said, {"object": rule.lookup, "value": as_text(value)[:80]}))
    return found


def _word(rule: FieldRule, word: str, to: Side, target: Shape) -> str:
    meant = rule.words_of(to).get(word, word)
    found = same_word(meant, target) if meant else ""
    if found is None:
        said = N_("“%(value)s” is not a value of %(field)s. Say in the row which one it means.")
        raise BadValue(Text(said, {"value": meant[:80], "field": target.label}))
    return found


def _listed(words: Sequence[str], to: Side, target: Shape) -> Any:
    if not words:
        return None
    if target.kind == "multi_pick_list":
        return SEPARATORS[to].join(dict.fromkeys(words))
    return words[0] == "true" if target.kind == "yes_no" else words[0]


def _text(value: Any, target: Shape) -> str:
    text = as_text(value)
    if "\n" in text and target.kind not in ("long_text", "rich_text"):
        text = ", ".join(line.strip(" ,") for line in text.split("\n") if line.strip(" ,"))
    if target.length and len(text) > target.length:
        said = N_("%(length)s characters are too many: %(field)s takes %(most)s.")
        params = {"length": len(text), "field": target.label, "most": target.length}
        raise BadValue(Text(said, params))
    return text


def _decimal(value: Any, target: Shape, scale: int | None) -> Decimal:
    try:
        number = Decimal(str(value).strip())
        if not number.is_finite():
            raise InvalidOperation
        if scale is not None:
            number = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)
    except InvalidOperation:
        raise _unfit(
            value, N_("“%(value)s” is not a number that %(field)s takes."), target
        ) from None
    before_point = (target.precision or 0) - (target.scale or 0)
    if target.precision and number and number.adjusted() >= max(before_point, 0):
        raise _unfit(value, N_("“%(value)s” has more digits than %(field)s takes."), target)
    return number


def _unfit(value: Any, said: str, target: Shape) -> BadValue:
    return BadValue(Text(said, {"value": as_text(value)[:80], "field": target.label}))


def _number(value: Any, target: Shape) -> Decimal:
    return _decimal(value, target, target.scale)


def _integer(value: Any, target: Shape) -> int:
    return int(_decimal(value, target, 0))


def _yes_no(value: Any, target: Shape) -> bool:
    word = value if isinstance(value, bool) else same_word(as_text(value), target)
    if word is None:
        raise _unfit(value, N_("“%(value)s” is neither yes nor no for %(field)s."), target)
    return word in (True, "true")


def _date(value: Any, target: Shape) -> date:
    if isinstance(value, datetime):
        return value.astimezone(UTC).date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(as_text(value)[:10])
    except ValueError:
        raise _unfit(value, N_("“%(value)s” is not a date for %(field)s."), target) from None


def _moment(value: Any, target: Shape) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0)
    return datetime.combine(_date(value, target), time(), UTC)


def _time(value: Any, _target: Shape) -> Any:
    return value


_TAKES: dict[str, Callable[[Any, Shape], Any]] = {
    "integer": _integer,
    "number": _number,
    "money": _number,
    "percent": _number,
    "yes_no": _yes_no,
    "date": _date,
    "date_time": _moment,
    "time": _time,
}
