"""The lists of a day: of whom, which section, from which place on; kept in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from crmapp.db import LARGEST_ID, utcnow
from crmapp.domain.days import Today
from crmapp.models import Activity, User
from crmapp.services import activities, day, pick_lists
from crmapp.web import reader
from crmapp.web.access import person
from crmapp.web.htmx import page, see_other, wants_fragment
from crmapp.web.paging import page_number
from crmapp.web.texts import language
from crmapp.web.whole_numbers import whole_number


@dataclass(frozen=True)
class Shown:
    """A section as it is shown: its activities by day, or all together under no day."""

    name: str
    groups: Sequence[tuple[date | None, Sequence[Activity]]]
    more: str | None


@dataclass(frozen=True)
class State:
    """What the address asks for; ``mine`` is False for the day of somebody else.

    ``account``: it is asked from the page of that account, and leads back there.
    """

    person: User
    section: str
    after: str | None
    account: int | None = None

    @property
    def mine(self) -> bool:
        return self.person.id == person().id

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that lead back to this state."""
        asked = {
            "person": None if self.mine else self.person.id,
            "section": self.section,
            "after": self.after,
            "account": self.account,
        }
        return {name: value for name, value in asked.items() if value}

    def at(self, section: str, after: str | None = None) -> str:
        """Return the address of a section of this day."""
        return url_for("day.index", **State(self.person, section, after).arguments)


def asked() -> State:
    """Read the state from the address.

    Raises:
        NotFound, Forbidden: there is no such day, or it is not hers to see.
    """
    named = request.args.get("person")
    whose = day.person_of((whole_number(named) or 0) if named else person().id, by=person())
    account = request.args.get("account")
    return State(
        whose,
        request.args.get("section", ""),
        request.args.get("after"),
        page_number(account, LARGEST_ID) if account else None,
    )


def today() -> Today:
    """Return the day of the reader, by her own clock."""
    return Today(utcnow(), reader.timezone())


def show(state: State, status: int = 200, **context: object) -> ResponseReturnValue:
    """Answer with the day, or with its lists alone."""
    now, by = today(), person()
    if state.section:
        parts = [day.part(state.section, state.person, now, by=by, after=state.after)]
    else:
        parts = day.parts(state.person, now, by=by)
    return page(
        "day/index.html",
        "day/_lists.html",
        status,
        state=state,
        parts=[_by_day(each, now) for each in parts],
        today=now,
        sections=day.SECTIONS,
        kinds=activities.KINDS,
        labels=pick_lists.labels(language()),
        **context,
    )


def _by_day(part: day.Part, now: Today) -> Shown:
    if part.name != "ahead":
        return Shown(part.name, [(None, part.rows)] if part.rows else [], part.more)
    days = groupby(part.rows, lambda row: now.day_of(row.happens_at))
    return Shown(part.name, [(each, list(rows)) for each, rows in days], part.more)


def again(state: State) -> ResponseReturnValue:
    """Answer with the lists as they are now; without htmx, go back to where it was asked."""
    if state.account:
        return see_other(url_for("accounts.timeline", account_id=state.account))
    if wants_fragment():
        return show(state)
    return see_other(url_for("day.index", **state.arguments))
