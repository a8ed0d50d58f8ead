"""The list of departments on three sides, set unlike each other, and read row by row past wires."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmapp.connectors.sandbox.intacct import records
from crmapp.connectors.sandbox.intacct.objects import OBJECTS
from crmapp.connectors.sandbox.intacct.values import moment
from crmapp.connectors.sandbox.registry import create_app
from crmapp.connectors.sandbox.salesforce import org
from crmapp.connectors.sandbox.salesforce.database import Database
from crmapp.connectors.sandbox.salesforce.records import Writer
from crmapp.connectors.sandbox.store import Store
from crmapp.db import session, unit_of_work
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from crmapp.models import PickList, PickListValue

CODE = "departments"
LIST = MANAGED_LISTS[CODE]
OBJECT = LIST.salesforce_object
VALUES = [f"v{n:03}" for n in range(60)]
GONE = frozenset({"v040", "v041"})  # Intacct has them no more
INACTIVE = frozenset({"v042", "v043"})  # Intacct has them, and does not offer them
NEW = frozenset(VALUES[50:])  # not here yet
UNKNOWN_THERE = frozenset(VALUES[30:40]) | NEW  # not in Salesforce yet
STALE = frozenset(VALUES[5:12])  # the others have an older label
HIDDEN = frozenset({"v020", "v021"})  # hidden here and there, although Intacct offers them
OLD = [f"old{n:03}" for n in range(30)]
"""Values that Salesforce has kept hidden for long, and that nobody else knows."""
BY_HAND = "Made by hand"
"""What somebody made in Salesforce without a code: it is nobody else's."""
Shown = dict[str, tuple[str, bool]]
"""Of each value by its code: the label, and whether it is offered."""


def label(code: str, *, stale: bool = False) -> str:
    return f"Former {code}" if stale else f"Department {code}"


@dataclass(frozen=True)
class Goal:
    """What the pick list and Salesforce are to hold in the end."""

    here: Shown
    there: Shown

    def renamed(self, word: str) -> Goal:
        """Return the goal once :func:`rename_all` has been at work."""
        new = {code: f"{label(code)} {word}" for code in VALUES if code not in GONE}
        return Goal(_relabelled(self.here, new), _relabelled(self.there, new))


def _relabelled(shown: Shown, new: dict[str, str]) -> Shown:
    return {code: (new.get(code, name), offered) for code, (name, offered) in shown.items()}


def goal() -> Goal:
    """Return what follows from what was furnished."""
    ours = {code: (label(code), code not in GONE | INACTIVE) for code in VALUES}
    return Goal(ours, {**ours, **{code: (label(code), False) for code in OLD}})


def furnish_intacct(folder: Path) -> None:
    """Make the file of a pretend Intacct with our departments instead of its own."""
    object_, own = OBJECTS["DEPARTMENT"], [code for code in VALUES if code not in GONE]
    rows: list[dict[str, Any]] = [
        {
            "DEPARTMENTID": code,
            "TITLE": label(code),
            "STATUS": "inactive" if code in INACTIVE else "active",
        }
        for code in own
    ]
    app: Any = create_app("intacct", folder)
    with app.store.writing() as connection:
        connection.execute("DELETE FROM record WHERE object = ?", [object_.name])
        records.insert_many(connection, object_, rows, at=moment(datetime.now(UTC)))
    app.store.close()


def furnish_salesforce(folder: Path) -> None:
    """Make the file of a pretend Salesforce that lags behind, and has values of its own."""
    app: Any = create_app("salesforce", folder)
    app.store.close()
    database = Database(folder / "salesforce.db")
    with database.store.writing() as connection:
        writer = Writer(database, connection, database.objects[OBJECT.lower()], datetime.now(UTC))
        for code in VALUES:
            if code not in UNKNOWN_THERE:
                shown = label(code, stale=code in STALE)
                writer.put({"Name": shown, VALUE_ID: code, VALUE_HIDDEN: int(code in HIDDEN)})
        for code in OLD:
            writer.put({"Name": label(code), VALUE_ID: code, VALUE_HIDDEN: 1})
        writer.put({"Name": BY_HAND})
    database.store.close()


