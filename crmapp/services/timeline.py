"""The timeline of an account: what happened with it and what was changed, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import joinedload

from crmapp.db import LARGEST_ID, session
from crmapp.errors import Invalid
from crmapp.i18n import N_
from crmapp.models import Account, Activity, User
from crmapp.services import history, moments, pick_lists
from crmapp.services.activities import KINDS

SHOWS: dict[str, str] = {
    "": N_("All"),
    "planned": N_("To do"),
    "activities": N_("Activities"),
    "call": N_("Calls"),
    "meeting": N_("Meetings"),
    "task": N_("Tasks"),
    "note": N_("Notes"),
    "email": N_("E-mails"),
    "changes": N_("Changes"),
    "files": N_("Files"),
    "runs": N_("Runs"),
}
"""What of it can be asked for; *changes* has files and what runs did."""
LOG = frozenset({"changes", "files", "runs"})
PAGE = 40
"""Fewer than a page of the history has: it is known what comes after."""
NEXT = 5
"""So many of what is to be done stand above all the rest."""
MOMENT = timedelta(seconds=10)
"""What a person changes within it is told as one."""
_NAMED = (joinedload(Activity.contact), joinedload(Activity.owner))


@dataclass(frozen=True)
class Asked:
    """What of a timeline is asked for: a kind, a person by her id, and from which places on.

    ``before`` is a place among activities, ``change`` the id of a change: see :class:`Timeline`.
    """

    show: str = ""
    person: str = ""
    before: str = ""
    change: int | None = None

    @property
    def is_first(self) -> bool:
        return not self.before and self.change is None


@dataclass(frozen=True)
class Entry:
    """An activity; or the changes of one run, or of one person at one moment, newest first."""

    activity: Activity | None = None
    changes: Sequence[history.Entry] = ()


@dataclass(frozen=True)
class Timeline:
    """A page of entries; ``older`` are the arguments that lead to the next, if there is one.

    ``planned`` is what is to be done, soonest first, and whether there is more of it: only above
    the first page.
    """

    entries: list[Entry]
    older: Mapping[str, str | int] | None
    planned: Sequence[Activity] = ()
    more_planned: bool = False

    @property
    def activities(self) -> list[int]:
        """The ids of all activities in sight."""
        told = (each.activity for each in self.entries)
        return [each.id for each in (*self.planned, *told) if each]


def of(account: Account, asked: Asked, *, by: User, locale: str) -> Timeline:
    """Return a page of the timeline of an account that ``by`` sees.

    Raises:
        Invalid: field → there is no such kind, person or place.
    """
    _one_of(SHOWS, "show", asked.show)
    people = {str(id_): id_ for id_ in pick_lists.names_of_all()[0]}
    person = people[_one_of(people, "person", asked.person)] if asked.person else None
    where = _wanted(account, asked.show, person)
    place = moments.read("before", asked.before) if asked.before else None
    if asked.show == "planned":
        return _planned(_next(where, place, PAGE))
    rows = [] if asked.show in LOG else _past(where, place)
    entries, older = _merged(rows, _log(account, asked, person, by, locale), asked)
    above = asked.is_first and asked.show not in LOG
    planned = _next(where, None, NEXT) if above else []
    return Timeline(entries, older, planned[:NEXT], len(planned) > NEXT)


def _one_of(known: Mapping[str, object], name: str, word: str) -> str:
    if word not in known:
        raise Invalid({name: N_("This is none of those that can be chosen.")})
    return word


# --- activities -------------------------------------------------------------------------------


def _wanted(account: Account, show: str, person: int | None) -> list[ColumnElement[bool]]:
    where = [Activity.account_id == account.id, Activity.deleted_at.is_(None)]
    if show in KINDS:
        where.append(Activity.kind == show)
    if person is not None:
        where.append(Activity.owner_id == person)
    return where


def _past(where: Iterable[ColumnElement[bool]], place: moments.Place | None) -> list[Activity]:
    """Read what is not still to be done, newest first, and one more than a page has."""
    at, id_ = Activity.happens_at, Activity.id
    query = select(Activity).where(*where, Activity.is_past())
    if place:
        query = query.where(tuple_(at, id_) < place)
    return _read(query.order_by(at.desc(), id_.desc()).limit(PAGE + 1))


def _next(
    where: Iterable[ColumnElement[bool]], place: moments.Place | None, most: int
) -> list[Activity]:
    """Read what is still to be done, soonest first, and one more than ``most``."""
    at, id_ = Activity.happens_at, Activity.id
    query = select(Activity).where(*where, Activity.is_open())
    if place:
        query = query.where(tuple_(at, id_) > place)
    return _read(query.order_by(at, id_).limit(most + 1))


def _read(query: Select[Any]) -> list[Activity]:
    return list(session.scalars(query.options(*_NAMED)))


def _planned(rows: list[Activity]) -> Timeline:
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    older = {"before": moments.written(last.happens_at, last.id)} if last else None
    return Timeline([Entry(each) for each in rows[:PAGE]], older)


# --- with the log -----------------------------------------------------------------------------


def _log(account: Account, asked: Asked, person: int | None, by: User, locale: str) -> history.Page:
    if asked.show and asked.show not in LOG:
        return history.Page([], None)
    return history.of(
        "account", account.id, by=by, locale=locale, before=asked.change, only=asked.show,
        person=person,
    )  # fmt: skip


def _merged(
    rows: list[Activity], log: history.Page, asked: Asked
) -> tuple[list[Entry], Mapping[str, str | int] | None]:
    """Return what stands on the page, and where the next begins.

    What one run, or one person at one moment, did is not cut in two by the end of a page, unless
    it is longer than that.
    """
    some = list(_by_time(rows, log.entries))
    entries = list(_grouped(some[:PAGE]))
    if len(some) <= PAGE and log.older is None:
        return entries, None
    after = some[PAGE] if len(some) > PAGE else None
    if after and len(entries) > 1 and _together(_last(entries[-1]), after):
        entries.pop()
    return entries, _places(entries, asked)


def _by_time(
    rows: Sequence[Activity], changes: Sequence[history.Entry]
) -> Iterator[Activity | history.Entry]:
    """Merge two streams that are newest first, each in its own order."""
    done = 0
    for each in changes:
        while done < len(rows) and rows[done].happens_at > each.change.at:
            yield rows[done]
            done += 1
        yield each
    yield from rows[done:]


def _grouped(some: Iterable[Activity | history.Entry]) -> Iterator[Entry]:
    group: list[history.Entry] = []
    for each in some:
        if group and not _together(group[-1], each):
            yield Entry(changes=tuple(group))
            group = []
        if isinstance(each, Activity):
            yield Entry(each)
        else:
            group.append(each)
    if group:
        yield Entry(changes=tuple(group))


def _together(newer: Activity | history.Entry, older: Activity | history.Entry) -> bool:
    """Whether one run did both, or one person at one moment."""
    if isinstance(newer, Activity) or isinstance(older, Activity):
        return False
    one, other = newer.change, older.change
    if one.run_id or other.run_id:
        return one.run_id == other.run_id
    same = (one.by_id, one.source.get("kind")) == (other.by_id, other.source.get("kind"))
    return same and abs(one.at - other.at) <= MOMENT


def _last(entry: Entry) -> Activity | history.Entry:
    return entry.activity or entry.changes[-1]


def _places(entries: Sequence[Entry], asked: Asked) -> dict[str, str | int]:
    """Return the place after the last activity and after the last change of the page.

    Of which it has none, the next page goes on from where this one did; of activities from the
    end of the page, so that what is noted in the meantime does not turn up there.
    """
    places: dict[str, str | int] = {}
    told = [each.activity for each in entries if each.activity]
    logged = [each.changes[-1].change for each in entries if each.changes]
    if told:
        places["before"] = moments.written(told[-1].happens_at, told[-1].id)
    elif asked.before:
        places["before"] = asked.before
    elif logged:
        places["before"] = moments.written(_at(entries[-1]), LARGEST_ID)
    if logged:
        places["change"] = logged[-1].id
    elif asked.change is not None:
        places["change"] = asked.change
    return places


def _at(entry: Entry) -> datetime:
    return entry.activity.happens_at if entry.activity else entry.changes[-1].change.at
