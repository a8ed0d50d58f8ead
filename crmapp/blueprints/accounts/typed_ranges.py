"""What the list is narrowed down by, as people type it and as addresses keep it."""

from __future__ import annotations

from collections.abc import Callable

from crmapp.domain.fields import BadValue, Field, Kind, Lookups, parse
from crmapp.services import condition_links
from crmapp.services.account_fields import EMPTY, UNTIL
from crmapp.web.access import person
from crmapp.web.typed_numbers import FIGURES, as_read, as_typed


def kept(spec: Field, typed: str) -> str:
    """Return what was typed for a field as an address keeps it: numbers as programs write them.

    An account is kept by its id, whatever it is called.
    """
    if spec.kind is Kind.ACCOUNT and typed.strip() not in ("", EMPTY):
        return condition_links.by_id(typed.strip(), by=person())
    return _at_each_end(spec, typed, lambda end: _plain(spec, as_read(end)))


def shown(spec: Field, asked: str) -> str:
    """Return what an address asks of a field as its reader would type it."""
    if spec.kind is Kind.ACCOUNT:
        return condition_links.typed(asked, by=person())
    return _at_each_end(spec, asked, lambda end: as_typed(_plain(spec, end)))


def _at_each_end(spec: Field, text: str, write: Callable[[str], str]) -> str:
    """Write a number anew, or both ends of a range of them; what is neither stays."""
    if spec.kind not in FIGURES:
        return text
    first, dots, last = text.partition(UNTIL)
    return f"{write(first)}{dots}{write(last)}"


def _plain(spec: Field, end: str) -> str:
    try:
        value = parse(spec, end, Lookups())
    except BadValue:
        return end
    return "" if value is None else format(value.normalize(), "f")
