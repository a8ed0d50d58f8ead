"""The accounts that may be the same as one that somebody is typing, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    case,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain.duplicate_keys import (
    COMPARED,
    FIELDS,
    KEYED,
    REASONS,
    SAME_NAME,
    Effect,
    Key,
    Traits,
    shared,
)
from crmapp.domain.likeness import tax_word
from crmapp.domain.search import fold, near_key
from crmapp.models import Account, User
from crmapp.models.account import TAX_WORD
from crmapp.services.duplicate_rules import Rules, rules

MOST = 100
"""So many accounts that have one word in common are compared."""
_LONGEST = 200
_ACCOUNT = Account.__table__.c
_COLUMNS = {each.name: each.name for each in fields(Traits)} | {
    "company": "erp_company",
    "postal_code": "billing_postal_code",
}
_STRENGTH = {Effect.BLOCK: 0, Effect.WARN: 1}


@dataclass(frozen=True)
class _Index:
    """An index that finds accounts for some keys: by what, and the word that traits have there."""

    keys: frozenset[Key]
    by: ColumnElement[Any]
    filled: ColumnElement[Any]
    word: Callable[[Traits], str | None]


def _column(key: Key, name: str) -> _Index:
    column, word = KEYED[name]
    own = _ACCOUNT[column]
    return _Index(frozenset({key}), own, own, lambda traits: word(getattr(traits, name)))


_INDEXES = (
    _Index(
        frozenset({Key.NUMBER, Key.NUMBER_ELSEWHERE}),
        *(_ACCOUNT.number, _ACCOUNT.number),
        attrgetter("number"),
    ),
    _Index(
        frozenset({Key.TAX_ID}),
        *(literal_column(TAX_WORD), _ACCOUNT.tax_id),
        lambda traits: tax_word(traits.tax_id),
    ),
    _Index(
        frozenset({Key.EMAIL}),
        *(func.lower(_ACCOUNT.email), _ACCOUNT.email),
        lambda traits: traits.email.lower(),
    ),
    _Index(
        frozenset({Key.NEAR_NAME}),
        *(_ACCOUNT.near_key, _ACCOUNT.near_key),
        lambda traits: near_key(traits.name),
    ),
    _column(Key.PHONE, "phone"),
    _column(Key.DOMAIN_NAME, "email"),
    _column(Key.WEBSITE, "website"),
)


@dataclass(frozen=True)
class Match:
    """An account that may be the same: by which keys, and what the rules make of them.

    ``open`` says whether the reader may see it: if not, nobody tells her what it is.
    """

    id: int
    name: str
    number: str
    city: str
    open: bool
    effects: Mapping[Key, Effect]
    same_name: bool = False

    @property
    def reasons(self) -> list[str]:
        known = {**REASONS, Key.NEAR_NAME: SAME_NAME} if self.same_name else REASONS
        return [known[key] for key in self.effects]

    @property
    def blocked(self) -> list[Key]:
        """The keys that no two accounts may share."""
        return [key for key, effect in self.effects.items() if effect is Effect.BLOCK]


def of(account: Account) -> Traits:
    """Return what an account is compared by."""
    return Traits(**{name: getattr(account, column) or "" for name, column in _COLUMNS.items()})


def typed(values: Mapping[str, object], account: Account | None = None) -> Traits:
    """Return what is being typed, over what ``account`` holds."""
    sent = {name: _text(values[name]) for name in COMPARED if name in values}
    held = of(account) if account else Traits()
    return Traits(**{each.name: getattr(held, each.name) for each in fields(Traits)} | sent)


def _text(value: object) -> str:
    return str(value or "").replace("\x00", "").strip()[:_LONGEST]


def find(
    traits: Traits, *, by: User, keys: Collection[Key] = tuple(Key), but: int | None = None
) -> list[Match]:
    """Return the living accounts that share one of ``keys`` with ``traits``, the likest first.

    Of the account ``but`` nothing is said: it is the one that is being edited. Two queries at most,
    both answered from indexes.
    """
    heeded = {Key.NUMBER: Effect.BLOCK, **rules()}
    wanted = {key: heeded[key] for key in keys if heeded[key] is not Effect.IGNORE}
    asked = list(_asked(traits, wanted))
    ids = set(session.scalars(union_all(*asked))) - {but} if asked else set()
    if not ids:
        return []
    found = [_match(row, traits, wanted) for row in session.execute(_described(ids, by))]
    return sorted((each for each in found if each.effects), key=_order)


def by_field(matches: Iterable[Match]) -> dict[str, list[Match]]:
    """Return the fields of the form, each with the matches that are spoken of beside it."""
    found: dict[str, list[Match]] = {name: [] for name in COMPARED}
    for each in matches:
        for name in dict.fromkeys(FIELDS[key] for key in each.effects):
            effects = {key: effect for key, effect in each.effects.items() if FIELDS[key] == name}
            found[name].append(replace(each, effects=effects))
    return found


def _asked(traits: Traits, wanted: Rules) -> Iterator[Select[int]]:
    """Yield a query for each index that may hold a word of ``traits``."""
    for index in _INDEXES:
        word = None if index.keys.isdisjoint(wanted) else index.word(traits)
        if word:
            alive = (_ACCOUNT.deleted_at.is_(None), index.filled.is_not(None))
            found = select(_ACCOUNT.id).where(*alive, index.by == word)
            # Not by the id itself: PostgreSQL would walk the table in its order, and hope.
            yield select(found.order_by(_ACCOUNT.id + 0).limit(MOST).subquery().c.id)


def _described(ids: Collection[int], by: User) -> Select[Any]:
    """Ask for what accounts are compared by, and whether ``by`` may see each."""
    seen = case((Account.visible_to(by), literal(True)), else_=literal(False))
    columns = (_ACCOUNT[column].label(name) for name, column in _COLUMNS.items())
    query = select(_ACCOUNT.id, _ACCOUNT.billing_city.label("city"), seen.label("open"), *columns)
    return query.where(is_one_of(_ACCOUNT.id, sorted(ids)))


def _match(row: Row[Any], traits: Traits, wanted: Rules) -> Match:
    other = Traits(**{name: getattr(row, name) or "" for name in _COLUMNS})
    effects = {key: wanted[key] for key in shared(traits, other) if key in wanted}
    same = fold(other.name) == fold(traits.name)
    return Match(row.id, other.name, other.number, row.city or "", bool(row.open), effects, same)


def _order(match: Match) -> tuple[bool, int, Key, int]:
    """Put what is blocked first, then who shares most, then who shares what says most."""
    first = min(match.effects, key=list(Key).index)
    return (not match.blocked, -len(match.effects), first, match.id)
