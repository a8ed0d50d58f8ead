"""What the words of a source mean to who maps it: lists, people, teams, and other accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crmapp.domain.fields import BadValue, Field, Kind, Lookups
from crmapp.domain.mapping import FieldMapping, cell
from crmapp.domain.steps import as_text
from crmapp.models import User
from crmapp.services import account_links, pick_lists


def lookups(
    mapping: FieldMapping,
    specs: Mapping[str, Field],
    rows: Iterable[Mapping[str, Any]],
    typed: Iterable[tuple[str, str | None]] = (),
    *,
    by: User,
) -> Lookups:
    """Return what the words in ``rows`` mean; other accounts are looked up only if one is named.

    ``typed`` are fields and what people put in the place of their cells.
    """
    known = pick_lists.lookups()
    links = {name for name, spec in specs.items() if spec.kind is Kind.ACCOUNT}
    mapped = [name for name in mapping.fields if name in links]
    words = set(_words(mapping, mapped, rows)) if mapped else set()
    words |= {value.strip() for name, value in typed if value and name in links}
    return replace(known, accounts=account_links.meant(words, by=by)) if words else known


def _words(
    mapping: FieldMapping, links: Iterable[str], rows: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    names = list(links)
    for row in rows:
        for name in names:
            try:
                yield as_text(cell(mapping, name, row)).strip()
            except BadValue:
                continue
