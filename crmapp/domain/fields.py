"""Field types: how a value is parsed, checked, compared and kept in the change log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

from crmapp.domain.letters import are_plain, seen, unfit
from crmapp.domain.planned import REMINDERS, is_length
from crmapp.domain.search import fold
from crmapp.domain.thousands import plain_number
from crmapp.i18n import N_, Text

Meaning = TypeVar("Meaning")

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")
_HOST = re.compile(r"[^\s/@]+\.[^\s/@.]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?:\D*\d){3}")
_MONEY = re.compile(r"-?\d{1,13}(\.\d+)?")
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?(e[+-]?\d{1,2})?", re.IGNORECASE)
_DIGITS = 15  # as many as a database that counts in binary keeps exactly
_YES = frozenset({"1", "true", "yes", "y", "on", "oui", "o", "vrai", "x"})
_NO = frozenset({"0", "false", "no", "n", "off", "non", "faux"})


class Kind(StrEnum):
    """The types that a field may have."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    YES_NO = "yes_no"
    TAGS = "tags"
    MOMENT = "moment"
    PICK_LIST = "pick_list"
    MULTI_PICK_LIST = "multi_pick_list"
    USER = "user"
    TEAM = "team"
    ACCOUNT = "account"
    CONTACT = "contact"
    RECORD = "record"
    REMINDER = "reminder"
    LENGTH = "length"


LISTED = frozenset({Kind.PICK_LIST, Kind.MULTI_PICK_LIST})
SEARCHED_KINDS = frozenset({Kind.TEXT, Kind.EMAIL, Kind.PHONE, Kind.URL})
"""Kinds of custom fields whose text the search of a list finds."""
CUSTOM = "c_"
"""How the names of custom fields begin, and no column of ours does."""


def is_custom(name: str) -> bool:
    """Whether ``name`` is that of a custom field, whose value stands in the column ``custom``."""
    return name.startswith(CUSTOM)


REQUIRED = N_("Enter a value; this field is required.")


class BadValue(ValueError):
    """A value that a field cannot hold; ``text`` says why and what to do."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(str(text))


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a record: its name is the column's, its label and help are shown to people.

    ``aliases`` are names that a source may give the same thing, folded. The list of accounts can be
    filtered and sorted by a custom field that is ``filterable``, and shows one that is ``listed``.
    """

    name: str
    label: str
    help: str
    kind: Kind = Kind.TEXT
    group: str = ""
    required: bool = False
    pick_list: str | None = None
    max_length: int = 200
    mappable: bool = True
    aliases: frozenset[str] = frozenset()
    filterable: bool = False
    listed: bool = False
    retired: bool = False

    @cached_property
    def custom(self) -> bool:
        return is_custom(self.name)


@dataclass(frozen=True)
class Lookups:
    """What words mean: per pick list, and for people and teams, folded word → code or id.

    ``retired`` are per pick list the codes that may stay where they are, but not be chosen anew.
    ``accounts`` are those that are meant by the words at hand, each a number or a name, as typed;
    0 stands for several. ``zone`` is where a moment is meant that names no time zone.
    """

    pick_lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)
    teams: Mapping[str, int] = field(default_factory=dict)
    retired: Mapping[str, frozenset[str]] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    zone: tzinfo | None = None


def parse(spec: Field, raw: object, lookups: Lookups) -> Any:
    """Turn what a person typed or a source holds into a value of ``spec``; ``None`` if empty.

    Raises:
        BadValue: the text is not such a value.
    """
    if isinstance(raw, bool) and spec.kind is Kind.YES_NO:
        return raw
    if isinstance(raw, list | tuple):
        raw = "\n".join(map(str, raw))
    text = "" if raw is None else str(raw).strip()
    if not text.isprintable() and (problem := unfit(text, spec.name)):
        raise BadValue(Text(problem))
    if not (text := seen(text, spec.name)):
        return None
    return _PARSERS[spec.kind](spec, text, lookups)


