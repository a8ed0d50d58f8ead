"""Which fields of an account a CRM mapping keeps, and of which source."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, String, Text, bindparam, cast, exists, literal, select, true

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.feeds import Content
from crmapp.domain.kept import in_spite_of, without
from crmapp.domain.ownership import Owner
from crmapp.domain.plan import Planned, PlanRow
from crmapp.i18n import N_
from crmapp.i18n import Text as Sentence
from crmapp.models import CrmMapping, ExternalIdentity, FeedSource
from crmapp.models.feed import LEDGER

_KEPT = N_("Kept by %(source)s")
_SHARED = N_("%(source)s may change this too: the newest wins.")
_REFUSED = N_("“%(source)s” keeps this field. Change it there; it follows by itself.")
_NOBODY: tuple[int, Mapping[str, bool]] = (0, {})


@dataclass(frozen=True)
class Keeper:
    """The source that a field follows, by a CRM mapping.

    ``locked``: nobody changes it here. Otherwise whoever changed it last wins.
    """

    source: str
    mapping_id: int
    locked: bool

    @property
    def note(self) -> Sentence:
        """What stands at the field."""
        return Sentence(_KEPT if self.locked else _SHARED, {"source": self.source})

    @property
    def refusal(self) -> Sentence:
        """Why a person's change is refused."""
        return Sentence(_REFUSED, {"source": self.source})


def of(account_id: int) -> dict[str, Keeper]:
    """Return field → who keeps it, of the fields of an account that follow a source.

    Of the sources of a CRM mapping that know the account, the one furthest left counts.
    """
    rows = session.connection().execute(_sources_of(), {"account_id": account_id}).all()
    rules = {row.id: row.content for row in rows}
    return _keepers(rules, {row.source_id: row.name for row in rows})


def locked(account_id: int) -> dict[str, Keeper]:
    """Return field → who keeps it, of the fields of an account that nobody changes here."""
    return {name: keeper for name, keeper in of(account_id).items() if keeper.locked}


def left_alone(rows: Sequence[PlanRow], *, but: int | None = None) -> list[PlanRow]:
    """Take from rows of a plan what would change fields that a source keeps; they say so.

    What the sources of the CRM mapping ``but`` keep is not meant: the run is its own.
    """
    return _each(rows, without, but)


def named(rows: Sequence[PlanRow]) -> list[PlanRow]:
    """Say with rows of a plan which fields that a source keeps they change all the same."""
    return _each(rows, in_spite_of)


def _each(
    rows: Sequence[PlanRow],
    told: Callable[[PlanRow, Mapping[str, str]], PlanRow],
    but: int | None = None,
) -> list[PlanRow]:
    """Return rows of a plan, those that change accounts ``told`` field → source that keeps it."""
    ids = [row.record_id for row in rows if row.record_id and _changes_account(row)]
    kept = _locked_in(ids, but) if ids else {}
    if not kept:
        return list(rows)
    return [
        told(row, kept.get(row.record_id or 0, {})) if _changes_account(row) else row
        for row in rows
    ]


def _changes_account(row: PlanRow) -> bool:
    return row.action is Planned.UPDATE and row.object == "account"


def _locked_in(ids: Sequence[int], but: int | None) -> dict[int, dict[str, str]]:
    """Return account → field → the name of the source that keeps it, not by the mapping ``but``."""
    mapping, source = CrmMapping.__table__.c, FeedSource.__table__.c
    query = select(mapping.id, cast(mapping.content, Text)).where(mapping.active)
    rules = {row[0]: row[1] for row in session.execute(query.order_by(mapping.id))}
    if not rules:
        return {}
    query = select(source.id, source.name, source.object).where(source.retired_at.is_(None))
    names = {(f"{LEDGER}{row[0]}", row[2]): (row[0], row[1]) for row in session.execute(query)}
    ledger = ExternalIdentity.__table__.c
    links = select(ledger.account_id, ledger.system, ledger.object).where(
        ledger.system.in_({system for system, _object in names}),
        is_one_of(ledger.account_id, sorted(ids)),
    )
    known: dict[int, set[tuple[int, str]]] = {}
    for account_id, *identity in session.execute(links):
        if found := names.get((identity[0], identity[1])):
            known.setdefault(account_id, set()).add(found)
    alike: dict[frozenset[tuple[int, str]], dict[str, str]] = {}  # most accounts, of few sources
    for sources in {frozenset(each) for each in known.values()}:
        keepers = _keepers(rules, dict(sources)).items()
        alike[sources] = {
            name: each.source for name, each in keepers if each.locked and each.mapping_id != but
        }
    return {account_id: alike[frozenset(sources)] for account_id, sources in known.items()}


def _keepers(rules: Mapping[int, str], names: Mapping[int, str]) -> dict[str, Keeper]:
    """Return field → who keeps it by CRM mappings, of an account that the sources ``names`` know.

    ``rules`` is CRM mapping → what it says. Where several keep a field, one that locks it counts.
    """
    found: dict[str, Keeper] = {}
    for mapping_id, content in rules.items():
        source_id, fields = next((each for each in _followed(content) if each[0] in names), _NOBODY)
        for name, locked in fields.items():
            if name not in found or (locked and not found[name].locked):
                found[name] = Keeper(names[source_id], mapping_id, locked)
    return found


@cache
def _sources_of() -> Select[Any]:
    """Find each CRM mapping in use beside each source that knows an account, read by it or not."""
    mapping, source = CrmMapping.__table__.c, FeedSource.__table__.c
    ledger = ExternalIdentity.__table__.c
    knows = exists().where(
        ledger.account_id == bindparam("account_id"),
        ledger.system == literal(LEDGER) + cast(source.id, String),
        ledger.object == source.object,
    )
    return (
        select(
            mapping.id,
            cast(mapping.content, Text).label("content"),
            source.id.label("source_id"),
            source.name,
        )
        .select_from(CrmMapping)
        .join(FeedSource, true())
        .where(mapping.active, source.retired_at.is_(None), knows)
        .order_by(mapping.id)
    )


@lru_cache(maxsize=100)
def _followed(content: str) -> Sequence[tuple[int, Mapping[str, bool]]]:
    """Return, left to right, each source of a CRM mapping with field → whether it is locked."""
    sources = Content.from_json(json.loads(content)).sources
    return [
        (
            fed.source_id,
            {
                name: owner is Owner.ERP
                for name in fed.mapping.fields
                if (owner := fed.owner_of(name)) in (Owner.ERP, Owner.NEWEST)
            },
        )
        for fed in sources
    ]
