"""A worker that dies after any of its commits loses nothing, and writes nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from crmapp.db import session, unit_of_work
from crmapp.models import Change, Run
from crmapp.services import account_sync, account_sync_states, runs
from tests.support.killing import killed_after
from tests.support.parties import Parties, opened_parties

NUMBER, NAME = "C005", "Atelier graphique"


@pytest.fixture
def parties(make, tmp_path: Path) -> Iterator[Parties]:
    with opened_parties(make, tmp_path) as parties:
        parties.enable(create=frozenset({"intacct", "salesforce"}))
        yield parties


def work_until_killed(run_id: int, commits: int) -> bool:
    """Work on a run; say whether it was left unfinished by a worker that died."""
    with killed_after(commits):
        for _phase in range(3):
            runs.work(run_id)
    left = account_sync_states.open_run() is not None
    with unit_of_work():
        free = {"lease_until": None, "retry_at": None}
        session.execute(update(Run).where(Run.id == run_id).values(**free))
    return left


def test_a_run_goes_on_wherever_its_worker_died(make, parties):
    account = make.account(NAME, number=NUMBER)
    parties.sync()
    for commits in range(1, 40):
        phone, number = f"+33 40 00 {commits:02}", f"N-{commits}"
        parties.edit(account, phone=phone)
        parties.change_customer(NUMBER, name=f"Atelier {commits}")
        fresh = make.account("Brand New", number=number)
        parties.touch(fresh)
        parties.due()
        run = account_sync.start_due()
        left = work_until_killed(run, commits)
        if left:
            parties.finish()
        parties.sync()

        told = {"name": f"Atelier {commits}", "phone": phone}
        assert parties.here(account) == parties.customer(NUMBER) == parties.there(NUMBER) == told
        assert parties.there(number)["name"] == parties.customer(number)["name"] == "Brand New"
        assert parties.state(fresh).state == parties.state(account).state == "synced"
        assert parties.state(account).pending is None
        if not left:
            break
    assert 5 < commits < 39
    renamed = select(func.count()).select_from(Change).where(Change.record_id == account.id)
    assert session.scalar(renamed) >= 2 * commits