def are_values(spec: Field, cells: Sequence[Any]) -> bool:
    """Say cheaply that all cells of a column are texts which :func:`parse` gives back unchanged."""
    if spec.kind not in (Kind.TEXT, Kind.PHONE) or {*map(type, cells)} != {str}:
        return False
    return (
        all(cells)
        and max(map(len, cells)) <= spec.max_length
        and are_plain(cells)
        and [*map(str.strip, cells)] == cells
        and (spec.kind is not Kind.PHONE or all(map(_PHONE.match, cells)))
    )


def check(spec: Field, value: Any) -> Any:
    """Refuse an empty value where one is required, else return it.

    Raises:
        BadValue: the field is required.
    """
    if spec.required and value in (None, "", []):
        raise BadValue(Text(REQUIRED))
    return value


def newly_chosen(spec: Field, value: Any, held: Any, lookups: Lookups) -> Any:
    """Refuse a value of a pick list that is offered no more, unless it is ``held``; else return it.

    Raises:
        BadValue: it would be chosen anew.
    """
    retired = lookups.retired.get(spec.pick_list or "", frozenset())
    if retired and value not in (None, held):
        before = held if isinstance(held, list) else [held]
        chosen = value if isinstance(value, list) else [value]
        for each in chosen:
            if each in retired and each not in before:
                text = N_("“%(value)s” is no longer offered. Choose another value.")
                raise BadValue(Text(text, {"value": each}))
    return value


def required_of(fields: Mapping[str, Field]) -> list[str]:
    """Return the names of the fields without which no record is made."""
    return [name for name, spec in fields.items() if spec.required]


def freeze(value: Any) -> Any:
    """Return ``value`` as JSON keeps it in the change log."""
    if value is None or type(value) is str:  # as most are
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def thaw(spec: Field, kept: Any) -> Any:
    """Return the value that :func:`freeze` kept."""
    read = _THAWED.get(spec.kind)
    return kept if kept is None or read is None else read(kept)


def thawers(fields: Mapping[str, Field]) -> dict[str, Callable[[str], Any]]:
    """Return name → what :func:`thaw` does, of the fields whose values it does not leave alone."""
    return {name: _THAWED[spec.kind] for name, spec in fields.items() if spec.kind in _THAWED}


_THAWED: dict[Kind, Callable[[str], Any]] = {
    Kind.MONEY: Decimal,
    Kind.NUMBER: Decimal,
    Kind.MOMENT: datetime.fromisoformat,
    Kind.DATE: date.fromisoformat,
}


def _text(spec: Field, text: str, _lookups: Lookups) -> str:
    limit = 20_000 if spec.kind is Kind.LONG_TEXT else spec.max_length
    if len(text) > limit:
        raise BadValue(
            Text(
                N_("Too long: %(length)s characters, at most %(limit)s fit."),
                {"length": len(text), "limit": limit},
            )
        )
    if spec.kind is not Kind.LONG_TEXT and ("\n" in text or "\r" in text):
        return " ".join(text.split())
    return text


def _email(spec: Field, text: str, lookups: Lookups) -> str:
    if not _EMAIL.fullmatch(text) or ".." in text:
        raise BadValue(Text(N_("Enter a full address, like ann@example.com.")))
    return _text(spec, text, lookups)


def _phone(spec: Field, text: str, lookups: Lookups) -> str:
    if not _PHONE.match(text):
        raise BadValue(Text(N_("Enter a phone number with at least three digits.")))
    return _text(spec, text, lookups)


def _url(spec: Field, text: str, lookups: Lookups) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise BadValue(Text(N_("Enter a web address, like https://example.com.")))
    return _text(spec, address, lookups)


def _number(_spec: Field, text: str, _lookups: Lookups) -> Decimal:
    plain = plain_number(text)
    if not _NUMBER.fullmatch(plain):
        raise BadValue(Text(N_("Enter a number, like 12.5.")))
    number = Context(prec=_DIGITS).create_decimal(plain)
    if number.adjusted() >= _DIGITS:
        limit = {"limit": _DIGITS}
        raise BadValue(Text(N_("Enter a number of at most %(limit)s digits."), limit))
    if number.adjusted() < -_DIGITS:
        return Decimal(0)
    return Decimal(format(number.normalize(), "f"))


