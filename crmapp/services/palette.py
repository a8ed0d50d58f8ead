"""What the command palette finds among the records: closest first, quick with a million of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, or_, select

from crmapp.db import session
from crmapp.domain.search import NOT_AT_ALL, closeness, fold
from crmapp.models import Account, Contact, User
from crmapp.models.contact import full_name
from crmapp.models.search import begins, indexed

MOST = 6
"""So many records of a kind are offered."""
ENOUGH = 40
"""So many are read from an index that finds more; the closest of them are offered."""
_ACCOUNT = ("id", "name", "name_key", "number", "location", "active", "search_text")
_CONTACT = ("id", "first_name", "last_name", "name_key", "search_text")


@dataclass(frozen=True)
class Hit:
    """A record that was found.

    ``detail`` tells it from others of its name; ``distance`` says how close its name is to what
    was looked for: 0 begins with it, 1 has words that do, 2 contains it, 3 another value does.
    """

    id: int
    name: str
    detail: str
    account_id: int
    distance: int = 0


def find_accounts(words: str, *, by: User, recent: Sequence[int] = ()) -> list[Hit]:
    """Find accounts that ``by`` may see, those among ``recent`` first, then the closest."""
    folded = fold(words)
    return _closest(_account_tiers(folded, words.strip(), by, recent), folded) if folded else []


def find_contacts(words: str, *, by: User) -> list[Hit]:
    """Find contacts of accounts that ``by`` may see, the closest first."""
    folded = fold(words)
    return _closest(_contact_tiers(folded, by), folded) if folded else []


def accounts(ids: Sequence[int], *, by: User) -> list[Hit]:
    """Return those of the accounts that ``by`` may see, in the order of ``ids``."""
    if not ids:
        return []
    rows = session.execute(_accounts(by).where(Account.id.in_(ids)))
    found = {row.id: _hit(row, "") for row in rows}
    return [found[each] for each in ids if each in found]


def _account_tiers(
    folded: str, typed: str, by: User, recent: Sequence[int]
) -> Iterator[Iterable[Row[*tuple[Any, ...]]]]:
    """Look for accounts in one way after the other, the closest matches first."""
    if recent:
        opened = session.execute(_accounts(by).where(Account.id.in_(recent)))
        yield [row for row in opened if closeness(row.search_text, folded) < NOT_AT_ALL]
    numbers = sorted({typed, typed.upper()})
    yield session.execute(_accounts(by).where(Account.number.in_(numbers)).limit(MOST))
    named = _accounts(by).where(begins(Account.name_key, folded))
    yield session.execute(named.order_by(Account.name_key, Account.id).limit(ENOUGH))
    if any(character.isdigit() for character in typed):
        numbered = or_(*(begins(Account.number, number) for number in numbers))
        yield session.execute(_accounts(by).where(numbered).limit(MOST))
    for table, condition in indexed(Account, folded, session.get_bind().dialect):
        query = _accounts(by).select_from(table).where(condition)
        yield session.execute(query.limit(ENOUGH))


def _contact_tiers(folded: str, by: User) -> Iterator[Iterable[Row[*tuple[Any, ...]]]]:
    named = _contacts(by).where(begins(Contact.name_key, folded))
    yield session.execute(named.order_by(Contact.name_key, Contact.id).limit(ENOUGH))
    for table, condition in indexed(Contact, folded, session.get_bind().dialect):
        query = _contacts(by).select_from(table).where(condition)
        yield session.execute(query.limit(ENOUGH))


def _accounts(by: User) -> Select[*tuple[Any, ...]]:
    columns = (getattr(Account, name) for name in _ACCOUNT)
    return select(*columns).where(Account.visible_to(by))


def _contacts(by: User) -> Select[*tuple[Any, ...]]:
    columns = (getattr(Contact, name) for name in _CONTACT)
    account = (Account.id.label("account_id"), Account.name.label("account"))
    of_account = and_(Account.id == Contact.account_id, Account.visible_to(by))
    return select(*columns, *account).where(of_account, Contact.deleted_at.is_(None))


def _closest(tiers: Iterable[Iterable[Row[*tuple[Any, ...]]]], folded: str) -> list[Hit]:
    """Take hits from the tiers until there are enough; a later tier is not asked then."""
    found: dict[int, Hit] = {}
    for tier in tiers:
        hits = sorted((_hit(row, folded) for row in tier), key=_by_distance)
        for hit in hits:
            found.setdefault(hit.id, hit)
        if len(found) >= MOST:
            break
    return list(found.values())[:MOST]


def _by_distance(hit: Hit) -> tuple[int, int, str]:
    return hit.distance, len(hit.name), hit.name


def _hit(row: Row[*tuple[Any, ...]], folded: str) -> Hit:
    if "number" in row._fields:
        detail = " · ".join(part for part in (row.number, row.location) if part)
        same_number = bool(folded) and fold(row.number or "") == folded
        return Hit(
            row.id, row.name, detail, row.id, 0 if same_number else closeness(row.name_key, folded)
        )
    name = full_name(row.first_name, row.last_name)
    distance = min(closeness(fold(name), folded), closeness(row.name_key, folded))
    return Hit(row.id, name, row.account, row.account_id, distance)
