"""Plan rows of contacts and activities: map them, find accounts and records, compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, select

from crmapp.db import session
from crmapp.db.bulk import is_one_of
from crmapp.domain import attached
from crmapp.domain.attached import Attached, Known, Numbered, Rules
from crmapp.domain.fields import required_of
from crmapp.domain.mapping import FieldMapping, Mapped, apply, read, say
from crmapp.domain.plan import PlanRow, SourceRow
from crmapp.domain.record_keys import ACCOUNT, NAMES, NUMBER, RECORD
from crmapp.i18n import Text
from crmapp.models import Account, Activity, Contact, User
from crmapp.services import activities, fields, mapping_words, upsert_fields

_MODELS: dict[str, type[Contact] | type[Activity]] = {"contact": Contact, "activity": Activity}
_ACCOUNT = Account.__table__.c
_CONTACT = Contact.__table__.c
_NAMING = ("first_name", "last_name", "email")
Places = dict[tuple[int, str], list[Attached]]
"""Account and what a contact is known by in it → contacts."""


def plan_rows(
    object_: str,
    rows: Sequence[SourceRow],
    mapping: FieldMapping,
    by: User,
    cells: Mapping[int, Mapping[str, str | None]] = {},
) -> list[PlanRow]:
    """Decide about ``rows`` of contacts or activities.

    ``cells`` are row number → field → what stands in the place of its cell.
    """
    mapped = _mapped(object_, rows, mapping, by, cells)
    known = _known(object_, mapped, mapping, by)
    rules = _rules(object_, mapping, mapped, by)
    return [
        attached.decide(row, each, known, rules) for row, each in zip(rows, mapped, strict=True)
    ]


def _mapped(
    object_: str,
    rows: Sequence[SourceRow],
    mapping: FieldMapping,
    by: User,
    cells: Mapping[int, Mapping[str, str | None]],
) -> list[Mapped]:
    specs = upsert_fields.every(object_)
    typed = [each for row in rows for each in cells.get(row.row_no, {}).items()]
    meanings = mapping_words.lookups(mapping, specs, [row.cells for row in rows], typed, by=by)
    found = read(mapping, specs, [row.cells for row in rows], meanings)
    return [
        apply(mapping, specs, row.cells, meanings, cells[row.row_no])
        if row.row_no in cells
        else say(mapping, specs, row.cells, each, meanings)
        for row, each in zip(rows, found, strict=True)
    ]


def _known(object_: str, mapped: Sequence[Mapped], mapping: FieldMapping, by: User) -> Known:
    """Look up the accounts and the records that the rows name, of those that ``by`` sees."""
    named = {name: _said(mapped, name) for name in NAMES}
    accounts = _accounts(named[ACCOUNT], by)
    by_number = _by_number(named[NUMBER], by)
    names = _compared(object_, mapping, mapped)
    records = _records(object_, named[RECORD], names, by)
    known = Known(accounts, by_number, records)
    if object_ != "contact":
        return known
    by_address, by_name = _contacts(mapped, known, names)
    return replace(known, by_address=by_address, by_name=by_name)


def _said(mapped: Sequence[Mapped], name: str) -> list[Any]:
    """Return what the rows say in one field, without the empty ones, each value once."""
    values = {each.values.get(name) for each in mapped if name in each.values}
    return sorted(values - {None, ""})


def _compared(object_: str, mapping: FieldMapping, mapped: Sequence[Mapped]) -> list[str]:
    """Return the fields that are read of records: what rows fill, and what they are known by."""
    filled = {name for each in mapped for name in each.values} - NAMES
    own = _NAMING if object_ == "contact" else ("kind", "contact_id")
    return sorted({*mapping.written, *filled, *own})


def _accounts(ids: Sequence[int], by: User) -> frozenset[int]:
    query = select(_ACCOUNT.id).where(is_one_of(_ACCOUNT.id, ids), Account.visible_to(by))
    return frozenset(session.scalars(query)) if ids else frozenset()


def _by_number(numbers: Sequence[str], by: User) -> dict[str, list[Numbered]]:
    query = select(_ACCOUNT.number, _ACCOUNT.id, _ACCOUNT.erp_company).where(
        is_one_of(_ACCOUNT.number, numbers), Account.visible_to(by)
    )
    found: dict[str, list[Numbered]] = {}
    for number, id_, company in session.execute(query) if numbers else ():
        found.setdefault(number, []).append(Numbered(id_, company))
    return found


def _records(
    object_: str, ids: Sequence[int], names: Sequence[str], by: User
) -> dict[int, Attached]:
    model = _MODELS[object_]
    where = (is_one_of(model.__table__.c.id, ids), model.visible_to(by))
    return {each.id: each for each in _read(object_, names, *where)} if ids else {}


def _contacts(
    mapped: Sequence[Mapped], known: Known, names: Sequence[str]
) -> tuple[Places, Places]:
    """Find contacts by their address, and by their name, within the account that a row names."""
    asked = {
        place
        for row in mapped
        if row.values.get(RECORD) is None
        and isinstance(account := attached.account_of(row.values, known), int)
        for place in _places(account, row.values)
    }
    accounts = sorted({account for account, _word in asked})
    query = select(_CONTACT.id, _CONTACT.account_id, *(_CONTACT[name] for name in _NAMING)).where(
        is_one_of(_CONTACT.account_id, accounts), _CONTACT.deleted_at.is_(None)
    )
    meant = [
        row.id
        for row in (session.execute(query) if asked else ())
        if not asked.isdisjoint(_places(row.account_id, row._asdict()))
    ]
    by_address: Places = {}
    by_name: Places = {}
    for each in _read("contact", names, is_one_of(_CONTACT.id, sorted(meant))) if meant else ():
        if address := attached.address_of(each.account, each.values):
            by_address.setdefault(address, []).append(each)
        if name := attached.name_of(each.account, each.values):
            by_name.setdefault(name, []).append(each)
    return by_address, by_name


def _places(account: int, values: Mapping[str, Any]) -> set[tuple[int, str]]:
    """Return by what a contact may be found within its account."""
    known_by = attached.address_of(account, values), attached.name_of(account, values)
    return {each for each in known_by if each}


def _read(object_: str, names: Sequence[str], *where: ColumnElement[bool]) -> Iterator[Attached]:
    table = _MODELS[object_].__table__.c
    columns = (table.id, table.account_id, table.version, *(table[name] for name in names))
    for id_, account, version, *values in session.connection().execute(
        select(*columns).where(*where)
    ):
        yield Attached(id_, account, version, dict(zip(names, values, strict=True)))


def _rules(object_: str, mapping: FieldMapping, mapped: Sequence[Mapped], by: User) -> Rules:
    required = required_of(fields.of(object_))
    if object_ == "contact":
        return Rules(object_, mapping, required, _nothing, {})
    contacts = _homes(_said(mapped, "contact_id"))
    misfits = partial(activities.misfits, contacts)
    return Rules(object_, mapping, required, misfits, {"owner_id": by.id})


def _nothing(_values: Mapping[str, Any], _held: Attached | None, _account: int) -> dict[str, Text]:
    return {}


def _homes(ids: Sequence[int]) -> dict[int, int]:
    """Return contact → its account, of living contacts."""
    query = select(_CONTACT.id, _CONTACT.account_id).where(
        is_one_of(_CONTACT.id, ids), _CONTACT.deleted_at.is_(None)
    )
    return {row.id: row.account_id for row in session.execute(query)} if ids else {}
