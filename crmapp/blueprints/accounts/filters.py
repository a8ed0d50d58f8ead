"""What narrows the list of accounts down, each as a chip that leads to the list without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from crmapp.blueprints.accounts.addresses import arguments, tail
from crmapp.services.account_question import Question


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address of the list without it."""

    text: str
    href: str


def chips(question: Question, people: Mapping[int, str], teams: Mapping[int, str]) -> list[Chip]:
    """Return the filters of ``question``; the view *Deleted* is none of them."""
    found: list[Chip] = []

    def add(text: str, name: str, value: str | None = None) -> None:
        without = tail(arguments((name, value)))
        found.append(Chip(text, url_for("accounts.index") + without))

    if question.words:
        add(_("Search: %(words)s", words=question.words), "q")
    if question.active is not None:
        add(_("Active") if question.active else _("Inactive"), "active")
    if question.owner is not None:
        add(_("Owner: %(name)s", name=people.get(question.owner, _("Nobody"))), "owner")
    if question.team is not None:
        add(_("Team: %(name)s", name=teams.get(question.team, _("No team"))), "team")
    for location in question.locations:
        add(_("Location: %(name)s", name=location), "location", location)
    return found


def unfiltered(question: Question) -> str:
    """Return the address of the list without any filter, in the same view and order."""
    kept = [pair for pair in arguments() if pair[0] in ("deleted", "sort")]
    return url_for("accounts.index") + tail(kept)
