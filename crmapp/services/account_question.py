"""What a reader asks of the list of accounts, as a value and as the arguments of an address."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crmapp.db import LARGEST_ID
from crmapp.domain.conditions import Group
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.services import account_columns, account_conditions, account_fields

NOBODY = 0
"""Stands for *no owner* and *no team* among ids."""
SORTS = ("name", "number", "location", "phone", "primary_contact", "owner", "team")
ARGUMENTS = (
    "q",
    "active",
    "owner",
    "team",
    "location",
    "where",
    "run",
    "deleted",
    "sort",
    "columns",
)
LONGEST_SEARCH = 200
MOST_LOCATIONS = 20


@dataclass(frozen=True)
class Cursor:
    """A place in the sorted list: the stretch it is in, and the sort values of an account there."""

    token: str
    values: tuple[str | float, ...]
    backwards: bool = False

    def __str__(self) -> str:
        text = json.dumps([self.token, list(self.values), self.backwards], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Read a place from an address.

        Raises:
            Invalid: it was not written by us.
        """
        try:
            padded = text + "=" * (-len(text) % 4)
            token, values, backwards = json.loads(base64.b64decode(padded, b"-_", validate=True))
            *texts, number = values
            if texts and type(texts[0]) in (int, float):  # a list that is sorted by numbers
                texts[0] = float(texts[0])
                if not math.isfinite(texts[0]):
                    raise bad_address("cursor")
            written = "".join([token, *filter(_is_text, texts)]).encode()  # half characters
        except (binascii.Error, ValueError, TypeError, RecursionError, OverflowError):
            raise bad_address("cursor") from None
        if not all(map(_is_text, texts[1:])):
            raise bad_address("cursor")
        if b"\x00" in written or type(number) is not int or not 0 < number <= LARGEST_ID:
            raise bad_address("cursor")
        return cls(token, (*texts, number), backwards is True)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which accounts, in which order, from where on, and in which columns.

    ``owner`` and ``team`` are ids or NOBODY; with ``locations``, accounts at any of them; with
    ``run``, those that it wrote; ``fields`` are (custom field, what is asked of it); ``where`` is
    the filter that was built of any fields. Without ``columns`` the standard ones are shown;
    ``gone`` are those that were asked for and are none, or not any more.
    """

    words: str = ""
    active: bool | None = None
    owner: int | None = None
    team: int | None = None
    locations: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    where: tuple[Group, ...] = ()
    run: int | None = None
    deleted: bool = False
    sort: str = "name"
    descending: bool = False
    cursor: Cursor | None = None
    size: int = 50
    columns: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @classmethod
    def from_args(
        cls, args: Mapping[str, str], *, me: int, locations: Sequence[str] = ()
    ) -> Question:
        """Read a question from an address; ``me`` is the reader's id, for ``owner=me``.

        ``locations`` are the values of the argument that may come several times.

        Raises:
            Invalid: argument → what it may be.
        """
        sort = args.get("sort", "name") or "name"
        column = sort.removeprefix("-")
        if column not in SORTS and not account_fields.can_sort(column):
            raise bad_address("sort")
        columns, gone = account_columns.asked(args.get("columns", ""))
        return cls(
            words=_words(args.get("q", "")),
            active=_choice(args, "active", {"": None, "yes": True, "no": False}),
            owner=_person(args, "owner", me),
            team=_person(args, "team", None),
            locations=_locations(locations),
            run=_number(args, "run"),
            fields=account_fields.asked(args),
            where=account_conditions.asked(args.get("where", "")),
            deleted=_choice(args, "deleted", {"": False, "yes": True}) is True,
            sort=column,
            descending=sort.startswith("-"),
            cursor=Cursor.read(args["from"]) if args.get("from") else None,
            columns=columns,
            gone=gone,
        )

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]], *, me: int) -> Question:
        """Read a question from the arguments of a list's address, as they are kept.

        Raises:
            Invalid: argument → what it may be.
        """
        kept = list(pairs)
        places = [value for name, value in kept if name == "location"]
        return cls.from_args(dict(kept), me=me, locations=places)

    @property
    def filtered(self) -> bool:
        """Whether it asks for less than everything."""
        return bool(
            self.words
            or self.deleted
            or self.locations
            or self.fields
            or self.where
            or any(each is not None for each in (self.active, self.owner, self.team, self.run))
        )


def bad_address(name: str) -> Invalid:
    """Say that an argument of a hand-written address cannot be used."""
    texts = {
        "q": N_("Search for at most 200 characters, without invisible ones."),
        "active": N_("“active” may be yes or no."),
        "deleted": N_("“deleted” may be yes."),
        "owner": N_("“owner” may be me, none or a person’s number."),
        "team": N_("“team” may be none or a team’s number."),
        "run": N_("“run” may be the number of a run."),
        "location": N_("Choose up to 20 locations, each of at most 200 characters."),
        "sort": N_("“sort” may be a column of the list, with a minus sign for descending order."),
        "cursor": N_("This place in the list does not exist. Start again from the top."),
    }
    return Invalid({name: texts[name]}, texts[name])


def _words(text: str) -> str:
    if len(text) > LONGEST_SEARCH or "\x00" in text:
        raise bad_address("q")
    return text.strip()


def _locations(texts: Sequence[str]) -> tuple[str, ...]:
    places = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(places) > MOST_LOCATIONS or any(len(place) > LONGEST_SEARCH for place in places):
        raise bad_address("location")
    return places


def _choice(args: Mapping[str, str], name: str, meanings: Mapping[str, bool | None]) -> bool | None:
    text = args.get(name, "")
    if text not in meanings:
        raise bad_address(name)
    return meanings[text]


def _person(args: Mapping[str, str], name: str, me: int | None) -> int | None:
    text = args.get(name, "")
    if not text:
        return None
    if text == "none":
        return NOBODY
    if text == "me" and me is not None:
        return me
    return _number(args, name)


def _number(args: Mapping[str, str], name: str) -> int | None:
    text = args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise bad_address(name)
    if not 0 < int(text) <= LARGEST_ID:
        raise bad_address(name)
    return int(text)
