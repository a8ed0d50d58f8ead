"""How a value is written so that an import reads the same value back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crmapp.domain.fields import BadValue, Field, Kind, Lookups, parse
from crmapp.i18n import N_

HEADINGS: dict[str, str] = {
    "shipping_street": N_("Shipping street"),
    "shipping_street2": N_("Shipping street, second line"),
    "shipping_city": N_("Shipping city"),
    "shipping_state": N_("Shipping state or region"),
    "shipping_postal_code": N_("Shipping postal code"),
    "shipping_country": N_("Shipping country"),
    "parent_id": N_("Parent account (not imported)"),
    "primary_contact_id": N_("Primary contact (not imported)"),
}
"""What columns of a file are called where the label of a field is that of another one, too, or
where a file says more than it can change: what is edited there would be lost without a word."""


def heading(spec: Field) -> str:
    """Return what a file calls the column of a field, so that an import knows it for sure."""
    return HEADINGS.get(spec.name, spec.label)


@dataclass(frozen=True)
class Wording:
    """What codes and ids are called, and what a reader takes the words for.

    ``labels`` are per pick list code → label; ``users``, ``teams`` and ``accounts`` id → words,
    the best ones first.
    """

    lookups: Lookups
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    users: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    teams: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    accounts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Writer:
    """Writes the values of one field, each different one of few once."""

    def __init__(self, spec: Field, wording: Wording) -> None:
        self._spec = spec
        self._wording = wording
        self._known: dict[str, str] = {}

    def __call__(self, value: Any) -> str:
        """Return the text for ``value``; empty if there is none, or no word that means it."""
        if value is None or value == "":
            return ""
        write = _PLAIN.get(self._spec.kind)
        if write is not None:
            return write(value)
        key = repr(value)
        if key not in self._known:
            self._known[key] = self._chosen(value)
        return self._known[key]

    def _chosen(self, value: Any) -> str:
        """Return the first words that mean ``value`` and nothing else."""
        texts = list(self._texts(value))
        return next((text for text in texts if self._means(text, value)), texts[0] if texts else "")

    def _means(self, text: str, value: Any) -> bool:
        try:
            return bool(parse(self._spec, text, self._wording.lookups) == value)
        except BadValue:
            return False

    def _texts(self, value: Any) -> Iterator[str]:
        kind, wording = self._spec.kind, self._wording
        named = {Kind.USER: wording.users, Kind.TEAM: wording.teams, Kind.ACCOUNT: wording.accounts}
        if kind in named:
            yield from named[kind].get(value, ())
            return
        labels = wording.labels.get(self._spec.pick_list or "", {})
        codes = value if isinstance(value, list) else [value]
        for words in ([labels.get(code, code) for code in codes], codes):
            yield "; ".join(words)


def _number(value: Decimal) -> str:
    return f"{value:f}"


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _tags(value: list[str]) -> str:
    return ", ".join(value)


def _iso(value: date | datetime) -> str:
    return value.isoformat()


_PLAIN: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: str,
    Kind.LONG_TEXT: str,
    Kind.EMAIL: str,
    Kind.PHONE: str,
    Kind.URL: str,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.DATE: _iso,
    Kind.MOMENT: _iso,
    Kind.YES_NO: _yes_no,
    Kind.TAGS: _tags,
    Kind.CONTACT: str,
    Kind.RECORD: str,
    Kind.REMINDER: str,
    Kind.LENGTH: str,
}