def furnish_here() -> None:
    """Have the pick list as an earlier resync left it."""
    with unit_of_work():
        session.add(PickList(code=LIST.pick_list, label_en="Departments", label_fr="Départements"))
        session.flush()
        for place, code in enumerate(VALUES):
            if code not in NEW:
                name = label(code, stale=code in STALE)
                labels = {"label_en": name, "label_fr": name}
                own = {"code": code, "external_id": code, "active": code not in HIDDEN}
                value = {**labels, **own, "list_code": LIST.pick_list, "position": place}
                session.add(PickListValue(**value))


@dataclass(frozen=True)
class Rows:
    """What all sides hold: ``here`` and ``there`` by code, the rest as it lies in the files."""

    here: Shown
    there: Shown
    made_there: dict[str, str]  # id → code, of every record that lives
    intacct: tuple[tuple[Any, ...], ...]


def rows(intacct: Path, salesforce: Path) -> Rows:
    """Read every row of the list on every side."""
    records_there = _in_salesforce(salesforce)
    return Rows(
        here(),
        {code: (name, not hidden) for _id, name, code, hidden in records_there if code},
        {id_: code or name for id_, name, code, _hidden in records_there},
        _in_intacct(intacct),
    )


def here() -> Shown:
    session.rollback()
    query = select(PickListValue).where(
        PickListValue.list_code == LIST.pick_list, PickListValue.deleted_at.is_(None)
    )
    found = list(session.scalars(query))
    shown = {each.external_id or each.code: (each.label_en, each.active) for each in found}
    assert len(shown) == len(found), "a value is here twice"
    return shown


def _in_salesforce(folder: Path) -> list[tuple[str, str, str | None, bool]]:
    table = org.objects()[OBJECT.lower()].table
    query = f"SELECT Id, Name, {VALUE_ID}, {VALUE_HIDDEN} FROM {table} WHERE IsDeleted = 0"  # noqa: S608  (our own names)
    with closing(sqlite3.connect(folder / "salesforce.db")) as file:
        return [(id_, name, code, bool(off)) for id_, name, code, off in file.execute(query)]


def _in_intacct(folder: Path) -> tuple[tuple[Any, ...], ...]:
    query = "SELECT object, recordno, key, entity, created, modified, body FROM record ORDER BY id"
    with closing(sqlite3.connect(folder / "intacct.sqlite")) as file:
        return tuple(file.execute(query))


def rename_all(folder: Path, word: str) -> None:
    """Rename every department in Intacct, as somebody does who works there."""
    object_, at = OBJECTS["DEPARTMENT"], moment(datetime.now(UTC))
    store = Store(folder / "intacct.sqlite")
    with store.writing() as connection:
        for code in VALUES:
            number = records.number_of(connection, object_, code)
            if number is not None:
                title = {"TITLE": f"{label(code)} {word}"}
                records.update(connection, object_, number, title, at=at)
    store.close()


def breaks(before: Rows, after: Rows, wanted: Goal) -> list[str]:
    """Compare all sides with what they are to hold: what is lost, made twice, or touched."""
    found = [f"here: {each}" for each in _differences(after.here, wanted.here)]
    found += [f"there: {each}" for each in _differences(after.there, wanted.there)]
    found += [
        f"there: {code} ({id_}) is another record now"
        for id_, code in before.made_there.items()
        if after.made_there.get(id_) != code
    ]
    codes = list(after.made_there.values())
    found += [f"there: {code} is there twice" for code in set(codes) if codes.count(code) > 1]
    if after.intacct != before.intacct:
        found.append("Intacct's own records were changed")
    return found


def halfway(before: Rows, now: Rows, wanted: Goal) -> list[str]:
    """Say what is neither as it was nor as it is to be, while a run stands still."""
    sides = (
        ("here", before.here, now.here, wanted.here),
        ("there", before.there, now.there, wanted.there),
    )
    return [
        f"{side}: {code} is {found.get(code)}"
        for side, was, found, due in sides
        for code in was.keys() | found.keys() | due.keys()
        if found.get(code) not in (was.get(code), due.get(code))
    ]


def _differences(found: Shown, wanted: Shown) -> list[str]:
    return [
        f"{code} is {found.get(code)}, not {wanted.get(code)}"
        for code in sorted(found.keys() | wanted.keys())
        if found.get(code) != wanted.get(code)
    ]
