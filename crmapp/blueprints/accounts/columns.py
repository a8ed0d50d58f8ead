"""The columns of the list of accounts: the standard ones, and those of custom fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import get_locale

from crmapp.domain.fields import Field, Kind
from crmapp.i18n import N_
from crmapp.services import account_fields
from crmapp.services.account_list import Line
from crmapp.services.words import Words
from crmapp.web.access import current_user
from crmapp.web.texts import translated

COLUMNS = {
    "name": N_("Account"),
    "number": N_("Number"),
    "location": N_("Location"),
    "phone": N_("Phone"),
    "primary_contact": N_("Primary contact"),
    "owner": N_("Owner"),
    "team": N_("Team"),
}
FIGURES = frozenset({Kind.NUMBER, Kind.MONEY})
"""Fields that stand to the right of their columns."""


def heads(specs: Iterable[Field]) -> tuple[tuple[str, str, bool, bool], ...]:
    """Return (name, label, whether it is a number, whether the list sorts by it) of each."""
    return tuple(
        (
            spec.name,
            translated(spec.label),
            spec.kind in FIGURES,
            account_fields.can_sort(spec.name),
        )
        for spec in specs
    )


def cells(lines: Iterable[Line], specs: Sequence[Field]) -> dict[int, list[Any]]:
    """Return account → what it holds in the custom fields ``specs``, as people read it."""
    kept = list(lines)
    if not specs:
        return {line.id: [] for line in kept}
    held = [{name: [None, value] for name, value in line.custom.items()} for line in kept]
    known, locale = {spec.name: spec for spec in specs}, str(get_locale())
    words = Words(known, held, by=current_user, locale=locale)
    return {
        line.id: [words.say(spec, line.custom.get(spec.name)) for spec in specs] for line in kept
    }
