"""How the end of a run is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmapp.db import session
from crmapp.models import Account
from crmapp.services import databases
from tests.support.pages import flat
from tests.support.sales import publish
from tests.support.upserts import carry_out, edit, plan, rows_of, take_back
from tests.support.web import htmx


@pytest.mark.parametrize(
    "edited, said",
    [
        ([], "Run 1 is undone."),
        (["Acme"], "Run 1 is undone, but 1 change was kept. The receipt says why."),
        (["Acme", "Bolt"], "Nothing of run 1 was taken back. The receipt says why."),
    ],
)
def test_the_end_of_an_undo_says_whether_something_was_kept(as_user, make, edited, said):
    done = carry_out(make, plan(make, rows_of("Acme", "Bolt")))
    for account in session.scalars(select(Account).where(Account.name.in_(edited))).all():
        edit(make, account, fax="555 999")
    undoing = take_back(make, done)

    part = as_user(make.mona).get(f"/runs/{undoing.id}/progress", headers=htmx("runs-run"))

    assert said in flat(part)


@pytest.mark.parametrize(
    "rows, said",
    [
        (["2026-10-01;0017;Acme;1.00"], " is refreshed: 1 row loaded."),
        (["2026-10-01;0017;Acme;1.00"] * 2, " is refreshed: 2 rows loaded."),
        (["2026-10-01;0017;Acme;1.00"] * 60 + ["10-01;;;"], ": 60 rows loaded, 1 rejected."),
    ],
)
def test_the_end_of_a_refresh_says_how_many_rows(as_user, make, rows, said):
    stored = publish(make, "\n".join(["Date;Customer no;Customer;Amount", *rows]))
    run = databases.runs_of(stored)[0]

    part = as_user(make.alice).get(f"/runs/{run.id}/progress", headers=htmx("runs-run"))

    assert said in flat(part)
