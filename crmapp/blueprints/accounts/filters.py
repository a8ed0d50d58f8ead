"""What narrows the list of accounts down, each as a chip that leads to the list without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from crmapp.blueprints.accounts import typed_ranges
from crmapp.blueprints.accounts.addresses import Pairs, arguments, tail
from crmapp.domain.conditions import without, write
from crmapp.domain.fields import Field, Kind
from crmapp.services import account_conditions, lost_accounts, pick_lists
from crmapp.services import fields as field_set
from crmapp.services.account_fields import EMPTY
from crmapp.services.account_question import Question
from crmapp.web.access import person
from crmapp.web.condition_words import account_said, sentence
from crmapp.web.texts import language, translated


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
    for name, label, said in _own(question):
        add(_("%(field)s: %(value)s", field=label, value=said), name)
    if question.run is not None:
        add(_("Written by run %(id)s", id=question.run), "run")
    for location in question.locations:
        add(_("Location: %(name)s", name=location), "location", location)
    return [*found, *_built(question)]


def _own(question: Question) -> Iterator[tuple[str, str, str]]:
    """Yield name, label and text of each filter by a custom field."""
    if not question.fields:
        return
    specs = field_set.of("account")
    labels: Mapping[str, Mapping[str, str]] = {}
    if any(specs[name].pick_list for name, _text in question.fields):
        labels = pick_lists.labels(language())
    plain = {EMPTY: _("none"), "yes": _("Yes"), "no": _("No")}
    for name, asked in question.fields:
        spec = specs[name]
        is_account = spec.kind is Kind.ACCOUNT and asked != EMPTY
        text = account_said(asked) if is_account else typed_ranges.shown(spec, asked)
        words = labels.get(spec.pick_list, {}) if spec.pick_list else {}
        said = words.get(text) or (plain.get(text, text) if text == EMPTY or not words else text)
        yield name, translated(spec.label), said


def _built(question: Question) -> Iterator[Chip]:
    """Yield a chip for each condition of a built filter; after the first that will do, *or*."""
    specs = account_conditions.known() if question.where else {}
    rest = arguments(("where", None))
    for place, group in enumerate(question.where):
        for number, condition in enumerate(group.conditions):
            said = sentence(condition, specs)
            if number and not group.every:
                said = _("or %(condition)s", condition=said)
            left = write(without(question.where, place, number))
            pairs = [*rest, ("where", left)] if left else rest
            yield Chip(said, url_for("accounts.index") + tail(pairs))


def lost(question: Question) -> list[str]:
    """Say which filters no account meets, since they name one that is not there."""
    found = lost_accounts.of(question, by=person())
    specs = account_conditions.known() if found else {}
    return [sentence(each, specs) for each in found]


def choices_of(specs: Iterable[Field], asked: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return field → (value, text) of what a filter by it offers, for those of few values."""
    locale = language()
    found: dict[str, list[Any]] = {}
    for spec in specs:
        if spec.pick_list:
            keep = asked.get(spec.name)
            found[spec.name] = pick_lists.choices(spec.pick_list, locale, keep=keep)
        elif spec.kind is Kind.YES_NO:
            found[spec.name] = [("yes", _("Yes")), ("no", _("No"))]
    return found


def unfiltered(pairs: Pairs) -> str:
    """Return the address of the list without any filter, in the same view, order and columns."""
    kept = [pair for pair in pairs if pair[0] in ("deleted", "sort", "columns")]
    return url_for("accounts.index") + tail(kept)
