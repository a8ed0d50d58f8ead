"""What the command palette finds among the records: closest first, quick with a million of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, bindparam, literal_column, select, union_all

from crmapp.db import connection, session
from crmapp.db.statements import Query, Ready, Statement, Statements
from crmapp.domain.search import NOT_AT_ALL, closeness, fold
from crmapp.models import Account, Contact, User
from crmapp.models.contact import full_name
from crmapp.models.search import SHORT, begins, indexed, range_of, values_of

MOST = 6
"""So many records of a kind are offered."""
ENOUGH = 40
"""So many are read from an index that finds more; the closest of them are offered."""
WORDS = 8
"""So many words are looked for; what is typed after them is not."""
Found = Row[*tuple[Any, ...]]
Rows = Sequence[Found]
Rank = tuple[int, int, str]
"""Distance, length of the name, name: what comes first is closer."""
_made = Statements(most=1_000)


class Hit(NamedTuple):
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
    """Find accounts that ``by`` may see, the closest first.

    Those among ``recent`` that are called so come before all others.
    """
    folded = fold(words)
    tiers = _account_tiers(folded, words.strip(), by, recent)
    return _closest(tiers, folded, _rank_account, _account) if folded else []


def find_contacts(words: str, *, by: User) -> list[Hit]:
    """Find contacts of accounts that ``by`` may see, the closest first."""
    folded = fold(words)
    tiers = _contact_tiers(folded, by)
    return _closest(tiers, folded, _rank_contact, _contact) if folded else []


def accounts(ids: Sequence[int], *, by: User) -> list[Hit]:
    """Return those of the accounts that ``by`` may see, in the order of ``ids``."""
    found = {row.id: _account(row) for row in _read("accounts", by, {"ids": ids})} if ids else {}
    return [found[each] for each in ids if each in found]


def _account_tiers(folded: str, typed: str, by: User, recent: Sequence[int]) -> Iterator[Rows]:
    """Look for accounts in one way after the other, the closest matches first."""
    if recent:
        opened = _read("accounts", by, {"ids": recent})
        yield [row for row in opened if _rank_account(row, folded)[0] < NOT_AT_ALL]
    values = {"typed": typed, "capitals": typed.upper(), **range_of(Account.name_key, folded)}
    numbered = any(character.isdigit() for character in typed)
    if numbered:
        values |= range_of(Account.number, typed.upper())
    rows = _read("accounts by number or name" if numbered else "accounts by name", by, values)
    for way in sorted({row.way for row in rows}):
        yield [row for row in rows if row.way == way]
    yield from _by_text("accounts by text", folded, by)


def _contact_tiers(folded: str, by: User) -> Iterator[Rows]:
    _begun, within = _parts(folded)
    values = {**range_of(Contact.name_key, folded), **_parts_of(within)}
    rows = _read("contacts", by, values, len(within))
    named, containing = ([row for row in rows if row.way == way] for way in range(2))
    yield named
    yield from _by_text("contacts by text", folded, by, containing)


def _by_text(name: str, folded: str, by: User, containing: Rows | None = None) -> Iterator[Rows]:
    """Look for records in whose text the words begin words, then for those that contain them.

    Where few contain them, those have the others among them. ``containing`` are they, if somebody
    has looked for them before.
    """
    begun, within = _parts(folded)
    rows = _containing(name, within, by) if containing is None else containing
    if len(rows) == ENOUGH or len(begun) > len(within):
        yield _containing(name, begun, by)
    yield rows


def _parts(folded: str) -> tuple[list[str], list[str]]:
    """Return what to look for in texts: beginnings of words, and the words anywhere."""
    words = folded.split(" ")
    begun, within = (
        [lead + word for word in words if len(lead + word) >= SHORT][:WORDS] for lead in (" ", "")
    )
    return begun, within


def _parts_of(parts: Sequence[str]) -> dict[str, str]:
    return values_of(parts, connection().dialect) if parts else {}


def _containing(name: str, parts: Sequence[str], by: User) -> Rows:
    if not parts:
        return ()
    return _read(name, by, _parts_of(parts), len(parts))


def _read(name: str, by: User, values: Mapping[str, object], count: int = 0) -> Rows:
    key = (name, count, by.scope, connection().dialect.name)
    return _made.of(key, lambda: Ready(_make(name, by, count))).rows(values)


def _make(name: str, by: User, count: int) -> Statement:
    dialect = session.get_bind().dialect
    account, contact = _accounts(by), _contacts(by)
    if name == "accounts":
        return account.where(Account.id.in_(bindparam("ids", expanding=True)))
    if name in ("accounts by name", "accounts by number or name"):
        return _at_once(_ways(account, numbered=name != "accounts by name"))
    if name == "accounts by text":
        table, condition = indexed(Account, count, dialect)
        return account.select_from(table).where(condition).limit(ENOUGH)
    ways = []
    if name == "contacts":
        named = contact.where(begins(Contact.name_key)).order_by(Contact.name_key, Contact.id)
        ways.append(named.limit(ENOUGH))
    if count:
        table, condition = indexed(Contact, count, dialect)
        ways.append(contact.select_from(table).where(condition).limit(ENOUGH))
    return _at_once(ways)


def _ways(account: Query, *, numbered: bool) -> Iterator[Query]:
    """Yield the ways to an account that its indexes know, the closest first."""
    yield account.where(Account.number.in_([bindparam("typed"), bindparam("capitals")])).limit(MOST)
    named = account.where(begins(Account.name_key)).order_by(Account.name_key, Account.id)
    yield named.limit(ENOUGH)
    if numbered:
        yield account.where(begins(Account.number)).limit(MOST)


def _at_once(ways: Iterable[Query]) -> Statement:
    """Go all ways by one statement; ``way`` says by which a row was found."""
    parts = [(number, way.subquery()) for number, way in enumerate(ways)]
    return union_all(
        *(select(*part.c, literal_column(str(number)).label("way")) for number, part in parts)
    )


def _accounts(by: User) -> Query:
    row = Account.__table__.c
    columns = (row.id, row.name, row.name_key, row.number, row.location)
    return select(*columns).where(Account.visible_to(by))


def _contacts(by: User) -> Query:
    row, account = Contact.__table__.c, Account.__table__.c
    columns = (row.id, row.first_name, row.last_name, row.name_key)
    of_account = and_(account.id == row.account_id, Account.visible_to(by))
    query = select(*columns, account.id.label("account_id"), account.name.label("account"))
    return query.where(of_account, row.deleted_at.is_(None))


def _closest(
    tiers: Iterable[Rows],
    folded: str,
    rank: Callable[[Found, str], Rank],
    hit_of: Callable[[Found, int], Hit],
) -> list[Hit]:
    """Take hits from the tiers until there are enough; a later tier is not asked then."""
    found: dict[int, Hit] = {}
    for tier in tiers:
        ranked = sorted(((rank(row, folded), row) for row in tier), key=itemgetter(0))
        for (distance, _length, _name), row in ranked:
            if row.id not in found:
                found[row.id] = hit_of(row, distance)
            if len(found) >= MOST:
                return list(found.values())
    return list(found.values())


def _rank_account(row: Found, folded: str) -> Rank:
    distance = closeness(row.name_key, folded)
    if distance and row.number and fold(row.number) == folded:
        distance = 0
    return distance, len(row.name), row.name


def _rank_contact(row: Found, folded: str) -> Rank:
    name = full_name(row.first_name, row.last_name)
    distance = min(closeness(fold(name), folded), closeness(row.name_key, folded))
    return distance, len(name), name


def _account(row: Found, distance: int = 0) -> Hit:
    detail = " · ".join(filter(None, (row.number, row.location)))
    return Hit(row.id, row.name, detail, row.id, distance)


def _contact(row: Found, distance: int) -> Hit:
    name = full_name(row.first_name, row.last_name)
    return Hit(row.id, name, row.account, row.account_id, distance)