def _money(_spec: Field, text: str, _lookups: Lookups) -> Decimal:
    plain = plain_number(text)
    try:
        if not _MONEY.fullmatch(plain):
            raise InvalidOperation
        return Decimal(plain).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise BadValue(Text(N_("Enter an amount, like 1250.00."))) from None


def _yes_no(_spec: Field, text: str, _lookups: Lookups) -> bool:
    word = fold(text)
    if word in _YES or word in _NO:
        return word in _YES
    raise BadValue(Text(N_("Enter yes or no.")))


def _tags(spec: Field, text: str, lookups: Lookups) -> list[str]:
    tags = (tag.strip() for tag in text.split(","))
    return [*dict.fromkeys(_text(spec, tag, lookups) for tag in tags if tag)]


def _moment(_spec: Field, text: str, lookups: Lookups) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is None and lookups.zone is not None:
        moment = moment.replace(tzinfo=lookups.zone)
    if moment is None or moment.tzinfo is None or not 1900 <= moment.year <= 2200:
        raise BadValue(Text(N_("Enter a date and time, like 2026-11-22 14:30.")))
    return moment


def _date(_spec: Field, text: str, _lookups: Lookups) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise BadValue(Text(N_("Enter a date, like 2026-11-22."))) from None


def _pick_list(spec: Field, text: str, lookups: Lookups) -> str:
    return _look_up(lookups.pick_lists.get(spec.pick_list or "", {}), text)


def _multi_pick_list(spec: Field, text: str, lookups: Lookups) -> list[str] | None:
    """Read several values: a line each, or separated by semicolons, else by commas."""
    words = lookups.pick_lists.get(spec.pick_list or "", {})
    if fold(text) in words:
        return [words[fold(text)]]
    mark = next((mark for mark in ("\n", ";") if mark in text), ",")
    codes = {_look_up(words, part.strip()) for part in text.split(mark) if part.strip()}
    return sorted(codes) or None


def _user(_spec: Field, text: str, lookups: Lookups) -> int:
    return _look_up(lookups.users, text)


def _team(_spec: Field, text: str, lookups: Lookups) -> int:
    return _look_up(lookups.teams, text)


def _account(_spec: Field, text: str, lookups: Lookups) -> int:
    found = lookups.accounts.get(text)
    if found is None:
        raise BadValue(Text(N_("No account that you see has this number or name.")))
    if not found:
        raise BadValue(Text(N_("Several accounts have this name. Enter the number instead.")))
    return found


def _record(spec: Field, text: str, _lookups: Lookups) -> int:
    if not text.isdecimal() or len(text) > 15:
        asked = N_("Enter the id as our exports have it, a whole number.")
        chosen = N_("Choose a record from the list.")
        raise BadValue(Text(asked if spec.kind is Kind.RECORD else chosen))
    return int(text)


def _minutes(spec: Field, text: str, _lookups: Lookups) -> int:
    if spec.kind is Kind.REMINDER and text not in REMINDERS:
        raise BadValue(Text(N_("Enter 0, 15, 60 or 1440 minutes, or nothing.")))
    if spec.kind is Kind.LENGTH and not is_length(text):
        raise BadValue(Text(N_("Enter a whole number of minutes, from 1 to 1440, or nothing.")))
    return int(text)


def _look_up(words: Mapping[str, Meaning], text: str) -> Meaning:
    try:
        return words[fold(text)]
    except KeyError:
        raise BadValue(
            Text(
                N_("“%(value)s” is not in the list. Choose one of its values."),
                {"value": text[:80]},
            )
        ) from None


_PARSERS = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _text,
    Kind.EMAIL: _email,
    Kind.PHONE: _phone,
    Kind.URL: _url,
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.YES_NO: _yes_no,
    Kind.TAGS: _tags,
    Kind.MOMENT: _moment,
    Kind.PICK_LIST: _pick_list,
    Kind.MULTI_PICK_LIST: _multi_pick_list,
    Kind.USER: _user,
    Kind.TEAM: _team,
    Kind.ACCOUNT: _account,
    Kind.CONTACT: _record,
    Kind.RECORD: _record,
    Kind.REMINDER: _minutes,
    Kind.LENGTH: _minutes,
}
