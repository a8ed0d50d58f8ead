"""A managed list on three sides: Intacct, here, Salesforce; pretend ones, and what each holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.managed_lists import MANAGED_LISTS, VALUE_HIDDEN, VALUE_ID
from crmapp.models import PickListValue, Run
from crmapp.services import managed_lists, remotes, runs
from tests.factories import Make
from tests.fakes.remote import FakeConnector, FakeRemotes

CODE = "departments"
LIST = MANAGED_LISTS[CODE]


class Sides:
    """What the three sides hold of one list, changed and read as their people do."""

    def __init__(self, folder: Path, code: str = CODE) -> None:
        self.managed = MANAGED_LISTS[code]
        own = (self.managed.xml_key, self.managed.xml_name, "STATUS")
        self.intacct = FakeConnector(folder / "intacct.db", own[0], own)
        self.salesforce = FakeConnector(
            folder / "salesforce.db", VALUE_ID, ("Name", VALUE_ID, VALUE_HIDDEN)
        )
        self.remotes = FakeRemotes({"intacct": self.intacct, "salesforce": self.salesforce})

    def source(self, *values: str, active: bool = True, **labelled: str) -> None:
        """Have values in Intacct, labelled like their code or as is said."""
        key, name = self.managed.xml_key, self.managed.xml_name
        status = "active" if active else "inactive"
        labels = {**{code: code for code in values}, **labelled}
        records = [{key: code, name: label, "STATUS": status} for code, label in labels.items()]
        self.intacct.put(self.managed.xml_object, *records)

    def gone(self, *values: str) -> None:
        self.intacct.drop(self.managed.xml_object, *values)

    def here(self) -> dict[str, tuple[str, bool]]:
        """Return the living values here: code in Intacct, else own code → label, active."""
        session.rollback()
        query = select(PickListValue).where(
            PickListValue.list_code == self.managed.pick_list, PickListValue.deleted_at.is_(None)
        )
        found = session.scalars(query)
        return {each.external_id or each.code: (each.label_en, each.active) for each in found}

    def there(self) -> dict[str, tuple[str, bool]]:
        """Return the values in Salesforce: code → label, shown."""
        found = self.salesforce.all(self.managed.salesforce_object)
        return {key: (row["Name"], not row[VALUE_HIDDEN]) for key, row in found.items()}


def use(sides: Sides) -> Sides:
    """Put both sides in the place of the systems until the test is over; return them."""
    remotes.use(sides.remotes)
    return sides


def work(run_id: int, make: Make) -> Run:
    """Work on a run until it ends or waits for a person."""
    for _slice in range(50):
        if runs.get(run_id, by=make.alice).status not in ("planning", "queued", "running"):
            break
        runs.work(run_id)
    return runs.get(run_id, by=make.alice)


def resync(make: Make, sides: Sides, **more: Any) -> Run:
    """Synchronize the list for alice, and work on it."""
    return work(managed_lists.synchronize(sides.managed.code, by=make.alice, **more), make)


def tallies(run: Run, side: str) -> dict[str, int]:
    """Return what became of values on one side: ``here`` or ``there``."""
    start = f"{side}."
    return {name.removeprefix(start): n for name, n in run.done.items() if name.startswith(start)}
