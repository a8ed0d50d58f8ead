"""Accounts on three sides, each knowing what others lack, and read row by row past all wires."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from crmapp.connectors.sandbox.intacct import records
from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from crmapp.connectors.sandbox.intacct.values import moment
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce import org
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.records import Writer
from crmapp.db import session, unit_of_work
from crmapp.domain.field_rules import Side
from crmapp.domain.standard_rows import INTACCT_ID
from crmapp.models import Account, AccountSync, ExternalIdentity
from crmapp.services import account_sync_states
from crmapp.services.account_sync_rows import IDENTITY
from tests.support.columns import derived

Known = dict[str, tuple[str, str | None]]
"""Of each account by its number: name and phone."""
_LETTER = "F"


@dataclass(frozen=True)
class Book:
    """So many accounts, of which each side lacks something.

    By its place, of each eight: five are on all sides and one side only knows the phone; one is
    nowhere but here, one is not in Salesforce, and one is the same everywhere.
    """

    size: int
    first: int = 0

    @property
    def numbers(self) -> list[str]:
        return [f"{_LETTER}{n:05}" for n in range(self.first, self.first + self.size)]

    def phone(self, number: str, side: str) -> str | None:
        """Return the phone that a side knows before the sync."""
        known = {
            0: ("here",), 1: ("intacct",), 2: ("salesforce",), 3: ("here", "intacct"),
            4: ("intacct",),
        }  # fmt: skip
        place = int(number[1:]) % 8
        return wanted(number)[1] if side in known.get(place, (side,)) else None

    def on(self, side: str) -> list[str]:
        """Return the accounts that a side has before the sync."""
        lacks = {"here": (), "intacct": (5,), "salesforce": (5, 6)}[side]
        return [number for number in self.numbers if int(number[1:]) % 8 not in lacks]


def wanted(number: str) -> tuple[str, str]:
    """Return the name and the phone that an account has on all sides in the end."""
    return f"Customer {number}", f"+33 {number[1:]}"


def furnish_intacct(folder: Path, book: Book) -> None:
    """Make the file of a pretend Intacct that has these customers beside its own."""
    app: Any = create_app("intacct", folder)
    at, contact, customer = moment(datetime.now(UTC)), OBJECTS["CONTACT"], OBJECTS["CUSTOMER"]
    with app.store.writing() as connection:
        query = "SELECT last FROM numbering WHERE object = 'CONTACT'"
        first = connection.execute(query).fetchone()["last"] + 1
        people, customers = [], []
        for place, number in enumerate(book.on("intacct")):
            name, phone = wanted(number)[0], book.phone(number, "intacct")
            person = {"CONTACTNAME": f"{name}(C{number})", "PRINTAS": name, "PHONE1": phone}
            people.append({field: value for field, value in person.items() if value})
            customers.append(
                {
                    "CUSTOMERID": number,
                    "NAME": name,
                    "ENTITY": f"C{number}",
                    "DISPLAYCONTACTKEY": first + place,
                }
            )
        records.insert_many(connection, contact, people, at=at)
        records.insert_many(connection, customer, customers, at=at)
    app.store.close()


def furnish_salesforce(folder: Path, book: Book) -> None:
    """Make the file of a pretend Salesforce that has these accounts beside its own."""
    app: Any = create_app("salesforce", folder)
    app.store.close()
    database = Database(folder / "salesforce.db")
    with database.store.writing() as connection:
        writer = Writer(database, connection, database.objects["account"], datetime.now(UTC))
        for number in book.on("salesforce"):
            name, phone = wanted(number)[0], book.phone(number, "salesforce")
            writer.put({"Name": name, INTACCT_ID: number, **({"Phone": phone} if phone else {})})
    database.store.close()


def furnish_here(book: Book) -> None:
    """Have the accounts here, waiting to be synchronised."""
    rows = []
    for number in book.on("here"):
        name, phone = wanted(number)[0], book.phone(number, "here")
        values = {"name": name, "number": number, "phone": phone}
        rows.append({**values, **derived("account", values)})
    with unit_of_work():
        session.execute(insert(Account), rows)
        ids = session.scalars(select(Account.id).where(Account.number.in_(book.numbers)))
        account_sync_states.changed_there(list(ids))


def furnish_bystanders(size: int) -> None:
    """Have so many accounts that take no part, and were looked at by an earlier sync."""
    rows = [{"name": f"Bystander {n}"} for n in range(size)]
    with unit_of_work():
        session.execute(insert(Account), [{**row, **derived("account", row)} for row in rows])
        ids = session.scalars(select(Account.id).where(Account.number.is_(None))).all()
        session.execute(insert(AccountSync), [{"account_id": id_} for id_ in ids])


def link_some(salesforce: Path, book: Book) -> None:
    """Have one account in eight know its record in Salesforce, so that it is read by its id."""
    table = org.objects()["account"].table
    query = f"SELECT {INTACCT_ID}, Id FROM {table}"  # noqa: S608  (our own names)
    with closing(sqlite3.connect(salesforce / "salesforce.db")) as file:
        ids = dict(file.execute(query).fetchall())
    system, object_ = IDENTITY[Side.SALESFORCE]
    with unit_of_work():
        known = {each[0]: each[1] for each in session.execute(select(Account.number, Account.id))}
        rows = [
            {
                "system": system,
                "object": object_,
                "external_id": ids[number],
                "account_id": known[number],
            }
            for number in book.numbers[::8]
        ]
        session.execute(insert(ExternalIdentity), rows)


@dataclass(frozen=True)
class Rows:
    """What all sides hold of the accounts, and all else that they hold, which nobody may touch."""

    here: Known
    intacct: Known
    salesforce: Known
    else_here: tuple[Any, ...]
    else_intacct: tuple[Any, ...]
    else_salesforce: tuple[Any, ...]
    twice: tuple[str, ...]


def rows(intacct: Path, salesforce: Path) -> Rows:
    """Read every account on every side."""
    ours, else_here, twice = _here()
    customers, else_intacct, more = _in_intacct(intacct)
    accounts, else_salesforce, most = _in_salesforce(salesforce)
    doubles = tuple(f"here: {n}" for n in twice) + tuple(f"Intacct: {n}" for n in more)
    doubles += tuple(f"Salesforce: {n}" for n in most)
    return Rows(ours, customers, accounts, else_here, else_intacct, else_salesforce, doubles)


def _divided(found: list[tuple[Any, ...]]) -> tuple[Known, tuple[Any, ...], list[str]]:
    """Divide rows of number, name, phone and more: ours by number, all else, what is twice."""
    ours = [row for row in found if str(row[0] or "").startswith(_LETTER)]
    other = tuple(row for row in found if not str(row[0] or "").startswith(_LETTER))
    times = Counter(str(row[0]) for row in ours)
    return (
        {str(row[0]): (row[1], row[2]) for row in ours},
        other,
        [number for number, count in times.items() if count > 1],
    )


def _here() -> tuple[Known, tuple[Any, ...], list[str]]:
    session.rollback()
    query = select(Account.number, Account.name, Account.phone, Account.id, Account.version)
    return _divided([tuple(row) for row in session.execute(query.order_by(Account.id))])


def _in_intacct(folder: Path) -> tuple[Known, tuple[Any, ...], list[str]]:
    query = "SELECT object, key, recordno, body, modified FROM record ORDER BY id"
    with closing(sqlite3.connect(folder / "intacct.sqlite")) as file:
        found = [
            (row[0], row[1], row[2], json.loads(row[3]), row[4]) for row in file.execute(query)
        ]
    phones = {
        number: body.get("PHONE1") for what, _key, number, body, _at in found if what == "CONTACT"
    }
    named = [
        (key, body["NAME"], phones.get(body.get("DISPLAYCONTACTKEY")))
        for what, key, _number, body, _at in found
        if what == "CUSTOMER" and key.startswith(_LETTER)
    ]
    ours, _none, twice = _divided(named)
    other = tuple(
        (what, key, json.dumps(body), at)
        for what, key, _number, body, at in found
        if not (key.startswith(_LETTER) or f"(C{_LETTER}" in key)
    )
    return ours, other, twice


def _in_salesforce(folder: Path) -> tuple[Known, tuple[Any, ...], list[str]]:
    table = org.objects()["account"].table
    query = (
        f"SELECT {INTACCT_ID}, Name, Phone, Id, SystemModstamp FROM {table}"  # noqa: S608  (our own names)
        " WHERE IsDeleted = 0 ORDER BY Id"
    )
    with closing(sqlite3.connect(folder / "salesforce.db")) as file:
        return _divided(file.execute(query).fetchall())


def breaks(before: Rows, after: Rows, book: Book) -> list[str]:
    """Compare all sides with what they are to hold: what is lost, made twice, or touched.

    What is not in the book is to stay as it is.
    """
    found = [*after.twice]
    for side in ("here", "intacct", "salesforce"):
        known: Known = getattr(after, side)
        goal = getattr(before, side) | {number: wanted(number) for number in book.numbers}
        found += [
            f"{side}: {number} is {known.get(number)}, not {goal.get(number)}"
            for number in sorted(known.keys() | goal.keys())
            if known.get(number) != goal.get(number)
        ]
        if getattr(before, f"else_{side}") != getattr(after, f"else_{side}"):
            found.append(f"{side}: something else was touched")
    return found


def halfway(before: Rows, now: Rows) -> list[str]:
    """Say what is neither as it was nor as it is to be, while a run stands still."""
    found = [*now.twice]
    for side in ("here", "intacct", "salesforce"):
        was, known = getattr(before, side), getattr(now, side)
        found += [
            f"{side}: {number} is {known.get(number)}"
            for number in was.keys() | known.keys()
            if known.get(number) not in (was.get(number), wanted(number))
        ]
    return found


def states() -> Counter[tuple[str, bool]]:
    """Return how many accounts are in which state, and wait."""
    session.rollback()
    query = select(AccountSync.state, AccountSync.pending.is_not(None), func.count())
    found = session.execute(query.group_by(AccountSync.state, AccountSync.pending.is_not(None)))
    return Counter({(state, bool(waits)): count for state, waits, count in found})
