"""One account on three sides: here, in a pretend Intacct and in a pretend Salesforce."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from crmapp.connectors.port import Connector, Description
from crmapp.db import db, session, unit_of_work, utcnow
from crmapp.domain.runs import ACTIVE
from crmapp.domain.standard_rows import ACCOUNT, CUSTOMER, CUSTOMER_ID, INTACCT_ID, Dialect
from crmapp.models import Account, AccountSync, Run
from crmapp.services import (
    account_sync,
    account_sync_states,
    accounts,
    connections,
    field_maps,
    remotes,
    runs,
    sync_options,
)
from crmapp.services.remote_jobs import RowJobs
from crmapp.services.sync_options import SyncOptions
from tests.factories import Make
from tests.support.connections import fault, pretended
from tests.support.sandbox_pair import connect_both

NAMES = {
    Dialect.XML: {"name": "NAME", "phone": "DISPLAYCONTACT.PHONE1"},
    Dialect.REST: {"name": "name", "phone": "contacts.default.phone1"},
}
THERE = {"name": "Name", "phone": "Phone"}


@contextmanager
def opened_parties(make: Make, folder: Path, *, by_rest: bool = False) -> Iterator[Parties]:
    """Connect both pretend systems, whose data are kept in ``folder``."""
    with (
        pretended("salesforce", folder / "there") as org,
        pretended("intacct", folder / "source") as intacct,
    ):
        connect_both(org, intacct, by=make.alice, by_rest=by_rest)
        yield Parties(make, intacct, org)


@dataclass
class Rival:
    """Opens the connections here; does something once, before a system is opened the n-th time."""

    system: str
    act: Callable[[], object]
    before: int = 1

    def connected(self) -> set[str]:
        return connections.connected()

    def opened(
        self, system: str, known: Iterable[Description] = ()
    ) -> AbstractContextManager[Connector]:
        if system == self.system:
            self.before -= 1
            if self.before == 0:
                self.act()
        return connections.opened(system, jobs=RowJobs(db.engine), known=known)


@dataclass(frozen=True)
class Parties:
    """Both pretend systems, connected, and the sync of accounts between them and here."""

    make: Make
    intacct: str
    salesforce: str

    def enable(self, **chosen: Any) -> None:
        """Read what the systems consist of, and enable the sync."""
        field_maps.read_anew(by=self.make.alice)
        options = SyncOptions(**{"enabled": True, **chosen})
        sync_options.save(options, seen=sync_options.version(), by=self.make.alice)

    def customer(self, number: str) -> dict[str, Any] | None:
        """Return a customer's name and phone in Intacct; None if there is none."""
        dialect = field_maps.dialect()
        names = NAMES[dialect]
        session.rollback()
        with remotes.opened("intacct") as connector:
            fields = list(names.values())
            found = connector.find(CUSTOMER[dialect], fields, CUSTOMER_ID[dialect], number)
        return {name: found[0][field] for name, field in names.items()} if found else None

    def change_customer(self, number: str, **values: Any) -> None:
        """Change a customer in Intacct, as somebody does who works there."""
        dialect = field_maps.dialect()
        row = {NAMES[dialect][name]: value for name, value in values.items()}
        self._change("intacct", CUSTOMER[dialect], CUSTOMER_ID[dialect], number, row)

    def there(self, number: str) -> dict[str, Any] | None:
        """Return an account's name and phone in Salesforce; None if there is none."""
        session.rollback()
        with remotes.opened("salesforce") as connector:
            found = connector.find(ACCOUNT, list(THERE.values()), INTACCT_ID, number)
        assert len(found) < 2, found
        return {name: found[0][field] for name, field in THERE.items()} if found else None

    def id_there(self, number: str) -> str:
        """Return the id of an account in Salesforce."""
        session.rollback()
        with remotes.opened("salesforce") as connector:
            (found,) = connector.find(ACCOUNT, ["Id"], INTACCT_ID, number)
        return str(found["Id"])

    def change_there(self, number: str, **values: Any) -> None:
        """Change an account in Salesforce, as somebody does who works there."""
        row = {THERE[name]: value for name, value in values.items()}
        self._change("salesforce", ACCOUNT, INTACCT_ID, number, row)

    def _change(self, system: str, object_: str, key: str, number: str, row: Any) -> None:
        session.rollback()
        with remotes.opened(system) as connector:
            (result,) = connector.upsert(object_, key, [{key: number, **row}])
        assert result.error is None, result.error

    def here(self, account: Account) -> dict[str, Any]:
        session.rollback()
        found = session.get_one(Account, account.id)
        return {"name": found.name, "phone": found.phone}

    def edit(self, account: Account, **values: Any) -> None:
        """Change an account here, as a person does."""
        session.rollback()
        found = session.get_one(Account, account.id)
        accounts.update(account.id, values, version=found.version, by=self.make.mona)

    def state(self, account: Account) -> AccountSync | None:
        session.rollback()
        return session.get(AccountSync, account.id)

    @contextmanager
    def meanwhile(self, system: str, act: Callable[[], object], before: int = 1) -> Iterator[None]:
        """Have ``act`` done before a system is opened the n-th time within the block."""
        remotes.use(Rival(system, act, before))
        try:
            yield
        finally:
            remotes.use(None)

    def touch(self, *found: Account) -> None:
        """Have accounts looked at that a factory made behind the door's back."""
        ids = [each.id for each in found]
        with unit_of_work():
            account_sync_states.changed_there(ids)

    def due(self) -> None:
        """Have what changed elsewhere read now."""
        with unit_of_work():
            account_sync_states.keep_clock(due_at=utcnow())

    def finish(self) -> Run | None:
        """Work on the run that is open."""
        session.rollback()
        run = account_sync_states.open_run()
        assert run is not None
        return self.work(run)

    def sync(self) -> Run | None:
        """Do what the sweeper would start now, until it has ended or waits for a person."""
        session.rollback()
        run = account_sync.start_due()
        return None if run is None else self.work(run)

    def plan(self) -> Run:
        """Have all accounts planned; the plan waits for a person."""
        chosen = account_sync.Chosen()
        run = self.work(account_sync.synchronize_many(chosen, by=self.make.alice))
        assert run is not None
        assert run.status == "planned", run.error
        return run

    def work(self, run: int) -> Run | None:
        """Work on a run; None if it was about nothing, and is not kept."""
        for _slice in range(50):
            with unit_of_work():  # nobody waits here until it may be tried again
                session.execute(update(Run).where(Run.id == run).values(retry_at=None))
            found = session.get(Run, run)
            if found is None or found.status not in ACTIVE:
                return found
            runs.work(run)
        raise AssertionError("the run does not end")

    def fault(self, system: str, kind: str, **more: Any) -> None:
        fault(getattr(self, system), kind=kind, **more)

    def well(self, system: str) -> None:
        httpx.delete(f"{getattr(self, system)}/__control/faults").raise_for_status()
