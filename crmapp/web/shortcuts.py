"""The keys that do something on a page, and what; ``static/js/shortcuts.js`` carries them out.

An element says with ``data-key`` which key presses it, so a shortcut is there exactly where, and
for whom, its button is. What has no button of its own is done by the script.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from crmapp.i18n import N_
from crmapp.web.navigation import PLACES


@dataclass(frozen=True)
class Shortcut:
    """Keys in the order in which they are pressed, and what they do."""

    keys: str
    does: str


SHORTCUTS: tuple[tuple[str, tuple[Shortcut, ...]], ...] = (
    (
        N_("Everywhere"),
        (
            Shortcut("Ctrl K", N_("Open the command palette")),
            Shortcut("/", N_("Search on this page")),
            Shortcut("?", N_("Show the keyboard shortcuts")),
            Shortcut("Esc", N_("Close what is open")),
        ),
    ),
    (
        N_("Go to"),
        (
            Shortcut("g d", N_("My day")),
            Shortcut("g a", N_("Accounts")),
            Shortcut("g n", N_("Analytics")),
            Shortcut("g r", N_("Runs")),
            Shortcut("g m", N_("Admin")),
            Shortcut("g h", N_("Help on this page")),
        ),
    ),
    (
        N_("In a list"),
        (
            Shortcut("j", N_("Next row")),
            Shortcut("k", N_("Previous row")),
            Shortcut("Enter", N_("Open the row")),
            Shortcut("x", N_("Select the row")),
            Shortcut("e", N_("Edit the account of the row")),
            Shortcut("n", N_("Next page")),
            Shortcut("p", N_("Previous page")),
        ),
    ),
    (
        N_("My day"),
        (
            Shortcut("a", N_("Add an activity")),
            Shortcut("d", N_("The activity of the row is done")),
            Shortcut("t", N_("Put it off until tomorrow")),
            Shortcut("w", N_("Put it off until next week")),
            Shortcut("z", N_("Take back what was done last")),
        ),
    ),
    (
        N_("Accounts"),
        (
            Shortcut("c", N_("New account")),
            Shortcut("e", N_("Edit the account that is open")),
            Shortcut("v", N_("Choose a view of the list")),
        ),
    ),
)


def shortcuts_to(places: Collection[str]) -> list[tuple[str, list[Shortcut]]]:
    """Return the shortcuts by heading; of those to places only the ones whose keys are given."""
    closed = {place.key for place in PLACES} - {*places}
    return [
        (heading, [line for line in lines if line.keys not in closed])
        for heading, lines in SHORTCUTS
    ]
