"""The places of the main navigation, as far as this person may go there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask import Flask, current_app, redirect, request, url_for
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crmapp.domain.permissions import Right
from crmapp.errors import NotFound
from crmapp.i18n import N_
from crmapp.web.access import person


@dataclass(frozen=True)
class Place:
    """An entry of the navigation: one of ``rights`` opens it, ``rooms`` are its blueprints.

    ``key`` is what :mod:`crmapp.web.shortcuts` calls the keys that lead there.
    """

    endpoint: str
    label: str
    icon: str
    rights: tuple[Right, ...]
    rooms: tuple[str, ...]
    key: str = ""

    @property
    def url(self) -> str:
        return url_for(self.endpoint)

    @property
    def text(self) -> str:
        return gettext(self.label)

    @property
    def is_current(self) -> bool:
        return request.blueprint in self.rooms


_SECTIONS = "crmapp.sections"
PLACES = (
    Place("day.index", N_("My day"), "calendar-check", (Right.ACTIVITY_EDIT,), ("day",), "g d"),
    Place(
        "accounts.index",
        N_("Accounts"),
        "building-2",
        (Right.ACCOUNT_VIEW,),
        ("accounts", "contacts", "activities", "imports"),
        "g a",
    ),
    Place(
        "grid.index",
        N_("Analytics"),
        "chart-no-axes-column",
        (Right.GRID_VIEW,),
        ("grid", "upserts", "mappings", "databases"),
        "g n",
    ),
    Place("runs.index", N_("Runs"), "history", (Right.RUN_VIEW,), ("runs",), "g r"),
    Place(
        "settings.index",
        N_("Admin"),
        "settings",
        (
            Right.USER_MANAGE,
            Right.SETTINGS_MANAGE,
            Right.INTEGRATION_MANAGE,
            Right.DATASET_MANAGE,
            Right.AUDIT_VIEW,
        ),
        ("settings",),
        "g m",
    ),
)


class Section(Protocol):
    """A page of the settings: its view, how it is called, and the right that opens it."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def icon(self) -> str: ...

    @property
    def right(self) -> Right: ...


def offer(app: App, sections: Sequence[Section]) -> None:
    """Make the pages of the settings known to those who look for a page by its name."""
    app.extensions[_SECTIONS] = sections


def sections() -> list[Section]:
    """Return the pages of the settings that are open to the reader."""
    offered: Sequence[Section] = current_app.extensions.get(_SECTIONS, ())
    reader = person()
    return [section for section in offered if reader.can(section.right)]


def places() -> list[Place]:
    """Return the places that are built and open to the reader."""
    reader = person()
    return [
        place
        for place in PLACES
        if place.endpoint in current_app.view_functions
        and any(reader.can(right) for right in place.rights)
    ]


def init_app(app: Flask) -> None:
    """Let ``/`` lead to the first place that is open to the reader."""
    app.add_url_rule("/", "home", home)


def home() -> ResponseReturnValue:
    """Send the reader to her first place."""
    open_places = places()
    if not open_places:
        raise NotFound
    return redirect(open_places[0].url)
