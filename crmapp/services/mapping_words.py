"""What the words of a source mean to who maps it: lists, people, teams, and other accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crmapp.domain.days import zone_named
from crmapp.domain.fields import BadValue, Field, Kind, Lookups
from crmapp.domain.mapping import FieldMapping, cell
from crmapp.domain.record_keys import ACTIVITY_KINDS
from crmapp.domain.search import fold
from crmapp.domain.steps import as_text
from crmapp.models import User
from crmapp.services import account_links, pick_lists
from crmapp.services.activities import KINDS


def lookups(
    mapping: FieldMapping,
    specs: Mapping[str, Field],
    rows: Iterable[Mapping[str, Any]],
    typed: Iterable[tuple[str, str | None]] = (),
    *,
    by: User,
) -> Lookups:
    """Return what the words in ``rows`` mean; other accounts are looked up only if one is named.

    ``typed`` are fields and what people put in the place of their cells. A moment without a time
    zone is one in that of ``by``.
    """
    known = _with_activities(pick_lists.lookups(), specs, by)
    links = {name for name, spec in specs.items() if spec.kind is Kind.ACCOUNT}
    mapped = [name for name in mapping.fields if name in links]
    words = set(_words(mapping, mapped, rows)) if mapped else set()
    words |= {value.strip() for name, value in typed if value and name in links}
    return replace(known, accounts=account_links.meant(words, by=by)) if words else known


def _with_activities(known: Lookups, specs: Mapping[str, Field], by: User) -> Lookups:
    if all(spec.pick_list != ACTIVITY_KINDS for spec in specs.values()):
        return known
    kinds = {fold(word): kind for kind, label in KINDS.items() for word in (label, kind)}
    lists = {**known.pick_lists, ACTIVITY_KINDS: kinds}
    return replace(known, pick_lists=lists, zone=zone_named(by.timezone))


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
